"""What a person wants to lay down, as options of a command say it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import click

from consent.compartments import YearSpan
from consent.conditions import Conditions, Frequency, FrequencyUnit, Onward
from consent.errors import ConsentError
from consent.identifiers import OperatorId, OrganisationId
from consent.recipients import Recipient
from consent.shown import PORTAL, Medium, MediumKind, Notice
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms
from consent.vocabulary import BasicItem, Category, ConfirmationReason, Purpose
from consent.words import ROLES, Word
from services.commands.record_options import PURPOSES, categories_option
from services.gateway.credentials import load
from services.gateway.fhir_consent_reading import read_consent

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
language_option = click.option(
    "--language",
    default="en",
    show_default=True,
    type=click.Choice(LANGUAGES),
    help="Of the lines, and of the text that is agreed to.",
)


@dataclass(frozen=True, slots=True)
class Screen:
    """In which language these commands ask, and whether alone, at a counter or on paper."""

    language: str
    medium: Medium = PORTAL

    def notice(self, effect: Effect) -> Notice:
        """P1: return the text that these commands show."""
        return Notice.of_text(
            NOTICES[effect].of(self.language),
            text_id=TEXT_IDS[effect],
            version="1",
            language=self.language,
            refusal_meaning=REFUSING.of(self.language),
            medium=self.medium,
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What the options lay down, but for effect, time and what was shown."""

    recipient: Recipient
    scope: Scope
    purposes: frozenset[Purpose]
    days: int

    def terms(self, effect: Effect, conditions: Conditions, *, now: datetime, screen: Screen) -> Terms:
        """P1: return the terms from now on."""
        return Terms(
            recipient=self.recipient,
            effect=effect,
            purposes=self.purposes,
            scope=self.scope,
            valid_from=now,
            valid_until=now + timedelta(days=self.days),
            notice=screen.notice(effect),
            conditions=conditions,
        )


@dataclass(frozen=True, slots=True)
class FromFhir:
    """What a FHIR Consent in a file lays down; what was shown is this command's text, not one that the file names."""

    file: Path

    def terms(self, _effect: Effect, _conditions: Conditions, *, now: datetime, screen: Screen) -> Terms:
        """Return the terms that the file says. Raises: FhirConsentError."""
        said = read_consent(self.file, notice=screen.notice(Effect.PERMIT))
        if said.valid_until <= now:
            raise click.UsageError("what the file lays down has ended")
        return replace(said, notice=screen.notice(said.effect))


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
    categories_option,
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
        type=PURPOSES,
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


FROM_FHIR: Final = click.option(
    "--from-fhir",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A FHIR R4 Consent that says all of it, in place of the other options.",
)
BOUND: Final = (
    click.option("--times", metavar="N/UNIT", help="How often it may be used: 2/day, 10/month, ..."),
    click.option("--onward", is_flag=True, help="What was read may be passed on."),
)


def granted_wish(*, from_fhir: Path | None, **given: object) -> Wish | FromFhir:
    """Return what a permission lays down, by options or by a file. Raises: UsageError."""
    if from_fhir is None:
        return permitted_wish(**given)
    if any(given[name] for name in ("organisation", "categories", "items", "purposes")):
        raise click.UsageError("--from-fhir says everything; leave the other options out")
    return FromFhir(from_fhir)


ASKED: Final = (
    click.option(
        "--at-counter",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Credentials of the operator who asked the person; else the person was alone.",
    ),
    click.option(
        "--paper",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Scan of the paper that the person signed; the operator took it (--at-counter).",
    ),
)


def asked_by(*, at_counter: Path | None, paper: Path | None) -> Medium:
    """Return how the person was asked. Raises: UsageError."""
    if at_counter is None:
        if paper is not None:
            raise click.UsageError("--paper needs --at-counter: an operator took it")
        return PORTAL
    operator = load(at_counter).operator
    if paper is None:
        return Medium(MediumKind.COUNTER, operator)
    return Medium.paper(operator, paper.read_bytes())
