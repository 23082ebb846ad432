"""The decision: one pure function from the person's directives to a permit or a refusal.

The rule. A permit must cover the whole request alone, and have uses left. It loses to every refusal by
the person that touches the request, unless the permit is strictly more specific (its recipient, purposes, categories
and years are contained in the refusal's, and are not the same). Nothing said means no.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from consent.compartments import YearSpan
from consent.conditions import Onward
from consent.directives import VerifiedDirective
from consent.errors import MalformedError
from consent.explanations import PERMITTED, Explanation, RefusalCode, explain
from consent.identifiers import DirectiveId
from consent.lifecycle import DirectiveState
from consent.recipients import Reader
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms
from consent.vocabulary import BasicItem, Category, ConfirmationReason, Purpose

__all__ = [
    "AccessRequest",
    "BasicRequest",
    "Decision",
    "Explanation",
    "HeldDirective",
    "Obligation",
    "Permit",
    "Refusal",
    "RefusalCode",
    "decide",
    "explain",
    "more_specific",
]


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A reader's wish to read records. Raises: MalformedError if it names no category."""

    reader: Reader
    categories: frozenset[Category]
    years: YearSpan
    purpose: Purpose
    now: datetime

    def __post_init__(self) -> None:
        if not self.categories:
            raise MalformedError("Name at least one category.")


@dataclass(frozen=True, slots=True)
class BasicRequest:
    """A reader's wish to learn or confirm basic items, by which contract and why now.

    Raises: MalformedError if it names no item.
    """

    reader: Reader
    items: frozenset[BasicItem]
    purpose: Purpose
    contract: str
    reason: ConfirmationReason
    now: datetime

    def __post_init__(self) -> None:
        if not self.items:
            raise MalformedError("Name at least one basic item.")


@dataclass(frozen=True, slots=True)
class HeldDirective:
    """A verified directive with what the deciding body keeps for it: its state, and when it was used.

    Shape: `uses` at least those within the span that a condition of the directive counts; else empty.
    """

    verified: VerifiedDirective
    state: DirectiveState
    uses: tuple[datetime, ...] = ()

    @property
    def id(self) -> DirectiveId:
        """The body's id of it."""
        return self.verified.directive.id

    @property
    def terms(self) -> Terms:
        """What the person laid down."""
        return self.verified.directive.terms


class Obligation(StrEnum):
    """What a reader has to do, or to leave, with what it was permitted."""

    NO_ONWARD_SHARING = "no_onward_sharing"


@dataclass(frozen=True, slots=True)
class Permit:
    """Yes, on the ground of this one directive, and what it binds the reader to."""

    directive_id: DirectiveId
    explanation: Explanation
    obligations: tuple[Obligation, ...] = (Obligation.NO_ONWARD_SHARING,)


@dataclass(frozen=True, slots=True)
class Refusal:
    """No, with the code that explains best.

    Shape: `directive_id` the refusal by the person, or the permission that came nearest, if there is one;
    `missing` everything that this permission lacks, most telling first.
    """

    code: RefusalCode
    explanation: Explanation
    directive_id: DirectiveId | None = None
    missing: tuple[RefusalCode, ...] = ()


Decision: TypeAlias = Permit | Refusal
Request: TypeAlias = AccessRequest | BasicRequest

# What is reported when several things stand in the way of the nearest permission.
_PRECEDENCE: Final = (
    RefusalCode.WITHDRAWN,
    RefusalCode.EXPIRED,
    RefusalCode.NOT_YET_VALID,
    RefusalCode.OTHER_PROFESSIONAL,
    RefusalCode.OTHER_PURPOSE,
    RefusalCode.OTHER_CONTRACT,
    RefusalCode.REASON_NOT_COVERED,
    RefusalCode.OTHER_CATEGORY,
    RefusalCode.OTHER_PERIOD,
    RefusalCode.FREQUENCY_USED_UP,
)
_RANK: Final = {code: rank for rank, code in enumerate(_PRECEDENCE)}


def decide(request: Request, directives: Sequence[HeldDirective]) -> Decision:
    """R4: decide a request on the directives that one body holds about one person.

    Guarantees: a permit covers every category, year and item of the request; adding a refusal by the
    person never turns a no into a yes. Directives for other recipients are as if they were not there,
    so a refusal tells nobody what others may do.
    """
    wanted = _wanted(request)
    own = sorted((held for held in directives if _speaks_of(held.terms, request)), key=lambda held: held.id)
    denials = [held for held in own if _denies(held, request, wanted)]
    permits = [held for held in own if held.terms.effect is Effect.PERMIT]
    for held in permits:
        if next(_obstacles(held, request, wanted), None) is None and all(
            more_specific(held.terms, denial.terms) for denial in denials
        ):
            return Permit(held.id, PERMITTED, _obligations(held.terms))
    if denials:
        code = RefusalCode.DENIED_BY_PERSON
        return Refusal(code, explain(code), denials[0].id, (code,))
    return _nearest(permits, request, wanted)


def _nearest(permits: Sequence[HeldDirective], request: Request, wanted: Scope) -> Refusal:
    nearest: tuple[int, list[int], HeldDirective] | None = None
    for held in permits:
        ranks = sorted(_RANK[code] for code in _obstacles(held, request, wanted))
        if nearest is None or (len(ranks), ranks[0]) < (nearest[0], nearest[1][0]):
            nearest = (len(ranks), ranks, held)
            if ranks == [0]:
                break  # nothing is nearer than one obstacle, the most telling
    if nearest is None:
        return Refusal(RefusalCode.NO_PERMISSION, explain(RefusalCode.NO_PERMISSION))
    missing = tuple(_PRECEDENCE[rank] for rank in nearest[1])
    return Refusal(missing[0], explain(missing[0]), nearest[2].id, missing)


def _obligations(terms: Terms) -> tuple[Obligation, ...]:
    return () if terms.conditions.onward is Onward.ALLOWED else (Obligation.NO_ONWARD_SHARING,)


def _speaks_of(terms: Terms, request: Request) -> bool:
    """Whether the directive is about this organisation and this kind of data; narrower words are judged later."""
    kind = RecordScope if isinstance(request, AccessRequest) else BasicScope
    return terms.recipient.organisation in (None, request.reader.organisation) and isinstance(
        terms.scope, kind
    )


def _timing(held: HeldDirective, now: datetime) -> RefusalCode | None:
    state, terms = held.state, held.terms
    if state is DirectiveState.WITHDRAWN:
        return RefusalCode.WITHDRAWN
    if state in (DirectiveState.EXPIRED, DirectiveState.LAPSED) or now >= terms.valid_until:
        return RefusalCode.EXPIRED
    # A permission that is received but not yet in force (its fragments are not verified) opens nothing.
    # A refusal needs no fragments: it counts from the moment it is received.
    waiting = state is DirectiveState.RECEIVED and terms.effect is Effect.PERMIT
    return RefusalCode.NOT_YET_VALID if waiting or now < terms.valid_from else None


def _obstacles(held: HeldDirective, request: Request, wanted: Scope) -> Iterator[RefusalCode]:
    terms = held.terms
    timing = _timing(held, request.now)
    if timing is not None:
        yield timing
    if not terms.recipient.addresses(request.reader):
        yield RefusalCode.OTHER_PROFESSIONAL
    if request.purpose not in terms.purposes:
        yield RefusalCode.OTHER_PURPOSE
    yield from _beyond(wanted, terms.scope)
    frequency = terms.conditions.frequency
    if frequency is not None and frequency.used_up(held.uses, now=request.now):
        yield RefusalCode.FREQUENCY_USED_UP


def _beyond(wanted: Scope, scope: Scope) -> Iterator[RefusalCode]:
    if isinstance(wanted, RecordScope) and isinstance(scope, RecordScope):
        if not wanted.categories <= scope.categories:
            yield RefusalCode.OTHER_CATEGORY
        if not wanted.years.within(scope.years):
            yield RefusalCode.OTHER_PERIOD
    elif isinstance(wanted, BasicScope) and isinstance(scope, BasicScope):
        if wanted.contract != scope.contract:
            yield RefusalCode.OTHER_CONTRACT
        if not wanted.reasons <= scope.reasons:
            yield RefusalCode.REASON_NOT_COVERED
        if not wanted.items <= scope.items:
            yield RefusalCode.OTHER_CATEGORY


def _denies(held: HeldDirective, request: Request, wanted: Scope) -> bool:
    terms = held.terms
    if terms.effect is Effect.PERMIT or request.purpose not in terms.purposes:
        return False
    if not terms.recipient.addresses(request.reader):
        return False
    return _timing(held, request.now) is None and _overlap(wanted, terms.scope)


def _wanted(request: Request) -> Scope:
    if isinstance(request, AccessRequest):
        return RecordScope(request.categories, request.years)
    return BasicScope(request.items, request.contract, frozenset({request.reason}))


def _overlap(one: Scope, other: Scope) -> bool:
    if isinstance(one, RecordScope) and isinstance(other, RecordScope):
        return bool(one.categories & other.categories) and one.years.overlaps(other.years)
    if not isinstance(one, BasicScope) or not isinstance(other, BasicScope):
        return False
    same = other.contract in (None, one.contract)
    return same and bool(one.items & other.items) and bool(one.reasons & _reasons(other))


def _reasons(scope: BasicScope) -> frozenset[ConfirmationReason]:
    # of a refusal, which refuses all where it names none; a permission that names none never comes so far
    return scope.reasons or frozenset(ConfirmationReason)


def _within(inner: Scope, outer: Scope) -> bool:
    if isinstance(inner, RecordScope) and isinstance(outer, RecordScope):
        return inner.categories <= outer.categories and inner.years.within(outer.years)
    if not isinstance(inner, BasicScope) or not isinstance(outer, BasicScope):
        return False
    same = outer.contract in (None, inner.contract)
    return same and inner.items <= outer.items and _reasons(inner) <= _reasons(outer)


def more_specific(permit: Terms, denial: Terms) -> bool:
    """Whether a permission holds against a refusal: it is contained in it, and not the same."""
    return _contained(permit, denial) and not _contained(denial, permit)


def _contained(inner: Terms, outer: Terms) -> bool:
    within = inner.recipient.within(outer.recipient) and inner.purposes <= outer.purposes
    return within and _within(inner.scope, outer.scope)
