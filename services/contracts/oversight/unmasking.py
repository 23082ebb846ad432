"""Unmasking of staff as the oversight body keeps it: messages and clients for the person and for two officials.

Times are epoch seconds.
"""

from enum import StrEnum
from typing import Annotated, Protocol

from pydantic import Field

from services.kit.encoding import Base64Url, Message
from services.kit.http import Http, Token
from services.kit.log.evidence import Evidence

UNMASK, REFUSE = "unmask-staff", "refuse-unmasking"
MOST_COLLEAGUES = 16
Why = Annotated[str, Field(min_length=10, max_length=1000)]
Name = Annotated[str, Field(max_length=200)]


class UnmaskingState(StrEnum):
    """Where a case stands; FALSE_OPENING: what the organisation had sealed is not what the log commits to."""

    ASKED = "asked"
    UNMASKED = "unmasked"
    REFUSED = "refused"
    FALSE_OPENING = "false_opening"


class Tell(StrEnum):
    """What the person is told when staff was unmasked: that it happened, or the name as well."""

    OUTCOME = "outcome"
    NAME = "name"


StateName = Annotated[UnmaskingState, Field(strict=False)]


class AskUnmasking(Message):
    """POST /unmaskings: one entry of the person's history with its proof, and why it matters who it was.

    `colleague` is 0 for who acted, 1 for the first who acted beside, and so on.
    """

    evidence: Evidence
    why: Why
    colleague: int = Field(default=0, ge=0, le=MOST_COLLEAGUES)


class Unmasking(Message):
    """A case as its person sees it: `name` only if two officials decided so."""

    case: str
    body: str
    index: int
    organisation: str
    pseudonym: str
    why: str
    asked: int
    state: StateName
    name: str | None = None
    comment: str | None = None
    colleague: int = 0


class Unmaskings(Message):
    """GET /unmaskings, GET /unmaskings/waiting: cases, the oldest first."""

    cases: list[Unmasking]


class ClaimedOpening(Message):
    """Who it is said to have been, by the organisation or the body that logged it; it counts only if it fits."""

    operator: Name
    terminal: Name
    salt: Base64Url


class UnmaskStaff(Message):
    """Proposal `unmask-staff`; with `opening`, that is tried in place of what the organisation sealed."""

    case: str
    tell: Annotated[Tell, Field(strict=False)]
    opening: ClaimedOpening | None = None


class RefuseUnmasking(Message):
    """Proposal `refuse-unmasking`; the person reads the comment."""

    case: str
    comment: Why


class UnmaskingDesk(Protocol):
    """What client and fake both do for one person.

    Raises: RemoteProblemError with the refusal's code, PeerUnavailableError.
    """

    def ask(self, message: AskUnmasking) -> Unmasking:
        """Ask, as the person whose history it is; about one entry there is one case."""

    def own(self) -> list[Unmasking]:
        """Return what became of what the person asked."""


class UnmaskingClient:
    """See `UnmaskingDesk`, over HTTP; for officials what waits, too."""

    def __init__(self, http: Http, *, token: Token) -> None:
        self._http = http
        self._token = token

    def ask(self, message: AskUnmasking) -> Unmasking:
        """See `UnmaskingDesk`."""
        content = message.model_dump_json().encode()
        answer = self._http.send("POST", "/unmaskings", token=self._token, content=content)
        return Unmasking.model_validate_json(answer.content)

    def own(self) -> list[Unmasking]:
        """See `UnmaskingDesk`."""
        return self._cases("/unmaskings")

    def waiting(self) -> list[Unmasking]:
        """Return what waits for two officials."""
        return self._cases("/unmaskings/waiting")

    def _cases(self, path: str) -> list[Unmasking]:
        answer = self._http.send("GET", path, token=self._token)
        return Unmaskings.model_validate_json(answer.content).cases
