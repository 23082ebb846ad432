"""What officials of the oversight body do from the command line."""

from pathlib import Path

import click

from consent.vocabulary import Body
from services.commands.failures import told
from services.commands.options import IdCommand, Said, text_of
from services.commands.supervisors import show
from services.contracts.oversight.register import FormerKey, Kind, Role
from services.gateway.accreditor import (
    ENTER,
    Applicant,
    apply,
    hand_in_report,
    propose_operator,
    read_public_register,
    read_report,
    renew_author_key,
)
from services.gateway.accreditor import receive_certificate as fetch_certificate
from services.gateway.credentials import load, save
from services.gateway.organisation import Organisation
from services.gateway.supervisor import propose

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


SUPERVISOR = "Credentials of a supervisor of the oversight body."
supervisor_option = click.option("--as", "supervisor", required=True, type=FOLDER, help=SUPERVISOR)
reason_option = click.option("--reason", required=True, type=Said())
role_option = click.option(
    "--role", "roles", required=True, multiple=True, type=click.Choice([each.value for each in Role])
)


@click.command("new-organisation")
@supervisor_option
@click.option("--id", "name", required=True, help="Its name in the register.")
@click.option("--name", "shown_name", required=True, help="Its name for people.")
@click.option("--kind", required=True, type=click.Choice([each.value for each in Kind]))
@role_option
@click.option("--days", default=365, show_default=True, type=click.IntRange(1, 825), help="Days of validity.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Write its credentials here.")
@reason_option
@told
def new_organisation(
    supervisor: Path,
    name: str,
    shown_name: str,
    *,
    kind: str,
    roles: tuple[str, ...],
    days: int,
    out: Path,
    reason: str,
) -> None:
    """Make an organisation's keys and propose it; when it is approved, go on with receive-certificate."""
    official = Organisation.at(supervisor)
    applicant = Applicant(name, shown_name, Kind(kind), [Role(each) for each in roles], days)
    application = apply(official, applicant)
    save(application.credentials, out)
    asked = application.entering.model_dump(mode="json")
    show(propose(official, Body.OVERSIGHT, ENTER, asked, reason=reason))


@click.command("receive-certificate", cls=IdCommand)
@supervisor_option
@click.option("--of", "folder", required=True, type=FOLDER, help="Credentials that new-organisation made.")
@click.argument("proposal")
@told
def receive_certificate(supervisor: Path, folder: Path, proposal: str) -> None:
    """Complete the credentials of an organisation that two officials entered."""
    fetch_certificate(Organisation.at(supervisor), folder, proposal)
    click.echo(f"credentials are complete: {folder}")


@click.command("renew-key")
@supervisor_option
@click.option("--of", "folder", required=True, type=FOLDER, help="Credentials of who gets a new signing key.")
@click.option(
    "--former",
    type=click.Choice([each.value for each in FormerKey]),
    default=FormerKey.KEPT.value,
    show_default=True,
    help="distrusted, if somebody else may have the present key: what it signed counts no more.",
)
@click.option("--reason", default="renewal", show_default=True)
@told
def renew_key(supervisor: Path, folder: Path, former: str, reason: str) -> None:
    """Propose another signing key of an organisation that writes; once approved, the same command puts it in place."""
    waiting = renew_author_key(Organisation.at(supervisor), folder, former=FormerKey(former), reason=reason)
    if waiting is None:
        click.echo(f"the new signing key is in place: {folder}")
    else:
        show(waiting)


@click.command("accredit-operator")
@supervisor_option
@click.option("--of", "folder", required=True, type=FOLDER, help="Credentials of the new operator.")
@role_option
@click.option("--presentation", help="What present-operator printed; a supervisor needs it.")
@reason_option
@told
def accredit_operator(
    supervisor: Path, folder: Path, roles: tuple[str, ...], *, presentation: str | None, reason: str
) -> None:
    """Propose another operator of an organisation."""
    chosen = [Role(each) for each in roles]
    official, operator = Organisation.at(supervisor), load(folder)
    show(propose_operator(official, operator, chosen, presentation=presentation, reason=reason))


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
    serial = hand_in_report(Organisation.at(folder), name, text_of(file))
    click.echo(f"received in edition {serial} of the register")


@click.command("read-report")
@click.option("--as", "officials", required=True, type=FOLDER, help="Credentials of an official.")
@click.option("--from", "organisation", required=True)
@click.option("--report", "name", required=True)
@told
def report(officials: Path, organisation: str, name: str) -> None:
    """Show a report that an organisation handed in."""
    click.echo(read_report(Organisation.at(officials), organisation, name).text)
