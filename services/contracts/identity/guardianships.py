"""Messages about who acts for whom: entered by two supervisors, on evidence and the guardian's own offer."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final, Literal, Protocol, TypeVar

from pydantic import Field, Strict

from consent.guardians import Capacity, Change, LegalState
from consent.vocabulary import PROXIES, Body
from consent.wire import Count, Identifier, WireModel
from services.contracts.identity.messages import Jwk
from services.kit.encoding import Message
from services.kit.http import Http, Token

OFFER: Final = "sekisho-guardian-offer+jws"
TOLD: Final = (*PROXIES, Body.REGISTRY)
"""The bodies that keep directives: each is told people's states, and knows a guardian by a key of its own."""

Answer = TypeVar("Answer", bound=Message)
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Reference = Annotated[str, Field(min_length=1, max_length=128)]


class Evidence(StrEnum):
    """What was shown at the counter; the digest of its scan is kept."""

    FAMILY_REGISTER = "family_register"
    COURT_DECISION = "court_decision"
    REGISTRATION_CERTIFICATE = "registration_certificate"
    DEATH_NOTIFICATION = "death_notification"


EVIDENCE: Final[Mapping[Capacity, frozenset[Evidence]]] = {
    Capacity.PARENT: frozenset({Evidence.FAMILY_REGISTER, Evidence.COURT_DECISION}),
    Capacity.GUARDIAN_OF_MINOR: frozenset({Evidence.FAMILY_REGISTER, Evidence.COURT_DECISION}),
    Capacity.ADULT_GUARDIAN: frozenset({Evidence.REGISTRATION_CERTIFICATE, Evidence.COURT_DECISION}),
}
"""What proves each capacity: the family register, a family court's decision, the register of adult guardianships."""


class OfferClaims(WireModel):
    """What a guardian's card (signature application) signs: a random id, for whom, and a key for each body."""

    guardianship: Identifier
    organisation: Identifier
    capacity: Capacity
    keys: dict[str, dict[str, str]]
    at: Count


class RegisterGuardianship(Message):
    """The parameters of the proposal `register-guardianship`; `reference` is how the municipality names the ward."""

    reference: Reference
    offer: Annotated[str, Field(min_length=1, max_length=8192)]
    evidence: Annotated[Evidence, Strict(False)]
    document: Digest


class EnteringGuardianship(Message):
    """The same as it waits for its approval: the offer was verified while it was fresh."""

    guardianship: str
    organisation: str
    ward: str
    guardian: str
    capacity: Annotated[Capacity, Strict(False)]
    keys: dict[str, Jwk]
    evidence: Annotated[Evidence, Strict(False)]
    document: Digest


class RegisterDeath(Message):
    """The parameters of the proposal `register-death`."""

    reference: Reference
    document: Digest


class EnteringDeath(Message):
    """The same as it waits for its approval."""

    organisation: str
    person: str
    document: Digest


class CorrectDeath(Message):
    """The parameters of the proposal `correct-death`; the document shows that the person lives."""

    reference: Reference
    document: Digest


class CorrectingDeath(Message):
    """The same as it waits for its approval."""

    organisation: str
    person: str
    document: Digest


class AskWard(Message):
    """POST /wards (registrar): how far the person of a reference acts alone; the registry is asked for the age."""

    reference: Reference


class GuardianshipView(Message):
    """One guardianship as who may see it does; it names nobody. Units: `since` epoch seconds."""

    guardianship: str
    seen_as: Literal["guardian", "ward", "municipality"]
    capacity: Annotated[Capacity, Strict(False)]
    state: Annotated[LegalState, Strict(False)]
    since: int
    ended: Annotated[Change, Strict(False)] | None


class WardShown(Message):
    """How far somebody acts alone, and who acts for them."""

    state: Annotated[LegalState, Strict(False)]
    guardianships: list[GuardianshipView]


class EndGuardianship(Message):
    """POST /guardianships/ends (registrar): taking a right away takes one person; giving it takes two supervisors."""

    reference: Reference
    guardianship: Annotated[str, Field(min_length=1, max_length=128)]
    evidence: Annotated[Evidence, Strict(False)]
    document: Digest


class OwnGuardianships(Message):
    """GET /guardianships (person): those in which the person is guardian, and those in which they are ward."""

    guardianships: list[GuardianshipView]


class GuardianshipKeeper(Protocol):
    """The ID centre's part about guardians, as the client and the fake have it.

    Raises from every method: RemoteProblemError, PeerUnavailableError.
    """

    def ward(self, message: AskWard, *, token: Token) -> WardShown:
        """Return how far somebody acts alone (registrar)."""

    def end(self, message: EndGuardianship, *, token: Token) -> WardShown:
        """End a guardianship at once (registrar)."""

    def own(self, *, token: Token) -> OwnGuardianships:
        """Return the person's own (person)."""


class GuardianshipClient:
    """See `GuardianshipKeeper`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def ward(self, message: AskWard, *, token: Token) -> WardShown:
        """See `GuardianshipKeeper`."""
        return self._ask("POST", "/wards", WardShown, message=message, token=token)

    def end(self, message: EndGuardianship, *, token: Token) -> WardShown:
        """See `GuardianshipKeeper`."""
        return self._ask("POST", "/guardianships/ends", WardShown, message=message, token=token)

    def own(self, *, token: Token) -> OwnGuardianships:
        """See `GuardianshipKeeper`."""
        return self._ask("GET", "/guardianships", OwnGuardianships, message=None, token=token)

    def _ask(
        self, method: str, path: str, kind: type[Answer], *, message: Message | None, token: Token
    ) -> Answer:
        content = None if message is None else message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send(method, path, token=token, content=content).content)
