"""Permitting, refusing and taking back at the command line; every line in Japanese or English."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from consent.compartments import YearSpan
from consent.conditions import UNCONDITIONAL, Conditions, Frequency, FrequencyUnit, Onward
from consent.errors import ConsentError
from consent.identifiers import OperatorId, OrganisationId
from consent.recipients import Recipient
from consent.shown import Notice
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms
from consent.vocabulary import BasicItem, Category, ConfirmationReason, Purpose
from consent.words import ROLES, Word, terms_in_words
from services.commands.failures import told
from services.commands.options import gathered
from services.commands.person import card_option, signing
from services.gateway.wallet_actions import Permission, lay_down
from services.gateway.wallet_actions import permissions as fetch_permissions
from services.gateway.wallet_actions import withdraw as take_back

LANGUAGES: Final = ("ja", "en")
NOTICES: Final = {
    Effect.PERMIT: Word(
        "どの記録を、誰が、何のために、いつまで閲覧できるかは、コマンドに書いたとおりです。",
        "Who may read which records of which years, for what, and until when, as the command says.",
    ),
    Effect.DENY: Word(
        "どの記録を、誰に、何のために、いつまで見せないかは、コマンドに書いたとおりです。",
        "Who may not read which records of which years, for what, and until when, as the command says.",
    ),
}
TEXT_IDS: Final = {Effect.PERMIT: "cli-grant", Effect.DENY: "cli-refuse"}
REFUSING: Final = Word(
    "断っても診療などで不利になることはありません。", "Refusing changes nothing about your care."
)
ACCEPTED: Final = {
    Effect.PERMIT: Word(
        "許可しました。{0}機関が写しを保管しています: {1}", "permitted; {0} bodies hold a copy: {1}"
    ),
    Effect.DENY: Word(
        "拒否しました。{0}機関が写しを保管しています: {1}", "refused; {0} bodies hold a copy: {1}"
    ),
}
IN_FORCE, NOT_IN_FORCE = Word("有効", "in force"), Word("無効", "not in force")

language_option = click.option(
    "--language",
    default="en",
    show_default=True,
    type=click.Choice(LANGUAGES),
    help="Of the lines, and of the text that is agreed to.",
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the options lay down, but for effect, time and language."""

    recipient: Recipient
    scope: Scope
    purposes: frozenset[Purpose]
    days: int

    def terms(self, effect: Effect, conditions: Conditions, *, now: datetime, language: str) -> Terms:
        """P1: return the terms from now on."""
        notice = Notice.of_text(
            NOTICES[effect].of(language),
            text_id=TEXT_IDS[effect],
            version="1",
            language=language,
            refusal_meaning=REFUSING.of(language),
        )
        return Terms(
            recipient=self.recipient,
            effect=effect,
            purposes=self.purposes,
            scope=self.scope,
            valid_from=now,
            valid_until=now + timedelta(days=self.days),
            notice=notice,
            conditions=conditions,
        )


def usage(build: Callable[[], Recipient]) -> Recipient:
    """Return what is built. Raises: UsageError saying which words contradict each other."""
    try:
        return build()
    except ConsentError as error:
        raise click.UsageError(str(error)) from error


def _wish(
    *,
    organisation: str | None,
    role: str | None,
    professional: str | None,
    categories: tuple[str, ...],
    years: tuple[int, int] | None,
    items: tuple[str, ...],
    contract: str | None,
    reasons: tuple[str, ...],
    purposes: tuple[str, ...],
    days: int,
) -> Wish:
    if not purposes:
        raise click.UsageError("name at least one --purpose")
    if bool(categories) == bool(items):
        raise click.UsageError("name either --category (with --years) or --item")
    named = None if organisation is None else OrganisationId(organisation)
    one = None if professional is None else OperatorId(professional)
    scope = _basic(items, contract, reasons) if items else _records(categories, years)
    recipient = usage(lambda: Recipient(named, role, one))
    return Wish(recipient, scope, frozenset(map(Purpose, purposes)), days)


def _basic(items: tuple[str, ...], contract: str | None, reasons: tuple[str, ...]) -> BasicScope:
    return BasicScope(
        frozenset(map(BasicItem, items)), contract, frozenset(ConfirmationReason(each) for each in reasons)
    )


def _records(categories: tuple[str, ...], years: tuple[int, int] | None) -> RecordScope:
    if years is None:
        raise click.UsageError("--category needs --years FIRST LAST")
    return RecordScope(frozenset(map(Category, categories)), YearSpan(*years))


NARROWED: Final = (
    click.option("--role", type=click.Choice(list(ROLES)), help="Only who holds this role there."),
    click.option("--professional", help="Only this professional there, by id."),
    click.option(
        "--category", "categories", multiple=True, type=click.Choice([each.value for each in Category])
    ),
    click.option("--years", type=(int, int), help="First and last year of the records."),
    click.option("--item", "items", multiple=True, type=click.Choice([each.value for each in BasicItem])),
    click.option("--contract", help="With --item: the contract for which the items may be confirmed."),
    click.option(
        "--reason",
        "reasons",
        multiple=True,
        type=click.Choice([each.value for each in ConfirmationReason]),
        help="With --item: a reason of that contract for asking.",
    ),
    click.option(
        "--purpose",
        "purposes",
        multiple=True,
        type=click.Choice([each.value for each in Purpose]),
    ),
    click.option(
        "--days", default=365, show_default=True, type=click.IntRange(1, 3650), help="How long it holds."
    ),
)
TO: Final = click.option("--to", "organisation", help="The organisation's id in the register.")
EVERYBODY: Final = click.option(
    "--everybody", is_flag=True, help="In place of --to: nobody at all, or nobody of the --role anywhere."
)


def permitted_wish(**given: object) -> Wish:
    """Return what a permission lays down. Raises: UsageError."""
    if given["organisation"] is None:
        raise click.UsageError("name the organisation with --to")
    wish = _wish(**given)  # type: ignore[arg-type]  # click has checked each option's type
    scope = wish.scope
    if isinstance(scope, BasicScope) and (scope.contract is None or not scope.reasons):
        raise click.UsageError("--item needs --contract and at least one --reason")
    return wish


def refused_wish(*, everybody: bool, **given: object) -> Wish:
    """Return what a refusal lays down. Raises: UsageError."""
    if everybody is (given["organisation"] is not None):
        raise click.UsageError("name either --to or --everybody")
    return _wish(**given)  # type: ignore[arg-type]  # click has checked each option's type


def bound_to(*, times: str | None, onward: bool) -> Conditions:
    """Read `--times 2/day` and `--onward`. Raises: UsageError."""
    return Conditions(
        None if times is None else _frequency(times), Onward.ALLOWED if onward else Onward.FORBIDDEN
    )


def _frequency(text: str) -> Frequency:
    number, _, unit = text.partition("/")
    try:
        return Frequency(int(number), FrequencyUnit(unit))
    except (ValueError, ConsentError) as error:
        units = ", ".join(each.value for each in FrequencyUnit)
        raise click.UsageError(f"--times is written 2/day; the units are {units}; 1 to 1000") from error


BOUND: Final = (
    click.option("--times", metavar="N/UNIT", help="How often it may be used: 2/day, 10/month, ..."),
    click.option("--onward", is_flag=True, help="What was read may be passed on."),
)


@click.command()
@card_option
@gathered("wish", (TO, *NARROWED), permitted_wish)
@gathered("conditions", BOUND, bound_to)
@language_option
@told
def grant(card: Path, wish: Wish, conditions: Conditions, language: str) -> None:
    """Permit an organisation to read records (--category, --years) or to confirm basic items (--item)."""
    _lay_down(card, wish, Effect.PERMIT, conditions, language=language)


@click.command()
@card_option
@gathered("wish", (TO, EVERYBODY, *NARROWED), refused_wish)
@language_option
@told
def refuse(card: Path, wish: Wish, language: str) -> None:
    """Forbid an organisation, or everybody, to read records or to confirm basic items."""
    _lay_down(card, wish, Effect.DENY, UNCONDITIONAL, language=language)


def _lay_down(card: Path, wish: Wish, effect: Effect, conditions: Conditions, *, language: str) -> None:
    person = signing(card)
    terms = wish.terms(effect, conditions, now=person.clock(), language=language)
    permission = lay_down(person, terms)
    said = terms_in_words(permission.terms).of(language)
    click.echo(ACCEPTED[effect].of(language).format(len(permission.copies), said))


@click.command()
@card_option
@language_option
@told
def permissions(card: Path, language: str) -> None:
    """Show what you have permitted and refused; the numbers are those for `withdraw`."""
    person = signing(card)
    for number, each in enumerate(fetch_permissions(person), 1):
        state = IN_FORCE if each.active(person.clock()) else NOT_IN_FORCE
        click.echo(f"{number}. {state.of(language)}: {terms_in_words(each.terms).of(language)}")


@click.command()
@card_option
@click.argument("number", type=click.IntRange(1))
@told
def withdraw(card: Path, number: int) -> None:
    """Take back the permission with this number in `permissions`; in force when this returns."""
    person = signing(card)
    receipts = take_back(person, numbered(fetch_permissions(person), number))
    for body, kept in receipts.items():
        for receipt in kept:
            click.echo(
                f"{body.value}: {receipt.fragments_deleted} fragments deleted at {receipt.withdrawn_at}"
            )
    click.echo("withdrawn")


def numbered(found: list[Permission], number: int) -> Permission:
    """Return the permission of a number in `permissions`. Raises: UsageError."""
    if number > len(found):
        raise click.UsageError(f"there are {len(found)} permissions; see `sekisho permissions`")
    return found[number - 1]
