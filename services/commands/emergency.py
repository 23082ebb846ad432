"""Emergencies at the command line."""

import time
from datetime import UTC, datetime
from pathlib import Path

import click

from consent import base64url
from consent.compartments import YearSpan
from consent.vocabulary import Category
from consent.words import Word, terms_in_words
from services.commands.failures import told
from services.commands.options import IdCommand, Said
from services.commands.organisation import as_option
from services.commands.person import card_option, signing
from services.commands.record_options import categories_option, some_years_option
from services.commands.wishes import language_option
from services.contracts.oversight.emergencies import ReviewOutcome
from services.gateway import emergencies as gateway
from services.gateway.emergency_choice import choose as choose_for
from services.gateway.emergency_relay import LARGE, UNOPENABLE, Relayed, relay_waiting
from services.gateway.organisation import Organisation
from services.gateway.relationships import review_use, use_reviews
from services.kit.http import PeerUnavailableError
from services.kit.parent import end_with
from services.kit.problems import UnavailableError

LEFT_OUT = {
    LARGE: "a large document needs the person's own permission, or a copy from its author",
    UNOPENABLE: "its author sealed it so that no key of the person opens it; ask the author for a copy",
}
CHOSEN = Word("選択を記録しました。以前の選択は取り消されました。", "chosen; an earlier choice is taken back")


@click.group()
def emergency() -> None:
    """Records in an emergency, when the person's card is not there."""


@emergency.command()
@card_option
@categories_option
@click.option("--years", type=(int, int), help="First and last year of the records; else ten each way.")
@click.option("--no", "refused", is_flag=True, help="Nobody may, in any emergency.")
@language_option
@told
def choose(
    card: Path, categories: tuple[str, ...], years: tuple[int, int] | None, refused: bool, language: str
) -> None:
    """Choose which of your records two professionals of a hospital may read in an emergency, or none (--no)."""
    if bool(categories) == refused:
        raise click.UsageError("name at least one --category, or say --no")
    span = None if years is None else YearSpan(*years)
    wanted = [Category(name) for name in categories]
    for each in choose_for(signing(card), wanted, years=span, language=language):
        click.echo(terms_in_words(each.terms).of(language))
    click.echo(CHOSEN.of(language))


@emergency.command("request")
@as_option
@click.argument("reference")
@categories_option
@some_years_option
@click.option("--reason", required=True, help="What happened to this patient, and what you must know.")
@told
def request_(
    folder: Path, reference: str, categories: tuple[str, ...], years: tuple[int, int], reason: str
) -> None:
    """Ask, as the first professional, for records of the patient whom your organisation knows as REFERENCE."""
    shown = gateway.declare(
        Organisation.at(folder),
        reference,
        categories=frozenset(Category(each) for each in categories),
        years=YearSpan(*years),
        reason=reason,
    )
    click.echo(f"case {shown.case}: a second professional signs within 15 minutes (sekisho emergency second)")


@emergency.command(cls=IdCommand)
@as_option
@click.argument("reference")
@click.argument("case")
@told
def second(folder: Path, reference: str, case: str) -> None:
    """Sign a colleague's request about the same patient; from then on it is in force, and the patient is told."""
    member = Organisation.at(folder)
    _, asked = gateway.look(member, case)
    click.echo(
        f"{asked.by.operator} asks for {', '.join(sorted(asked.selection.categories))}: {asked.reason}"
    )
    shown = gateway.second(member, reference, case)
    click.echo(f"in force until {datetime.fromtimestamp(shown.ends, UTC):%Y-%m-%d %H:%M} UTC")


@emergency.command("open", cls=IdCommand)
@as_option
@click.argument("case")
@told
def open_(folder: Path, case: str) -> None:
    """Show what the relay sealed to your organisation; on this screen only, and until the emergency ends."""
    records = gateway.open_emergency(Organisation.at(folder), case).records
    if records is None:
        click.echo("the relay has not answered yet; try again in a moment")
        return
    click.echo(records.marked)
    for each in records.documents:
        click.echo(f"{each.category} {each.year} by {each.author}, {each.media_type}:")
        click.echo(base64url.decode(each.content).decode(errors="replace"))
    for left in records.left_out:
        click.echo(
            f"{left.category} {left.year} by {left.author}: left out ({left.code}): {LEFT_OUT.get(left.code, '')}"
        )
    click.echo(f"{len(records.documents)} documents")


@emergency.command()
@as_option
@click.option("--seconds", default=1.0, show_default=True, help="Between two looks.")
@click.option("--once", is_flag=True, help="Look once and end.")
@click.option("--parent", type=int, hidden=True, help="End when this process ends.")
@told
def relay(folder: Path, seconds: float, once: bool, parent: int | None) -> None:
    """Run the emergency relay: read what two professionals declared, seal it to their hospital, forget it."""
    own = Organisation.at(folder)
    if parent is not None:
        end_with(parent)
    while True:
        try:
            for each in relay_waiting(own):
                click.echo(f"case {each.case}: {each.refused or _sealed(each)}")
        except (PeerUnavailableError, UnavailableError) as error:
            if once:
                raise
            click.echo(f"a body does not answer, trying again: {error}", err=True)
        if once:
            return
        time.sleep(seconds)


def _sealed(relayed: Relayed) -> str:
    left = f"; {relayed.left_out} large ones left out" if relayed.left_out else ""
    return f"{relayed.documents} documents sealed{left}"


@click.group()
def review() -> None:
    """Review of emergencies, and of use that stood out, by the oversight body."""


@review.command("list")
@as_option
@told
def list_(folder: Path) -> None:
    """Show what waits for a finding, first due first: emergencies, then use that stood out."""
    official = Organisation.at(folder)
    for each in gateway.reviews(official):
        due = f"{datetime.fromtimestamp(each.due, UTC):%Y-%m-%d %H:%M}"
        click.echo(f"{each.case} {each.organisation} ({', '.join(each.professionals)}): {each.reason}")
        click.echo(f"    {', '.join(each.categories)}; due {due} UTC{' OVERDUE' if each.overdue else ''}")
    for use in use_reviews(official):
        rules = ", ".join(f"{rule} {count}" for rule, count in sorted(use.rules.items()))
        due = f"{datetime.fromtimestamp(use.due, UTC):%Y-%m-%d %H:%M}"
        click.echo(f"{use.case} {use.organisation} ({use.operator}): {rules}")
        click.echo(
            f"    {use.accesses} times flagged, {use.people} people; due {due} UTC"
            f"{' OVERDUE' if use.overdue else ''}"
        )
        for share in use.each:
            click.echo(f"    {share.name}: {', '.join(share.rules)}")


@review.command(cls=IdCommand)
@as_option
@click.argument("case")
@click.argument("outcome", type=click.Choice([each.value for each in ReviewOutcome]))
@click.option("--comment", required=True, help="Why; the person reads it.")
@click.option(
    "--comment-for",
    "comments",
    type=(str, Said()),
    multiple=True,
    help="NAME TEXT: of use that stood out, this text in its place to one person of the case, as the list names them.",
)
@told
def decide(
    folder: Path, case: str, outcome: str, comment: str, comments: tuple[tuple[str, str], ...]
) -> None:
    """Decide whether it was justified, as an official who took no part in it; the person sees it."""
    official, found = Organisation.at(folder), ReviewOutcome(outcome)
    flagged = any(each.case == case for each in use_reviews(official))
    if flagged:
        done = review_use(official, case, found, comment=comment, comments=dict(comments))
    elif comments:
        raise click.UsageError("--comment-for: an emergency is about one person; give --comment alone")
    else:
        done = gateway.review(official, case, found, comment=comment)
    click.echo(f"{done.outcome.value}{', after its deadline' if done.late else ''}; the person is told")
