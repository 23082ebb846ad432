"""What officials of the oversight body do from the command line."""

from pathlib import Path

import click

from services.commands.failures import told
from services.contracts.oversight.register import FormerKey, Role
from services.gateway.accreditor import accredit_operator as accredit_member
from services.gateway.accreditor import hand_in_report, read_public_register, read_report, renew_author_key
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


@click.command("register")
@click.option("--as", "folder", required=True, type=FOLDER, help="Credentials of anybody accredited.")
@told
def register(folder: Path) -> None:
    """Show who is accredited, on what terms, with which sanctions and reports due: what everybody may read."""
    shown = read_public_register(Organisation.at(folder))
    for each in shown.organisations:
        state = "revoked" if each.revoked else "in force" if each.active else "suspended"
        operators = ", ".join(f"{count} {role.value}" for role, count in each.operators.items())
        click.echo(f"{each.id:20} {each.kind.value:14} {state:10} {operators}")
        for body in each.withheld:
            click.echo(f"    not served by {body.value}")
        for sanction in each.sanctions:
            click.echo(f"    {sanction.measure.value} of {sanction.decided_on}: {sanction.grounds}")
        for report in each.reports:
            click.echo(f"    report {report.id} {'received' if report.received else 'due'}: {report.about}")
    click.echo(f"edition {shown.serial}, {len(shown.organisations)} organisations, signature verified")


@click.command("hand-in-report")
@click.option("--as", "folder", required=True, type=FOLDER, help="Credentials of who owes the report.")
@click.option("--report", "name", required=True, help="Its name in the register.")
@click.option("--file", "file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@told
def hand_in(folder: Path, name: str, file: Path) -> None:
    """Hand in a report that the oversight body demanded."""
    serial = hand_in_report(Organisation.at(folder), name, file.read_text(encoding="utf-8"))
    click.echo(f"received in edition {serial} of the register")


@click.command("read-report")
@click.option("--as", "officials", required=True, type=FOLDER, help="Credentials of an official.")
@click.option("--from", "organisation", required=True)
@click.option("--report", "name", required=True)
@told
def report(officials: Path, organisation: str, name: str) -> None:
    """Show a report that an organisation handed in."""
    click.echo(read_report(Organisation.at(officials), organisation, name).text)
