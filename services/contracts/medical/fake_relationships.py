"""Relationships at the fake medical centre, in memory; see `fake`."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from consent.identifiers import OrganisationId, Pseudonym
from consent.vocabulary import Body
from services.contracts.medical.fake_rules import refusal
from services.contracts.medical.messages import LogIndex
from services.contracts.medical.relationships import (
    DescribeStaff,
    FindRelationships,
    MemberOfStaff,
    RegisteredRelationship,
    RegisterRelationship,
    RelationshipRegistered,
    Relationships,
    StaffDescribed,
    WatchChoice,
    Watched,
    WatchedUse,
)
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller
from services.kit.http import Token
from services.kit.permissions import policies


@dataclass(frozen=True, slots=True)
class _Kept:
    organisation: OrganisationId
    person: Pseudonym
    told: RegisteredRelationship


@dataclass
class FakeRelationships:
    """Serves `RelationshipKeeper`; `callers` and `people` as for `FakeMedical`. Tokens are good once."""

    callers: Callable[[Token], Caller]
    people: Callable[[str], Pseudonym | None]
    clock: Callable[[], datetime]
    longest_days: int = 400
    _kept: dict[str, _Kept] = field(default_factory=dict)
    _staff: dict[tuple[OrganisationId, str], MemberOfStaff] = field(default_factory=dict)
    _closely: set[Pseudonym] = field(default_factory=set)
    _used: set[str] = field(default_factory=set)

    def register(self, message: RegisterRelationship, *, token: Token) -> RelationshipRegistered:
        """See `RelationshipKeeper`."""
        caller = self._writer(token)
        length = message.end - message.start
        if not (message.operators or message.teams) or not 0 < length <= self.longest_days * 86_400:
            raise refusal(400, "malformed_request")
        person = self._named(message.token)
        name = f"relationship-{len(self._kept)}"
        told = RegisteredRelationship(
            id=name,
            by=caller.operator,
            **message.model_dump(exclude={"token", "tags"}),
        )
        self._kept[name] = _Kept(caller.organisation, person, told)
        return RelationshipRegistered(id=name, log=LogIndex(index=len(self._kept)))

    def find(self, message: FindRelationships, *, token: Token) -> Relationships:
        """See `RelationshipKeeper`."""
        caller, person = self._writer(token), self._named(message.token)
        mine = (caller.organisation, person)
        found = [each.told for each in self._kept.values() if (each.organisation, each.person) == mine]
        return Relationships(relationships=found)

    def end(self, relationship: str, *, token: Token) -> RegisteredRelationship:
        """See `RelationshipKeeper`."""
        caller, kept = self._writer(token), self._kept.get(relationship)
        if kept is None or kept.organisation != caller.organisation:
            raise refusal(404, "not_found")
        now = epoch_seconds(self.clock())
        told = kept.told.model_copy(update={"end": min(kept.told.end, now)})
        self._kept[relationship] = replace(kept, told=told)
        return told

    def describe(self, message: DescribeStaff, *, token: Token) -> StaffDescribed:
        """See `RelationshipKeeper`."""
        caller = self._writer(token)
        self._staff |= {(caller.organisation, each.operator): each for each in message.members}
        return StaffDescribed(members=sum(name == caller.organisation for name, _ in self._staff))

    def watch(self, message: Watched, *, token: Token) -> Watched:
        """See `RelationshipKeeper`."""
        person = self._person(token)
        self._closely.discard(person)
        if message.choice is WatchChoice.CLOSELY:
            self._closely.add(person)
        return message

    def watched(self, *, token: Token) -> WatchedUse:
        """See `RelationshipKeeper`."""
        closely = self._person(token) in self._closely
        return WatchedUse(choice=WatchChoice.CLOSELY if closely else WatchChoice.USUAL)

    def _writer(self, token: Token) -> OperatorCaller:
        caller = self.callers(token)
        if isinstance(caller, OperatorCaller) and policies().permits(
            caller.roles, "keep-relationships", Body.MEDICAL
        ):
            return caller
        raise refusal(403, "forbidden")

    def _person(self, token: Token) -> Pseudonym:
        caller = self.callers(token)
        if not isinstance(caller, PersonCaller):
            raise refusal(403, "forbidden")
        return caller.pseudonym

    def _named(self, token: str) -> Pseudonym:
        person = self.people(token)
        if person is None:
            raise refusal(403, "forbidden")
        if token in self._used:
            raise refusal(409, "replayed")
        self._used.add(token)
        return person
