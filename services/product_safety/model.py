"""What the product safety centre keeps. Field names are column names; times are epoch seconds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NewType

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.product_safety.messages import RecallRequest
from services.product_safety.errors import RecallStateError

OwnershipId = NewType("OwnershipId", str)
RecallId = NewType("RecallId", str)
NoticeId = NewType("NoticeId", str)


class RecallState(StrEnum):
    """Where a recall stands."""

    DISPATCHING = "dispatching"
    COMPLETED = "completed"


RECALL_TRANSITIONS: Final[Mapping[RecallState, frozenset[RecallState]]] = {
    RecallState.DISPATCHING: frozenset({RecallState.COMPLETED}),
    RecallState.COMPLETED: frozenset(),
}


def advance(state: RecallState, to: RecallState) -> RecallState:
    """Return `to`. Raises: RecallStateError when a recall in `state` cannot go there."""
    if to not in RECALL_TRANSITIONS[state]:
        raise RecallStateError(f"a recall that is {state.value} does not become {to.value}")
    return to


class Occasion(StrEnum):
    """Why an owner got a notice: owned the article when the recall started, or registered it later."""

    RECALL = "recall"
    PURCHASE = "purchase"


@dataclass(frozen=True, slots=True)
class TradeItem:
    """A kind of article and the maker who answers for it."""

    gtin: str
    maker: OrganisationId
    name: str


@dataclass(frozen=True, slots=True)
class Product:
    """One article. `serial_rank` orders serials that are plain numbers and is None for others."""

    gtin: str
    serial: str
    serial_rank: str | None
    lot: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Ownership:
    """One person's time with one article, from the purchase to the next owner's."""

    id: OwnershipId
    gtin: str
    serial: str
    person: Pseudonym
    seller: OrganisationId
    purchased_at: int
    disclosure: bool
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class Recall:
    """One recall; `content` is the maker's request as canonical JSON, `listed` how many owned a recalled article."""

    id: RecallId
    maker: OrganisationId
    number: str
    gtin: str
    content: str
    state: RecallState
    listed: int
    started_at: int

    @property
    def request(self) -> RecallRequest:
        """What the maker said."""
        return RecallRequest.model_validate_json(self.content)


@dataclass(frozen=True, slots=True)
class Notice:
    """One owner told of one recall; there is never a second one for the same ownership."""

    id: NoticeId
    recall: RecallId
    ownership: OwnershipId
    occasion: Occasion
    created_at: int
    read_at: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a recall has come."""

    owners: int
    notified: int
    read: int


Entity = TradeItem | Product | Ownership | Recall | Notice
