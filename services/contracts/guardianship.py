"""How far people act alone, and by which keys others sign for them: told by the ID centre to who keeps directives."""

from typing import Annotated, Protocol

from pydantic import Field, Strict

from consent.guardians import Capacity, Change, LegalState
from services.kit.encoding import Message
from services.kit.http import Http

MOST_STATES = 200
MOST_GUARDIANS = 16

Jwk = dict[str, str]


class GuardianKey(Message):
    """A guardian's key for this body and this ward; whose it is, only the ID centre knows.

    `ended` is why it counts no more; what it signed is to be confirmed until `confirm_until` (epoch seconds).
    """

    key: Jwk
    capacity: Annotated[Capacity, Strict(False)]
    ended: Annotated[Change, Strict(False)] | None = None
    confirm_until: Annotated[int, Field(ge=0, le=2**40)] | None = None


class PersonState(Message):
    """One person by the ID centre's name towards the body; a `number` not above the last one changes nothing."""

    person: str
    number: Annotated[int, Field(ge=1, lt=2**63)]
    state: Annotated[LegalState, Strict(False)]
    guardians: Annotated[list[GuardianKey], Field(max_length=MOST_GUARDIANS)]


class TellStates(Message):
    """POST /legal-states (ID centre)."""

    states: Annotated[list[PersonState], Field(min_length=1, max_length=MOST_STATES)]


class StatesTold(Message):
    """How many of them were news; all are in force here."""

    news: int


class StateKeeper(Protocol):
    """What the client and the fake both do. Raises: RemoteProblemError, PeerUnavailableError."""

    def tell(self, message: TellStates) -> StatesTold:
        """Tell the body; the same again changes nothing."""


class StateClient:
    """See `StateKeeper`; by the ID centre's certificate."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def tell(self, message: TellStates) -> StatesTold:
        """See `StateKeeper`."""
        told = self._http.send("POST", "/legal-states", content=message.model_dump_json().encode())
        return StatesTold.model_validate_json(told.content)
