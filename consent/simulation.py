"""What would change if the person said or took back something: the decision itself, before and after, cell by cell.

A cell is one category and stretch of years (or one item, contract and reason), one purpose and one kind of reader. Only
cells that the changed directive speaks of are looked at: elsewhere no single question can be decided otherwise.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise, product
from typing import Final, TypeAlias

from consent.compartments import YearSpan
from consent.decision import AccessRequest, BasicRequest, HeldDirective, Permit, decide
from consent.directives import Directive, VerifiedDirective
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym
from consent.lifecycle import DirectiveState
from consent.recipients import Reader, Recipient
from consent.terms import BasicScope, RecordScope, Scope, Terms
from consent.vocabulary import BasicItem, Body, Category, ConfirmationReason, Purpose
from consent.words import PURPOSES, Word, listed, what, whom

Roles: TypeAlias = Callable[[OrganisationId, OperatorId], frozenset[str]]
NOBODY: Final = OperatorId("somebody whom no directive names")
SIMULATED: Final = DirectiveId("simulated")


class Shift(StrEnum):
    """Whether somebody gains or loses."""

    GAINS = "gains"
    LOSES = "loses"


@dataclass(frozen=True, slots=True)
class Difference:
    """Somebody could read something, or no longer; `who` is narrower than an organisation where only some are."""

    who: Recipient
    shift: Shift
    purposes: frozenset[Purpose]
    scope: Scope


@dataclass(frozen=True, slots=True)
class _Cell:
    purpose: Purpose
    scope: Scope


def simulate_laying_down(
    held: Sequence[HeldDirective], terms: Terms, *, roles: Roles, now: datetime
) -> list[Difference]:
    """Return who would gain or lose what if these terms were laid down; from the moment when they begin to hold."""
    made = Directive(SIMULATED, Body.MEDICAL, Pseudonym(""), terms, now)
    new = HeldDirective(VerifiedDirective(made, ""), DirectiveState.ACTIVE)
    return _differences(held, [*held, new], terms, roles=roles, now=max(now, terms.valid_from))


def simulate_withdrawal(
    held: Sequence[HeldDirective], directive: DirectiveId, *, roles: Roles, now: datetime
) -> list[Difference]:
    """Return who would gain or lose what if the directive were withdrawn; nothing if there is none of that id."""
    after = [replace(each, state=DirectiveState.WITHDRAWN) if each.id == directive else each for each in held]
    terms = next((each.terms for each in held if each.id == directive), None)
    return [] if terms is None else _differences(held, after, terms, roles=roles, now=now)


def difference_in_words(difference: Difference) -> Word:
    """Say a difference in one line."""
    person, scope = whom(difference.who), what(difference.scope)
    why = listed(difference.purposes, PURPOSES)
    if difference.shift is Shift.GAINS:
        return Word(
            f"＋ {person.ja}は{scope.ja}を{why.ja}のために見られるようになります",
            f"+ {person.en} gains {scope.en}, for {why.en}",
        )
    return Word(
        f"－ {person.ja}は{scope.ja}を{why.ja}のために見られなくなります",
        f"- {person.en} loses {scope.en}, for {why.en}",
    )


def _differences(
    before: Sequence[HeldDirective],
    after: Sequence[HeldDirective],
    terms: Terms,
    *,
    roles: Roles,
    now: datetime,
) -> list[Difference]:
    found: list[Difference] = []
    for organisation in _organisations(after, terms):
        near_before, near_after = (_near(each, organisation) for each in (before, after))
        cells = list(_cells(near_after, terms))
        whole: Mapping[_Cell, Shift] | None = None
        for who, reader in _readers(near_after, organisation, roles):
            changed: dict[_Cell, Shift] = {}
            for cell in cells:
                was, will = (_permitted(each, cell, reader, now) for each in (near_before, near_after))
                if was is not will:
                    changed[cell] = Shift.GAINS if will else Shift.LOSES
            if whole is None:  # everybody there, told once and not again of each role
                whole, own = changed, changed
            else:
                own = {cell: shift for cell, shift in changed.items() if whole.get(cell) is not shift}
            found += _joined(who, own)
    return found


def _organisations(directives: Iterable[HeldDirective], terms: Terms) -> list[OrganisationId]:
    if terms.recipient.organisation is not None:
        return [terms.recipient.organisation]
    named = {each.terms.recipient.organisation for each in directives}
    return sorted(each for each in named if each is not None)


def _near(directives: Iterable[HeldDirective], organisation: OrganisationId) -> list[HeldDirective]:
    return [each for each in directives if each.terms.recipient.organisation in (None, organisation)]


def _readers(
    directives: Iterable[HeldDirective], organisation: OrganisationId, roles: Roles
) -> Iterator[tuple[Recipient, Reader]]:
    """Everybody there whom no directive names, first; then each role and each professional that one names."""
    yield Recipient(organisation), Reader(organisation, NOBODY, frozenset())
    named = [each.terms.recipient for each in directives]
    for role in sorted({each.role for each in named if each.role is not None}):
        yield Recipient(organisation, role), Reader(organisation, NOBODY, frozenset({role}))
    for one in sorted({each.professional for each in named if each.professional is not None}):
        reader = Reader(organisation, one, roles(organisation, one))
        yield Recipient(organisation, professional=one), reader


def _cells(directives: Sequence[HeldDirective], terms: Terms) -> Iterator[_Cell]:
    scopes = _parts(terms.scope, [each.terms.scope for each in directives])
    for scope, purpose in product(scopes, sorted(terms.purposes)):
        yield _Cell(purpose, scope)


def _parts(scope: Scope, others: Sequence[Scope]) -> list[Scope]:
    match scope:
        case RecordScope(categories=categories, years=years):
            stretches = list(
                _stretches(years, [each.years for each in others if isinstance(each, RecordScope)])
            )
            return [
                RecordScope(frozenset({category}), stretch)
                for category, stretch in product(sorted(categories), stretches)
            ]
        case BasicScope(items=items, contract=contract, reasons=reasons):
            named = {each.contract for each in others if isinstance(each, BasicScope)}
            contracts = sorted(each for each in named if each is not None) if contract is None else [contract]
            listed_reasons = sorted(reasons or ConfirmationReason)
            return [
                BasicScope(frozenset({item}), each, frozenset({reason}))
                for item, each, reason in product(sorted(items), contracts, listed_reasons)
            ]


def _stretches(years: YearSpan, others: Iterable[YearSpan]) -> Iterator[YearSpan]:
    """Cut a span where any other begins or ends: within a stretch no year is decided otherwise than the next."""
    cuts = {years.first, years.last + 1}
    for each in others:
        cuts |= {cut for cut in (each.first, each.last + 1) if years.first < cut <= years.last}
    for first, end in pairwise(sorted(cuts)):
        yield YearSpan(first, end - 1)


def _permitted(directives: Sequence[HeldDirective], cell: _Cell, reader: Reader, now: datetime) -> bool:
    match cell.scope:
        case RecordScope(categories=categories, years=years):
            records = AccessRequest(reader, categories, years, cell.purpose, now)
            return isinstance(decide(records, directives), Permit)
        case BasicScope(items=items, contract=contract, reasons=reasons):
            (reason,) = reasons
            basic = BasicRequest(reader, items, cell.purpose, contract or "", reason, now)
            return isinstance(decide(basic, directives), Permit)


def _joined(who: Recipient, changed: Mapping[_Cell, Shift]) -> list[Difference]:
    """Join cells to as few lines as say the same: categories or items first, then years or reasons, then purposes."""
    by_purpose: dict[tuple[Shift, Purpose], list[Scope]] = defaultdict(list)
    for cell, shift in changed.items():
        by_purpose[shift, cell.purpose].append(cell.scope)
    lines: dict[tuple[Shift, Scope], set[Purpose]] = defaultdict(set)
    for (shift, purpose), scopes in by_purpose.items():
        joined: list[Scope] = [*_join_records(scopes), *_join_items(scopes)]
        for scope in joined:
            lines[shift, scope].add(purpose)
    return [Difference(who, shift, frozenset(purposes), scope) for (shift, scope), purposes in lines.items()]


def _join_records(scopes: Iterable[Scope]) -> list[RecordScope]:
    at: dict[YearSpan, frozenset[Category]] = defaultdict(frozenset)
    for each in scopes:
        if isinstance(each, RecordScope):
            at[each.years] |= each.categories
    joined: list[RecordScope] = []
    for years, categories in sorted(at.items()):
        last = joined[-1] if joined else None
        if last is not None and last.categories == categories and last.years.last + 1 == years.first:
            joined[-1] = RecordScope(last.categories, YearSpan(last.years.first, years.last))
        else:
            joined.append(RecordScope(categories, years))
    return joined


def _join_items(scopes: Iterable[Scope]) -> list[BasicScope]:
    at: dict[tuple[str | None, frozenset[BasicItem]], set[ConfirmationReason]] = defaultdict(set)
    for each in scopes:
        if isinstance(each, BasicScope):
            at[each.contract, each.items] |= each.reasons
    same: dict[tuple[str | None, frozenset[ConfirmationReason]], frozenset[BasicItem]] = defaultdict(
        frozenset
    )
    for (contract, items), reasons in at.items():
        same[contract, frozenset(reasons)] |= items
    return [BasicScope(items, contract, reasons) for (contract, reasons), items in same.items()]
