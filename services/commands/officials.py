"""What officials of the oversight body do from the command line."""

from pathlib import Path

import click

from services.commands.failures import told
from services.contracts.oversight.register import FormerKey, Role
from services.gateway.accreditor import accredit_operator as accredit_member
from services.gateway.accreditor import renew_author_key
from services.gateway.credentials import load
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


@click.command("accredit-operator")
@click.option("--as", "officials", required=True, type=FOLDER, help="Credentials of an accrediting official.")
@click.option("--of", "folder", required=True, type=FOLDER, help="Credentials of the new operator.")
@click.option(
    "--role", "roles", required=True, multiple=True, type=click.Choice([each.value for each in Role])
)
@click.option("--presentation", help="What present-operator printed; a supervisor needs it.")
@told
def accredit_operator(
    officials: Path, folder: Path, roles: tuple[str, ...], presentation: str | None
) -> None:
    """Accredit another operator of an organisation."""
    serial = accredit_member(
        Organisation.at(officials), load(folder), [Role(each) for each in roles], presentation=presentation
    )
    click.echo(f"accredited in edition {serial} of the register")
