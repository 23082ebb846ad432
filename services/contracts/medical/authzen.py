"""Messages of the decision endpoint. Source: OpenID AuthZEN Authorization API 1.0; unknown keys are ignored as it says.

Our domain. Subject: `operator` (`id`, `properties.organisation`) or `organisation`. Action: `read` with
`properties.purpose`. Resource: `records`, `id` a category or `*` for all of them, `properties.years` {first, last};
an operator names the person by `properties.person`, a pseudonym token for the medical centre, good once.
"""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from services.kit.encoding import Message
from services.kit.http import Http, Token

EVALUATION, EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"
SEARCH: Final = "/access/v1/search"
METADATA: Final = "/.well-known/authzen-configuration"
MAX_EVALUATIONS: Final = 100
MAX_PAGE: Final = 100
READ, RECORDS, EVERY_CATEGORY = "read", "records", "*"

Text = Annotated[str, Field(min_length=1, max_length=1 << 14)]
Properties = dict[str, JsonValue]


class SubjectType(StrEnum):
    """Who may be asked about."""

    OPERATOR = "operator"
    ORGANISATION = "organisation"


class Semantic(StrEnum):
    """How far a batch is evaluated."""

    EXECUTE_ALL = "execute_all"
    DENY_ON_FIRST_DENY = "deny_on_first_deny"
    PERMIT_ON_FIRST_PERMIT = "permit_on_first_permit"


class Tolerant(BaseModel):
    """What others' products send: keys that we do not know are ignored."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Subject(Tolerant):
    """Who wants to do something."""

    type: Text
    id: Text
    properties: Properties = Field(default_factory=dict)


class SubjectSought(Tolerant):
    """Of what kind the subjects are that are searched; an id is not looked at."""

    type: Text
    properties: Properties = Field(default_factory=dict)


class Action(Tolerant):
    """What somebody wants to do."""

    name: Text
    properties: Properties = Field(default_factory=dict)


class Resource(Tolerant):
    """What it would be done to."""

    type: Text
    id: Text
    properties: Properties = Field(default_factory=dict)


class ResourceSought(Tolerant):
    """Of what kind the resources are that are searched."""

    type: Text
    properties: Properties = Field(default_factory=dict)


class Evaluation(Tolerant):
    """POST /access/v1/evaluation."""

    subject: Subject
    action: Action
    resource: Resource
    context: Properties = Field(default_factory=dict)


class Options(Tolerant):
    """Of a batch."""

    evaluations_semantic: Annotated[Semantic, Field(strict=False)] = Semantic.EXECUTE_ALL


class Evaluations(Tolerant):
    """POST /access/v1/evaluations: what one leaves out is taken from the top; without any, the top is the only one.

    Shape: members of `evaluations` are completed and checked one by one, as each fails by itself.
    """

    subject: Subject | None = None
    action: Action | None = None
    resource: Resource | None = None
    context: Properties | None = None
    evaluations: Annotated[list[Properties], Field(max_length=MAX_EVALUATIONS)] = Field(default_factory=list)
    options: Options = Field(default_factory=Options)

    def single(self) -> Evaluation | None:
        """Return the top as one evaluation; None if something is missing or wrong in it."""
        return self._completed({})

    def each(self) -> list[Evaluation | None]:
        """Return the evaluations, each completed; None for one in which something is missing or wrong."""
        return [self._completed(each) for each in self.evaluations]

    def _completed(self, own: Properties) -> Evaluation | None:
        top = self.model_dump(mode="json", exclude_none=True, exclude={"evaluations", "options"})
        try:
            return Evaluation.model_validate(top | own)
        except ValidationError:
            return None


class Page(Tolerant):
    """Which part of the results is wanted."""

    token: str = ""
    limit: Annotated[int, Field(ge=1, le=10_000)] = MAX_PAGE


class SubjectSearch(Tolerant):
    """POST /access/v1/search/subject: who may do this to that."""

    subject: SubjectSought
    action: Action
    resource: Resource
    context: Properties = Field(default_factory=dict)
    page: Page = Field(default_factory=Page)


class ResourceSearch(Tolerant):
    """POST /access/v1/search/resource: to which records may somebody do this."""

    subject: Subject
    action: Action
    resource: ResourceSought
    context: Properties = Field(default_factory=dict)
    page: Page = Field(default_factory=Page)


class ActionSearch(Tolerant):
    """POST /access/v1/search/action: what may somebody do to this."""

    subject: Subject
    resource: Resource
    context: Properties = Field(default_factory=dict)
    page: Page = Field(default_factory=Page)


class Decided(Message):
    """One decision; a deny is an answer like any other, with status 200."""

    decision: bool
    context: Properties


class DecidedEach(Message):
    """Answer of a batch, in order; shorter than the batch when its semantic ended it."""

    evaluations: list[Decided]


class PageTold(Message):
    """`next_token` is empty behind the last page."""

    next_token: str
    count: int
    total: int


class Results(Message):
    """Answer of a search: entities in the form in which an evaluation takes them."""

    results: list[Properties]
    page: PageTold


class Configuration(Message):
    """GET /.well-known/authzen-configuration."""

    policy_decision_point: str
    access_evaluation_endpoint: str
    access_evaluations_endpoint: str
    search_subject_endpoint: str
    search_resource_endpoint: str
    search_action_endpoint: str
    capabilities: list[str]


class AuthZenClient:
    """What a recipient asks about itself, and a person about everybody.

    Raises from every method: RemoteProblemError, PeerUnavailableError.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def evaluation(self, message: Evaluation, *, token: Token) -> Decided:
        """Ask for one decision."""
        return Decided.model_validate(self._ask(EVALUATION, message, token))

    def evaluations(self, message: Evaluations, *, token: Token) -> DecidedEach:
        """Ask for several decisions."""
        return DecidedEach.model_validate(self._ask(EVALUATIONS, message, token))

    def search_subject(self, message: SubjectSearch, *, token: Token) -> Results:
        """Ask who may."""
        return Results.model_validate(self._ask(f"{SEARCH}/subject", message, token))

    def search_resource(self, message: ResourceSearch, *, token: Token) -> Results:
        """Ask what may be read."""
        return Results.model_validate(self._ask(f"{SEARCH}/resource", message, token))

    def search_action(self, message: ActionSearch, *, token: Token) -> Results:
        """Ask for what it may be read."""
        return Results.model_validate(self._ask(f"{SEARCH}/action", message, token))

    def _ask(self, path: str, message: Tolerant, token: Token) -> object:
        return self._http.post(path, message.model_dump(mode="json", exclude_none=True), token=token)
