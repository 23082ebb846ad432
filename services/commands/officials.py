"""What officials of the oversight body do from the command line."""

from pathlib import Path

import click

from services.commands.failures import told
from services.contracts.oversight.register import FormerKey
from services.gateway.accreditor import renew_author_key
from services.gateway.organisation import Organisation

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command("renew-key")
@click.option("--as", "officials", required=True, type=FOLDER, help="Credentials of an accrediting official.")
@click.option("--of", "folder", required=True, type=FOLDER, help="Credentials of who gets a new signing key.")
@click.option(
    "--former",
    type=click.Choice([each.value for each in FormerKey]),
    default=FormerKey.KEPT.value,
    show_default=True,
    help="distrusted, if somebody else may have the present key: what it signed counts no more.",
)
@told
def renew_key(officials: Path, folder: Path, former: str) -> None:
    """Give an organisation that writes records another signing key; called again, it goes on where it stopped."""
    serial = renew_author_key(Organisation.at(officials), folder, former=FormerKey(former))
    said = "stays genuine" if former == FormerKey.KEPT.value else "counts no more"
    click.echo(f"new signing key in edition {serial} of the register; what the former one signed {said}")
