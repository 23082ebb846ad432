"""Cases of suspicious use: the medical centre opens them, officials of the oversight body review them.

A case is about one operator and says nothing of whose records they were. Times are epoch seconds.
"""

from typing import Annotated, Protocol, TypeVar

from pydantic import Field

from services.contracts.medical.uses import Rule
from services.contracts.oversight.emergencies import Comment, DecideReview, OutcomeName, Reviewed
from services.kit.encoding import Message
from services.kit.http import Http, Token

CaseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$")]
Name = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
RuleName = Annotated[Rule, Field(strict=False)]
Number = Annotated[int, Field(ge=1, le=1 << 40)]
MOST_CASES = 200
MOST_SHARES = 500
Answer = TypeVar("Answer", bound=Message)


class UseShare(Message):
    """One person's part of a case: by which rules, under the name that only this person's history has for the case."""

    name: CaseName
    rules: Annotated[list[RuleName], Field(min_length=1, max_length=len(Rule))]


class OpenUseCase(Message):
    """PUT /use-cases/{case}: what was flagged of one operator so far; told again when there is more.

    `rules` says how many accesses each rule flagged, `each` the parts of as many people as are told apart.
    """

    organisation: Name
    operator: Name
    rules: Annotated[dict[RuleName, Number], Field(min_length=1)]
    accesses: Number
    people: Number
    first: Number
    last: Number
    each: Annotated[list[UseShare], Field(max_length=MOST_SHARES)] = Field(default_factory=list)


class DecideUse(DecideReview):
    """POST /use-reviews/{case}: `comments` has a text of their own for people of the case, by the names in `each`."""

    comments: Annotated[dict[CaseName, Comment], Field(max_length=MOST_SHARES)] = Field(default_factory=dict)


class UseCaseTaken(Message):
    """By when the case is decided; when it is already, what is new belongs into another case."""

    due: int
    decided: bool


class AskOutcomes(Message):
    """POST /use-cases/outcomes: of cases that the asking body opened."""

    cases: Annotated[list[CaseName], Field(max_length=MOST_CASES)]


class UseOutcome(Message):
    """What was found, for the people whose records they were; each reads the own one of `comments`, else `comment`."""

    case: str
    outcome: OutcomeName
    comment: str
    late: bool
    comments: dict[str, str] = Field(default_factory=dict)


class UseOutcomes(Message):
    """Those of the cases that are decided."""

    outcomes: list[UseOutcome]


class UseReview(Message):
    """A case as a reviewer sees it."""

    case: str
    organisation: str
    operator: str
    rules: dict[str, int]
    accesses: int
    people: int
    first: int
    last: int
    due: int
    overdue: bool
    each: list[UseShare] = Field(default_factory=list)


class UseReviews(Message):
    """GET /use-reviews: those without an outcome, the first due first."""

    cases: list[UseReview]


class UseCases(Protocol):
    """What the client and the fake both do. Raises: RemoteProblemError, PeerUnavailableError."""

    def open(self, case: str, message: OpenUseCase) -> UseCaseTaken:
        """Open a case, or tell more of it (the medical centre, by its certificate)."""

    def outcomes(self, message: AskOutcomes) -> UseOutcomes:
        """Return what was decided (the medical centre, by its certificate)."""

    def reviews(self, *, token: Token) -> UseReviews:
        """List what waits for a finding (auditor)."""

    def decide(self, case: str, message: DecideUse, *, token: Token) -> Reviewed:
        """Decide whether it was misuse, as an official who is not the operator (auditor)."""


class UseCasesClient:
    """See `UseCases`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def open(self, case: str, message: OpenUseCase) -> UseCaseTaken:
        """See `UseCases`."""
        return self._ask("PUT", f"/use-cases/{case}", UseCaseTaken, message=message)

    def outcomes(self, message: AskOutcomes) -> UseOutcomes:
        """See `UseCases`."""
        return self._ask("POST", "/use-cases/outcomes", UseOutcomes, message=message)

    def reviews(self, *, token: Token) -> UseReviews:
        """See `UseCases`."""
        return self._ask("GET", "/use-reviews", UseReviews, token=token)

    def decide(self, case: str, message: DecideUse, *, token: Token) -> Reviewed:
        """See `UseCases`."""
        return self._ask("POST", f"/use-reviews/{case}", Reviewed, message=message, token=token)

    def _ask(
        self,
        method: str,
        path: str,
        kind: type[Answer],
        *,
        message: Message | None = None,
        token: Token | None = None,
    ) -> Answer:
        content = None if message is None else message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send(method, path, token=token, content=content).content)
