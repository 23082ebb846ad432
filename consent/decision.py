"""The decision: one pure function from the person's directives to a permit or a refusal.

The rule. A permit must cover the whole request alone. It loses to every refusal by the person that
touches the request, unless the permit is strictly more specific (its purposes, categories and years
are contained in the refusal's, and are not the same). Nothing said means no.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from consent.compartments import YearSpan
from consent.directives import VerifiedDirective
from consent.errors import MalformedError
from consent.explanations import PERMITTED, Explanation, RefusalCode, explain
from consent.identifiers import DirectiveId, OrganisationId
from consent.lifecycle import DirectiveState
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms
from consent.vocabulary import BasicItem, Category, ConfirmationReason, Purpose

__all__ = [
    "AccessRequest",
    "BasicRequest",
    "Decision",
    "Explanation",
    "HeldDirective",
    "Permit",
    "Refusal",
    "RefusalCode",
    "decide",
    "explain",
]


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A recipient's wish to read records. Raises: MalformedError if it names no category."""

    recipient: OrganisationId
    categories: frozenset[Category]
    years: YearSpan
    purpose: Purpose
    now: datetime

    def __post_init__(self) -> None:
        if not self.categories:
            raise MalformedError("Name at least one category.")


@dataclass(frozen=True, slots=True)
class BasicRequest:
    """A recipient's wish to learn or confirm basic items, by which contract and why now.

    Raises: MalformedError if it names no item.
    """

    recipient: OrganisationId
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
    """A verified directive with the state that the deciding body keeps for it."""

    verified: VerifiedDirective
    state: DirectiveState

    @property
    def terms(self) -> Terms:
        """What the person laid down."""
        return self.verified.directive.terms


@dataclass(frozen=True, slots=True)
class Permit:
    """Yes, on the ground of this one directive."""

    directive_id: DirectiveId
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Refusal:
    """No, with the code that explains best."""

    code: RefusalCode
    explanation: Explanation


Decision: TypeAlias = Permit | Refusal
Request: TypeAlias = AccessRequest | BasicRequest

# What is reported when several things stand in the way of the nearest permission.
_PRECEDENCE: Final = (
    RefusalCode.WITHDRAWN,
    RefusalCode.EXPIRED,
    RefusalCode.NOT_YET_VALID,
    RefusalCode.OTHER_PURPOSE,
    RefusalCode.OTHER_CONTRACT,
    RefusalCode.REASON_NOT_COVERED,
    RefusalCode.OTHER_CATEGORY,
    RefusalCode.OTHER_PERIOD,
)


def decide(request: Request, directives: Sequence[HeldDirective]) -> Decision:
    """R4: decide a request on the directives that one body holds about one person.

    Guarantees: a permit covers every category, year and item of the request; adding a refusal by the
    person never turns a no into a yes. Directives for other recipients are as if they were not there,
    so a refusal tells nobody what others may do.
    """
    own = [held for held in directives if _addresses(held.terms, request)]
    denials = [held.terms for held in own if _denies(held, request)]
    permits = [held for held in own if held.terms.effect is Effect.PERMIT]
    judged = [(held.verified.directive.id, held.terms, _obstacles(held, request)) for held in permits]
    for directive_id, terms, obstacles in sorted(judged, key=lambda entry: entry[0]):
        if not obstacles and all(_more_specific(terms, denial) for denial in denials):
            return Permit(directive_id, PERMITTED)
    if denials:
        return _refuse(RefusalCode.DENIED_BY_PERSON)
    return _refuse(_best(obstacles for _, _, obstacles in judged))


def _refuse(code: RefusalCode) -> Refusal:
    return Refusal(code, explain(code))


def _addresses(terms: Terms, request: Request) -> bool:
    kind = RecordScope if isinstance(request, AccessRequest) else BasicScope
    return terms.recipient == request.recipient and isinstance(terms.scope, kind)


def _timing(held: HeldDirective, now: datetime) -> list[RefusalCode]:
    if held.state is DirectiveState.WITHDRAWN:
        return [RefusalCode.WITHDRAWN]
    if held.state is DirectiveState.EXPIRED or now >= held.terms.valid_until:
        return [RefusalCode.EXPIRED]
    # A permission that is received but not yet in force (its fragments are not verified) opens nothing.
    # A refusal needs no fragments: it counts from the moment it is received.
    waiting = held.state is DirectiveState.RECEIVED and held.terms.effect is Effect.PERMIT
    return [RefusalCode.NOT_YET_VALID] if waiting or now < held.terms.valid_from else []


def _obstacles(held: HeldDirective, request: Request) -> list[RefusalCode]:
    found = _timing(held, request.now)
    if request.purpose not in held.terms.purposes:
        found.append(RefusalCode.OTHER_PURPOSE)
    wanted, scope = _wanted(request), held.terms.scope
    if isinstance(wanted, RecordScope) and isinstance(scope, RecordScope):
        if not wanted.categories <= scope.categories:
            found.append(RefusalCode.OTHER_CATEGORY)
        if not wanted.years.within(scope.years):
            found.append(RefusalCode.OTHER_PERIOD)
    elif isinstance(wanted, BasicScope) and isinstance(scope, BasicScope):
        if wanted.contract != scope.contract:
            found.append(RefusalCode.OTHER_CONTRACT)
        if not wanted.reasons <= scope.reasons:
            found.append(RefusalCode.REASON_NOT_COVERED)
        if not wanted.items <= scope.items:
            found.append(RefusalCode.OTHER_CATEGORY)
    return found


def _denies(held: HeldDirective, request: Request) -> bool:
    if held.terms.effect is Effect.PERMIT or request.purpose not in held.terms.purposes:
        return False
    return not _timing(held, request.now) and _overlap(_wanted(request), held.terms.scope)


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


def _more_specific(permit: Terms, denial: Terms) -> bool:
    return _contained(permit, denial) and not _contained(denial, permit)


def _contained(inner: Terms, outer: Terms) -> bool:
    return inner.purposes <= outer.purposes and _within(inner.scope, outer.scope)


def _best(obstacles: Iterable[list[RefusalCode]]) -> RefusalCode:
    nearest = min(obstacles, key=lambda found: (len(found), _PRECEDENCE.index(found[0])), default=None)
    return RefusalCode.NO_PERMISSION if nearest is None else min(nearest, key=_PRECEDENCE.index)
