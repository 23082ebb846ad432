"""What a person lays down in a directive: for whom, what, for which purposes, how long, shown which text."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from consent.canonical import JsonObject
from consent.compartments import Compartment, YearSpan
from consent.conditions import UNCONDITIONAL, Conditions, ConditionsWire, conditions_payload
from consent.errors import MalformedError, PeriodError
from consent.identifiers import OperatorId, OrganisationId
from consent.instants import whole_second, write
from consent.purposes import named
from consent.recipients import Recipient
from consent.shown import Notice, NoticeWire, notice_payload
from consent.vocabulary import BasicItem, Category, ConfirmationReason, Purpose
from consent.wire import ContractName, Identifier, Instant, WireModel


class Effect(StrEnum):
    """Whether a directive allows or forbids."""

    PERMIT = "permit"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class RecordScope:
    """Records of some categories over a span of years.

    Raises: MalformedError if no category is named.
    """

    categories: frozenset[Category]
    years: YearSpan

    def __post_init__(self) -> None:
        if not self.categories:
            raise MalformedError("Name at least one category.")

    def covers(self, compartment: Compartment) -> bool:
        """Whether the compartment is inside the scope; its version does not matter."""
        return compartment.category in self.categories and compartment.year in self.years


@dataclass(frozen=True, slots=True)
class BasicScope:
    """Basic items of the resident registry, for one contract and for the reasons that it provides for.

    A permission without a contract or without a reason permits nothing; a refusal without them refuses all of them.
    Raises: MalformedError if no item is named.
    """

    items: frozenset[BasicItem]
    contract: str | None = None
    reasons: frozenset[ConfirmationReason] = frozenset()

    def __post_init__(self) -> None:
        if not self.items:
            raise MalformedError("Name at least one basic item.")

    def covers(self, _compartment: Compartment) -> bool:
        """Never: basic items are not sealed records."""
        return False


Scope: TypeAlias = RecordScope | BasicScope


@dataclass(frozen=True, slots=True)
class Terms:
    """The part of a directive that is the same in every body's copy.

    Units: `valid_from` included, `valid_until` excluded; rounded down to whole seconds, UTC.
    Raises: MalformedError if no purpose is named or the period is empty, for a permission that names no organisation
    (keys are made for one), and for a refusal with conditions.
    """

    recipient: Recipient
    effect: Effect
    purposes: frozenset[Purpose]
    scope: Scope
    valid_from: datetime
    valid_until: datetime
    notice: Notice
    conditions: Conditions = UNCONDITIONAL

    def __post_init__(self) -> None:
        object.__setattr__(self, "valid_from", whole_second(self.valid_from))
        object.__setattr__(self, "valid_until", whole_second(self.valid_until))
        if not self.purposes:
            raise MalformedError("Name at least one purpose.")
        if self.valid_from >= self.valid_until:
            raise PeriodError("The end of a directive must be after its beginning.")
        if self.effect is Effect.PERMIT and self.recipient.organisation is None:
            raise MalformedError("A permission names the organisation that it is for.")
        if self.effect is Effect.DENY and self.conditions != UNCONDITIONAL:
            raise MalformedError("A refusal has no conditions.")


def years_payload(years: YearSpan) -> JsonObject:
    """Write a span of years."""
    return {"first": years.first, "last": years.last}


def scope_payload(scope: Scope) -> JsonObject:
    """Write a scope; sets are written sorted."""
    if isinstance(scope, BasicScope):
        contract: JsonObject = {} if scope.contract is None else {"contract": scope.contract}
        reasons: JsonObject = {"reasons": sorted(scope.reasons)} if scope.reasons else {}
        return {"kind": "basic", "items": sorted(scope.items), **contract, **reasons}
    return {"kind": "records", "categories": sorted(scope.categories), "years": years_payload(scope.years)}


def terms_payload(terms: Terms) -> JsonObject:
    """Write terms as a directive carries them."""
    conditions = conditions_payload(terms.conditions)
    bound: JsonObject = {"conditions": conditions} if conditions else {}
    return {
        **_recipient_payload(terms.recipient),
        "effect": terms.effect,
        "purposes": sorted(terms.purposes),
        "scope": scope_payload(terms.scope),
        "valid_from": write(terms.valid_from),
        "valid_until": write(terms.valid_until),
        "notice": notice_payload(terms.notice),
        **bound,
    }


def _recipient_payload(recipient: Recipient) -> JsonObject:
    named = {
        "recipient": recipient.organisation,
        "role": recipient.role,
        "professional": recipient.professional,
    }
    return {member: value for member, value in named.items() if value is not None}


def unique(values: Iterable[str]) -> None:
    """Refuse a list that is not sorted and free of repetitions, so that a set has one spelling."""
    listed = list(values)
    if listed != sorted(set(listed)):
        raise MalformedError("Lists of codes are sorted and name each code once.")


class YearsWire(WireModel):
    """Wire form of `YearSpan`."""

    first: int
    last: int

    def to_span(self) -> YearSpan:
        """Raises: MalformedError if the span is empty."""
        return YearSpan(self.first, self.last)


class RecordScopeWire(WireModel):
    """Wire form of `RecordScope`."""

    kind: Literal["records"]
    categories: list[Category]
    years: YearsWire

    def to_scope(self) -> RecordScope:
        """Raises: MalformedError if the scope is empty or not in canonical order."""
        unique(self.categories)
        return RecordScope(frozenset(self.categories), self.years.to_span())


class BasicScopeWire(WireModel):
    """Wire form of `BasicScope`."""

    kind: Literal["basic"]
    items: list[BasicItem]
    contract: ContractName | None = None
    reasons: list[ConfirmationReason] = Field(default_factory=list)

    def to_scope(self) -> BasicScope:
        """Raises: MalformedError if the scope is empty or not in canonical order."""
        unique(self.items)
        unique(self.reasons)
        return BasicScope(frozenset(self.items), self.contract, frozenset(self.reasons))


ScopeWire = Annotated[RecordScopeWire | BasicScopeWire, Field(discriminator="kind")]


class TermsWire(WireModel):
    """Wire form of `Terms`."""

    recipient: Identifier | None = None
    role: Identifier | None = None
    professional: Identifier | None = None
    effect: Effect
    purposes: list[Identifier]
    scope: ScopeWire
    valid_from: Instant
    valid_until: Instant
    notice: NoticeWire
    conditions: ConditionsWire | None = None

    def to_terms(self) -> Terms:
        """Raises: MalformedError for what `Terms` refuses; UnknownPurposeError, PeriodError."""
        unique(self.purposes)
        return Terms(
            recipient=self._recipient(),
            effect=self.effect,
            purposes=frozenset(map(named, self.purposes)),
            scope=self.scope.to_scope(),
            valid_from=self.valid_from,
            valid_until=self.valid_until,
            notice=self.notice.to_notice(),
            conditions=UNCONDITIONAL if self.conditions is None else self.conditions.to_conditions(),
        )

    def _recipient(self) -> Recipient:
        organisation = None if self.recipient is None else OrganisationId(self.recipient)
        professional = None if self.professional is None else OperatorId(self.professional)
        return Recipient(organisation, self.role, professional)
