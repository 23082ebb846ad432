"""Emergencies as the oversight body keeps them: messages and client for professionals, the relay and reviewers.

Times are epoch seconds.
"""

from enum import StrEnum
from typing import Annotated, Protocol, TypeVar

from pydantic import Field

from services.kit.encoding import Base64Url, Message
from services.kit.http import Http, Token

SignedText = Annotated[str, Field(min_length=1, max_length=8192)]
TokenText = Annotated[str, Field(min_length=1, max_length=8192)]
Comment = Annotated[str, Field(min_length=10, max_length=2000)]
ANSWER_TYPE = "sekisho-emergency-answer+jws"
"""What the relay signs: the case, and the digest of what it sealed to the hospital."""
NOT_FOR_EXPORT = "emergency: for this patient's treatment now; not for export, research or another purpose"
Answer = TypeVar("Answer", bound=Message)


class EmergencyState(StrEnum):
    """Where an emergency stands."""

    ASKED = "asked"
    DECLARED = "declared"
    RELAYED = "relayed"
    FAILED = "failed"
    ENDED = "ended"


class ReviewOutcome(StrEnum):
    """What the oversight body finds."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not_justified"


StateName = Annotated[EmergencyState, Field(strict=False)]
OutcomeName = Annotated[ReviewOutcome, Field(strict=False)]


class DeclareEmergency(Message):
    """POST /emergencies: the first professional's signed request and the token that names the patient here."""

    request: SignedText
    patient: TokenText


class SecondEmergency(Message):
    """POST /emergencies/{case}/second: the other professional's signature.

    `patient` is a token of their own; `details` are sealed to the relay: the tokens by which it reads, and the wallet.
    """

    second: SignedText
    patient: TokenText
    details: Base64Url


class ShownEmergency(Message):
    """An emergency as the two professionals see it."""

    case: str
    state: StateName
    request: SignedText
    asked: int
    ends: int
    refused: str | None = None


class WaitingEmergency(Message):
    """An emergency for a relay: everything by which it checks for itself."""

    case: str
    request: SignedText
    second: SignedText
    details: Base64Url


class WaitingEmergencies(Message):
    """GET /relay-emergencies."""

    waiting: list[WaitingEmergency]


class RelayedAnswer(Message):
    """POST /emergencies/{case}/relayed, GET /emergencies/{case}/answer: sealed to the hospital, signed by the relay.

    `refused` is the code with which the records were refused to the relay; then there is nothing else.
    """

    sealed: Base64Url | None = None
    signature: SignedText | None = None
    refused: Annotated[str, Field(pattern=r"^[a-z_]{1,60}$")] | None = None


class ReviewCase(Message):
    """An emergency as a reviewer sees it; whom it was about is not said."""

    case: str
    organisation: str
    professionals: list[str]
    reason: str
    categories: list[str]
    declared: int
    due: int
    overdue: bool
    state: StateName


class ReviewCases(Message):
    """GET /emergency-reviews: those without an outcome, the first due first."""

    cases: list[ReviewCase]


class DecideReview(Message):
    """POST /emergency-reviews/{case}."""

    outcome: OutcomeName
    comment: Comment


class Reviewed(Message):
    """What was decided, and whether after its deadline."""

    case: str
    outcome: OutcomeName
    late: bool


class EmergencyDesk(Protocol):
    """What client and fake both do for one operator.

    Raises: RemoteProblemError with the refusal's code, PeerUnavailableError.
    """

    def declare(self, message: DeclareEmergency) -> ShownEmergency:
        """Ask, as the first professional."""

    def show(self, case: str) -> ShownEmergency:
        """Show an emergency of the own organisation."""

    def second(self, case: str, message: SecondEmergency) -> ShownEmergency:
        """Sign, as the second professional; from now on it is in force."""

    def answer(self, case: str) -> RelayedAnswer:
        """Return what the relay sealed, as one of the two professionals, until the emergency ends."""

    def waiting(self) -> WaitingEmergencies:
        """List what waits for a relay."""

    def relayed(self, case: str, message: RelayedAnswer) -> ShownEmergency:
        """Hand over a relay's answer."""

    def reviews(self) -> ReviewCases:
        """List what the oversight body has to review."""

    def decide(self, case: str, message: DecideReview) -> Reviewed:
        """Review an emergency, as an official who took no part in it."""


class EmergencyClient:
    """See `EmergencyDesk`, over HTTP."""

    def __init__(self, http: Http, *, token: Token) -> None:
        self._http = http
        self._token = token

    def declare(self, message: DeclareEmergency) -> ShownEmergency:
        """See `EmergencyDesk`."""
        return self._ask("POST", "/emergencies", ShownEmergency, message)

    def show(self, case: str) -> ShownEmergency:
        """See `EmergencyDesk`."""
        return self._ask("GET", f"/emergencies/{case}", ShownEmergency)

    def second(self, case: str, message: SecondEmergency) -> ShownEmergency:
        """See `EmergencyDesk`."""
        return self._ask("POST", f"/emergencies/{case}/second", ShownEmergency, message)

    def answer(self, case: str) -> RelayedAnswer:
        """See `EmergencyDesk`."""
        return self._ask("GET", f"/emergencies/{case}/answer", RelayedAnswer)

    def waiting(self) -> WaitingEmergencies:
        """See `EmergencyDesk`."""
        return self._ask("GET", "/relay-emergencies", WaitingEmergencies)

    def relayed(self, case: str, message: RelayedAnswer) -> ShownEmergency:
        """See `EmergencyDesk`."""
        return self._ask("POST", f"/emergencies/{case}/relayed", ShownEmergency, message)

    def reviews(self) -> ReviewCases:
        """See `EmergencyDesk`."""
        return self._ask("GET", "/emergency-reviews", ReviewCases)

    def decide(self, case: str, message: DecideReview) -> Reviewed:
        """See `EmergencyDesk`."""
        return self._ask("POST", f"/emergency-reviews/{case}", Reviewed, message)

    def _ask(self, method: str, path: str, kind: type[Answer], message: Message | None = None) -> Answer:
        content = None if message is None else message.model_dump_json().encode()
        return kind.model_validate_json(
            self._http.send(method, path, token=self._token, content=content).content
        )
