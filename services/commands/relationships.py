"""Who has to do with whom: registered by organisations; and how closely a person wants to be watched over."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from services.commands.failures import told
from services.commands.options import IdCommand, Said
from services.commands.organisation import as_option
from services.commands.person import card_option, signed_in
from services.contracts.medical.relationships import RegisteredRelationship, WatchChoice
from services.contracts.medical.uses import RelationshipKind
from services.gateway import relationships as gateway
from services.gateway.organisation import Organisation


@click.group()
def relationships() -> None:
    """Why your organisation has to do with people: what explains who reads their records."""


@relationships.command()
@as_option
@click.argument("reference")
@click.option("--kind", required=True, type=click.Choice([each.value for each in RelationshipKind]))
@click.option(
    "--with", "operators", multiple=True, type=Said(), help="A professional, by operator id; may be repeated."
)
@click.option(
    "--team", "teams", multiple=True, type=Said(), help="A ward or team, in your own words; may be repeated."
)
@click.option("--from", "start", type=click.DateTime(), help="Local time; by default now.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=1, show_default=True, help="How long from then."
)
@click.option("--surname", help="The patient's; only a keyed digest leaves this machine.")
@click.option("--address", help="The patient's; only a keyed digest leaves this machine.")
@told
def add(
    folder: Path,
    reference: str,
    *,
    kind: str,
    operators: tuple[str, ...],
    teams: tuple[str, ...],
    start: datetime | None,
    days: int,
    surname: str | None,
    address: str | None,
) -> None:
    """Register an appointment, a referral or the own team of the person whom you know as REFERENCE."""
    if not operators and not teams:
        raise click.UsageError("name somebody with --with, or a team with --team")
    own = Organisation.at(folder)
    try:
        begin = own.clock() if start is None else start.astimezone(UTC)
        until = begin + timedelta(days=days)
    except (OverflowError, ValueError) as error:
        raise click.UsageError("--from is out of range; name a day of these years") from error
    meant = gateway.Meant(RelationshipKind(kind), operators, teams, begin, until)
    name = gateway.register(own, reference, meant, surname=surname, address=address)
    click.echo(f"{name} registered; the person sees it")


@relationships.command("list")
@as_option
@click.argument("reference")
@told
def list_(folder: Path, reference: str) -> None:
    """Show what your organisation registered about a person."""
    found = gateway.registered(Organisation.at(folder), reference)
    for each in found:
        click.echo(_line(each))
    click.echo(f"{len(found)} relationships")


@relationships.command(cls=IdCommand)
@as_option
@click.argument("relationship")
@told
def end(folder: Path, relationship: str) -> None:
    """End a relationship now, for example at discharge."""
    click.echo(_line(gateway.end(Organisation.at(folder), relationship)))


@relationships.command()
@as_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@told
def staff(folder: Path, file: Path) -> None:
    """Say who belongs to which team, from a CSV file: operator, teams (with ; between), surname, address."""
    click.echo(f"{gateway.describe_staff(Organisation.at(folder), file)} of the staff are described")


@click.command()
@card_option
@click.argument("choice", required=False, type=click.Choice([each.value for each in WatchChoice]))
@click.option(
    "--explained", is_flag=True, help="List the newest reads that something explains, and what does."
)
@told
def watch(card: Path, choice: str | None, explained: bool) -> None:
    """Choose how closely use of your records is watched: closely, if people might be curious about you."""
    person = signed_in(card)
    if explained:
        for each in gateway.explained_reads(person):
            click.echo(f"medical/{each.entry}  {each.by.value}")
    elif choice is None:
        click.echo(gateway.chosen_watch(person).value)
    else:
        click.echo(f"{gateway.choose_watch(person, WatchChoice(choice)).value}, from now on")


def _line(each: RegisteredRelationship) -> str:
    start, until = (f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}" for at in (each.start, each.end))
    whom = ", ".join(each.operators) or f"{len(each.teams)} teams"
    return f"{each.id}  {each.kind.value} with {whom}, {start} to {until} UTC, by {each.by}"
