"""Relationships with people: registered by organisations, seen by the people, used by the rules of suspicious use."""

from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from consent import base64url
from consent.identifiers import OperatorId, Pseudonym
from services.contracts.medical.messages import LogIndex
from services.contracts.medical.relationships import (
    DescribeStaff,
    FindRelationships,
    RegisteredRelationship,
    RegisterRelationship,
    RelationshipRegistered,
    Relationships,
    StaffDescribed,
    WatchChoice,
    Watched,
    WatchedUse,
)
from services.kit.clock import epoch_seconds, rfc3339
from services.kit.columns import ColumnError
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError, VerifiedPseudonym
from services.kit.egress import egress
from services.kit.events import Event, EventKind, Outcome
from services.kit.log.errors import LogError
from services.kit.operator_events import by_operator
from services.kit.problems import ForbiddenError, MalformedRequestError, NotFoundError
from services.kit.unknown_names import noting_unknown
from services.medical.centre import Centre
from services.medical.errors import IntegrityError, StoredLogDamagedError
from services.medical.explaining import Explaining
from services.medical.relationship_store import KeptRelationship, RelationshipStore
from services.medical.use_model import Member, Relationship, Tags

DAY_SECONDS = 86_400
ID_BYTES = 16


class Relating:
    """What organisations and people tell about who has to do with whom."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._context = centre.context
        self._store = RelationshipStore(centre.context.cipher)
        self._explaining = Explaining(centre)

    def register(self, caller: OperatorCaller, message: RegisterRelationship) -> RelationshipRegistered:
        """Register a relationship; the person's history says so.

        Raises: MalformedRequestError, ForbiddenError for a token that does not verify, ReplayError.
        """
        self._check(message)
        named = self._open(message.token, caller)
        event = by_operator(
            caller,
            EventKind.RELATIONSHIP_REGISTERED,
            outcome=Outcome.DONE,
            detail={
                "relationship": message.kind.value,
                "until": rfc3339(self._moment(message.end)),
            },
        )
        with self._context.database.write() as conn:
            person = self._centre.use_token(conn, named)
            recorded = self._context.journal.record(conn, person=person, event=event)
            kept = KeptRelationship(
                base64url.encode(self._context.randomness(ID_BYTES)),
                person,
                caller.organisation,
                recorded.index,
                _relationship(message, caller),
            )
            self._store.add(conn, kept)
        return RelationshipRegistered(id=kept.id, log=LogIndex(index=recorded.index))

    @egress(
        to="the organisation that registered them",
        fields="its own relationships with one person, as it registered them",
        purpose="keeping them right",
        ground="the ID centre's token for the organisation's own link",
        answers=("POST /relationships/search", "POST /relationships/{name}/end"),
    )
    def find(self, caller: OperatorCaller, message: FindRelationships) -> Relationships:
        """Return the organisation's relationships with a person. Raises: ForbiddenError, ReplayError."""
        named = self._open(message.token, caller)
        with self._context.database.write() as conn:
            person = self._centre.use_token(conn, named)
            found = self._between(conn, person, caller)
        return Relationships(relationships=[_shown(each) for each in found])

    def end(self, caller: OperatorCaller, name: str) -> RegisteredRelationship:
        """End a relationship now. Raises: NotFoundError (logged)."""
        now = epoch_seconds(self._context.clock())
        event = by_operator(caller, EventKind.RELATIONSHIP_ENDED, outcome=Outcome.DONE)
        with noting_unknown(self._context, event), self._context.database.write() as conn:
            self._context.journal.tree.queue(conn)
            kept = self._own(conn, name, caller)
            if kept is None:
                raise NotFoundError
            if kept.relationship.end > now:
                kept = replace(kept, relationship=replace(kept.relationship, end=now))
                self._store.put(conn, kept)
                told = replace(event, detail={"relationship": kept.relationship.kind.value})
                self._context.journal.record(conn, person=kept.person, event=told)
        return _shown(kept)

    def describe(self, caller: OperatorCaller, message: DescribeStaff) -> StaffDescribed:
        """Keep what an organisation says of its staff."""
        count = len(message.members)
        event = by_operator(caller, EventKind.STAFF_DESCRIBED, outcome=Outcome.DONE, count=count)
        with self._context.database.write() as conn:
            self._context.journal.record(conn, person=None, event=event)
            for each in message.members:
                tags = Tags(each.tags.surname, each.tags.address)
                member = Member(frozenset(each.teams), caller.operator, tags)
                self._store.describe(conn, caller.organisation, OperatorId(each.operator), member)
            members = self._store.members(conn, caller.organisation)
        return StaffDescribed(members=members)

    def watch(self, caller: PersonCaller, message: Watched) -> Watched:
        """Keep the person's wish to be watched over closely, or not."""
        event = Event(
            kind=EventKind.WATCH_CHOSEN, outcome=Outcome.DONE, detail={"watch": message.choice.value}
        )
        with self._context.database.write() as conn:
            self._context.journal.record(conn, person=caller.pseudonym, event=event)
            if message.choice is WatchChoice.CLOSELY:
                self._store.watch(conn, caller.pseudonym)
            else:
                self._store.unwatch(conn, caller.pseudonym)
        return message

    def watched(self, caller: PersonCaller) -> WatchedUse:
        """Return the person's wish, and what explains the newest reads. Raises: StoredLogDamagedError."""
        with self._context.database.read() as conn:
            closely = self._store.is_watched(conn, caller.pseudonym)
            try:
                explained = self._explaining.of(conn, caller.pseudonym)
            except (ColumnError, LogError) as error:
                raise StoredLogDamagedError from error
        choice = WatchChoice.CLOSELY if closely else WatchChoice.USUAL
        return WatchedUse(choice=choice, explained=explained)

    def _check(self, message: RegisterRelationship) -> None:
        longest = self._centre.settings.relationship_days
        if not (message.operators or message.teams):
            raise MalformedRequestError(
                "Name the professionals or the teams that have to do with the person."
            )
        if not 0 < message.end - message.start <= longest * DAY_SECONDS:
            raise MalformedRequestError(
                f"A relationship ends after it begins, and at most {longest} days later."
            )

    def _moment(self, seconds: int) -> datetime:
        return datetime.fromtimestamp(seconds, UTC)

    def _open(self, token: str, caller: OperatorCaller) -> VerifiedPseudonym:
        try:
            return self._centre.open_token(token, caller.organisation)
        except PseudonymTokenError as error:
            raise ForbiddenError(str(error)) from error

    def _between(self, conn: Connection, person: Pseudonym, caller: OperatorCaller) -> list[KeptRelationship]:
        try:
            return self._store.between(conn, person, caller.organisation)
        except ColumnError as error:
            raise IntegrityError(str(error)) from error

    def _own(self, conn: Connection, name: str, caller: OperatorCaller) -> KeptRelationship | None:
        try:
            return self._store.own(conn, name, caller.organisation)
        except ColumnError as error:
            raise IntegrityError(str(error)) from error


def _relationship(message: RegisterRelationship, caller: OperatorCaller) -> Relationship:
    return Relationship(
        message.kind,
        frozenset(OperatorId(each) for each in message.operators),
        frozenset(message.teams),
        message.start,
        message.end,
        caller.operator,
        Tags(message.tags.surname, message.tags.address),
    )


def _shown(kept: KeptRelationship) -> RegisteredRelationship:
    held = kept.relationship
    return RegisteredRelationship(
        id=kept.id,
        kind=held.kind,
        operators=sorted(held.operators),
        teams=sorted(held.teams),
        start=held.start,
        end=held.end,
        by=held.by,
    )
