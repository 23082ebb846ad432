"""Relationships that an organisation registers at the medical centre, its staff, and a person's wish to be watched.

A tag is a keyed digest that the organisation makes of a name, an address or a ward: the centre can compare two tags of
one organisation, and has no key by which to try what they stand for. Times are epoch seconds.
"""

from enum import StrEnum
from typing import Annotated, Protocol, TypeVar

from pydantic import Field

from services.contracts.medical.messages import LogIndex
from services.contracts.medical.uses import Explanation, RelationshipKind
from services.kit.encoding import Message
from services.kit.http import Http, Token

Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{22}$")]
OperatorName = Annotated[str, Field(pattern=r"^[!-~]{1,128}$")]
TokenText = Annotated[str, Field(min_length=1, max_length=8192)]
KindName = Annotated[RelationshipKind, Field(strict=False)]
Moment = Annotated[int, Field(ge=0, le=1 << 40)]
MOST_MEMBERS = 500
Answer = TypeVar("Answer", bound=Message)


class WatchChoice(StrEnum):
    """How closely a person wants use of their records to be watched: as usual, or as that of a well-known person."""

    USUAL = "usual"
    CLOSELY = "closely"


class NameTags(Message):
    """Tags of a surname and an address, where the organisation knows them."""

    surname: Tag | None = None
    address: Tag | None = None


class RegisterRelationship(Message):
    """POST /relationships: with whom a linked person has to do, from when until when; operators, teams or both."""

    token: TokenText
    kind: KindName
    operators: Annotated[list[OperatorName], Field(max_length=50)] = Field(default_factory=list)
    teams: Annotated[list[Tag], Field(max_length=20)] = Field(default_factory=list)
    start: Moment
    end: Moment
    tags: NameTags = Field(default_factory=NameTags)


class RelationshipRegistered(Message):
    """Which relationship it is, and where the log says so."""

    id: str
    log: LogIndex


class FindRelationships(Message):
    """POST /relationships/search: of one linked person."""

    token: TokenText


class RegisteredRelationship(Message):
    """One relationship of the caller's organisation; `by` registered it."""

    id: str
    kind: KindName
    operators: list[str]
    teams: list[str]
    start: int
    end: int
    by: str


class Relationships(Message):
    """A person's relationships with the caller's organisation, oldest first."""

    relationships: list[RegisteredRelationship]


class EndRelationship(Message):
    """POST /relationships/{name}/end: it ends now."""


class MemberOfStaff(Message):
    """One of the staff: the teams, and tags of the own surname and address."""

    operator: OperatorName
    teams: Annotated[list[Tag], Field(max_length=20)]
    tags: NameTags = Field(default_factory=NameTags)


class DescribeStaff(Message):
    """PUT /staff: what is said of these members takes the place of what was said of them before."""

    members: Annotated[list[MemberOfStaff], Field(min_length=1, max_length=MOST_MEMBERS)]


class StaffDescribed(Message):
    """How many of the organisation's staff are described now."""

    members: int


class Watched(Message):
    """PUT /watch: the person's wish."""

    choice: Annotated[WatchChoice, Field(strict=False)]


class ExplainedRead(Message):
    """A read of the person's records, by its entry of the log, and what explains it."""

    entry: int
    by: Annotated[Explanation, Field(strict=False)]


class WatchedUse(Watched):
    """GET /watch: the person's wish, and which of the newest reads something explains."""

    explained: list[ExplainedRead] = Field(default_factory=list)


class RelationshipKeeper(Protocol):
    """What the client and the fake both do. Raises: RemoteProblemError, PeerUnavailableError."""

    def register(self, message: RegisterRelationship, *, token: Token) -> RelationshipRegistered:
        """Register a relationship with a linked person (writer)."""

    def find(self, message: FindRelationships, *, token: Token) -> Relationships:
        """Return the organisation's relationships with a linked person (writer)."""

    def end(self, relationship: str, *, token: Token) -> RegisteredRelationship:
        """End a relationship of the organisation now, for example at discharge (writer)."""

    def describe(self, message: DescribeStaff, *, token: Token) -> StaffDescribed:
        """Say who belongs to which team (writer)."""

    def watch(self, message: Watched, *, token: Token) -> Watched:
        """Choose how closely use of the own records is watched (the person)."""

    def watched(self, *, token: Token) -> WatchedUse:
        """Return what was chosen, and what explains the newest reads (the person)."""


class RelationshipsClient:
    """See `RelationshipKeeper`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def register(self, message: RegisterRelationship, *, token: Token) -> RelationshipRegistered:
        """See `RelationshipKeeper`."""
        return self._ask("POST", "/relationships", RelationshipRegistered, message=message, token=token)

    def find(self, message: FindRelationships, *, token: Token) -> Relationships:
        """See `RelationshipKeeper`."""
        return self._ask("POST", "/relationships/search", Relationships, message=message, token=token)

    def end(self, relationship: str, *, token: Token) -> RegisteredRelationship:
        """See `RelationshipKeeper`."""
        path, message = f"/relationships/{relationship}/end", EndRelationship()
        return self._ask("POST", path, RegisteredRelationship, message=message, token=token)

    def describe(self, message: DescribeStaff, *, token: Token) -> StaffDescribed:
        """See `RelationshipKeeper`."""
        return self._ask("PUT", "/staff", StaffDescribed, message=message, token=token)

    def watch(self, message: Watched, *, token: Token) -> Watched:
        """See `RelationshipKeeper`."""
        return self._ask("PUT", "/watch", Watched, message=message, token=token)

    def watched(self, *, token: Token) -> WatchedUse:
        """See `RelationshipKeeper`."""
        return self._ask("GET", "/watch", WatchedUse, message=None, token=token)

    def _ask(
        self, method: str, path: str, kind: type[Answer], *, message: Message | None, token: Token
    ) -> Answer:
        content = None if message is None else message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send(method, path, token=token, content=content).content)
