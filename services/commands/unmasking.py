"""Who acted for an organisation: the person asks, two officials decide; and the organisation's own part."""

from pathlib import Path

import click

from consent.vocabulary import Body
from services.commands.failures import told
from services.commands.options import IdCommand, Said
from services.commands.organisation import as_option
from services.commands.person import card_option, signed_in
from services.contracts.oversight.unmasking import MOST_COLLEAGUES, Tell, Unmasking
from services.gateway import unmasking as gateway
from services.gateway.credentials import name_operator, renew_staff_secret
from services.gateway.history import BODIES
from services.gateway.organisation import Organisation


@click.group()
def unmask() -> None:
    """Find out who acted in an entry of a history, by the oversight body."""


@unmask.command()
@card_option
@click.option(
    "--entry",
    required=True,
    help="BODY/NUMBER, or BODY/NUMBER/COLLEAGUE, as `sekisho unmask entries` shows it.",
)
@click.option("--why", required=True, help="Why it matters to you who it was; two officials read it.")
@told
def ask(card: Path, entry: str, why: str) -> None:
    """Ask who acted in an entry of your history."""
    body, number, colleague = (*entry.split("/"), "0")[:3]
    right = body in {each.value for each in BODIES} and number.isdecimal() and colleague.isdecimal()
    if entry.count("/") not in (1, 2) or not right or int(colleague) > MOST_COLLEAGUES:
        raise click.UsageError(f"--entry {entry!r}: write BODY/NUMBER, such as medical/12")
    asked = gateway.ask(signed_in(card), Body(body), int(number), why=why, colleague=int(colleague))
    _show(asked)


@unmask.command()
@card_option
@told
def entries(card: Path) -> None:
    """List the entries of your history in which it can be found out who acted, or who acted beside."""
    for each in gateway.askable(signed_in(card)):
        for colleague, staff in each.unmaskable:
            place = f"{each.body}/{each.index}" + (f"/{colleague}" if colleague else "")
            click.echo(f"{place}  {each.kind}  {each.organisation}  {staff}")


@unmask.command()
@card_option
@told
def show(card: Path) -> None:
    """Show what became of what you asked."""
    for each in gateway.own(signed_in(card)):
        _show(each)


@unmask.command()
@as_option
@told
def waiting(folder: Path) -> None:
    """As an official of the oversight body: list what waits for two of you."""
    for each in gateway.waiting(Organisation.at(folder)):
        _show(each)
        click.echo(f"    {each.why}")


@unmask.command(cls=IdCommand)
@as_option
@click.argument("case")
@click.option("--tell", type=click.Choice([each.value for each in Tell]), default=Tell.OUTCOME.value)
@click.option(
    "--opening",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Try this one (sekisho staff opening) in place of the sealed one.",
)
@click.option("--reason", required=True, type=Said(), help="Why; it is in the person's history.")
@told
def propose(folder: Path, case: str, tell: str, opening: Path | None, reason: str) -> None:
    """Propose to unmask; another official approves (sekisho approve --at oversight)."""
    claimed = None if opening is None else gateway.read_opening(opening)
    made = gateway.propose(Organisation.at(folder), case, tell=Tell(tell), opening=claimed, reason=reason)
    click.echo(f"proposal {made.id}: another official approves it (sekisho approve --at oversight)")


@unmask.command(cls=IdCommand)
@as_option
@click.argument("case")
@click.option("--comment", required=True, help="Why not; the person reads it.")
@told
def refuse(folder: Path, case: str, comment: str) -> None:
    """Propose to refuse; another official approves (sekisho approve --at oversight)."""
    made = gateway.propose_refusal(Organisation.at(folder), case, comment=comment)
    click.echo(f"proposal {made.id}: another official approves it (sekisho approve --at oversight)")


@click.group()
def staff() -> None:
    """How your organisation's operators are shown to people."""


@staff.command("name")
@as_option
@click.argument("name")
@told
def name_(folder: Path, name: str) -> None:
    """Say what this operator is called; only the oversight body reads it, when two officials unmask."""
    name_operator(folder, name)
    click.echo("named, in what is signed from now on")


@staff.command()
@click.option(
    "--as",
    "folders",
    required=True,
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
)
@told
def renew(folders: tuple[Path, ...]) -> None:
    """Give the operators of these folders other pseudonyms from now on; earlier entries can still be unmasked."""
    renew_staff_secret(folders)
    click.echo(f"{len(folders)} folders; pseudonyms are other ones from now on")


@staff.command()
@as_option
@click.argument("reference")
@told
def opening(folder: Path, reference: str) -> None:
    """Print what opens this operator's entries about REFERENCE, for officials who ask you."""
    click.echo(gateway.opening_for(Organisation.at(folder), reference).model_dump_json())


def _show(each: Unmasking) -> None:
    beside = f"/{each.colleague}" if each.colleague else ""
    parts = [each.case, f"{each.body}/{each.index}{beside}", each.organisation, each.state.value]
    click.echo("  ".join([*parts, *(text for text in (each.name, each.comment) if text)]))
