"""Look-ups by officials (J1-J3, J11), one transaction each; every question is in the log, with each person it named.

1. the operator's role and the task are on the closed lists;
2. the card is not stopped;
3. each question has one of the allowed forms;
4. at most 50 people fit;
5. what is told is counted, and beyond the limit the card is stopped and nothing is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.contracts.registry.forms import Form, Question, question_of
from services.contracts.registry.look_ups import (
    BatchLookedUp,
    LookedUp,
    LookUp,
    LookUpBatch,
    LookUpRefusal,
    Query,
    asked_by_number,
)
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import VerifiedPseudonym
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import DatedEvent
from services.registry import egress
from services.registry.centre import Registry
from services.registry.errors import LookUpRefusedError
from services.registry.look_up_store import Entry, TooManyHitsError
from services.registry.policy import look_up_refusal
from services.registry.tasks import listed_tasks
from services.registry.throttle import Pace


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks and for what, common to all questions of a request."""

    caller: OperatorCaller
    task: str
    case: str
    pace: Pace
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Provision:
    """A yes: who is told of, judged and in the log; what `egress` needs to say anything."""

    hits: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class _Read:
    """A question as it was read, with whom the ID centre's token names."""

    question: Question | LookUpRefusal
    named: VerifiedPseudonym | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    """What becomes of a question; `person` is whom a number names, registered or not."""

    read: _Read
    verdict: Provision | LookUpRefusal
    person: Pseudonym | None = None


def look_up(registry: Registry, caller: OperatorCaller, message: LookUp) -> LookedUp:
    """Answer one question. Raises: LookUpRefusedError (logged), PseudonymTokenError, ReplayError."""
    asked = Asked(caller, message.task, message.case, Pace.SINGLE)
    (verdict,) = _answer(registry, asked, [message.query])
    if isinstance(verdict, LookUpRefusal):
        raise LookUpRefusedError(verdict)
    return egress.looked_up(verdict.hits)


def look_up_batch(registry: Registry, caller: OperatorCaller, message: LookUpBatch) -> BatchLookedUp:
    """Answer the rows of a part of a file, each as if it were asked alone; one token that is not good refuses all.

    Raises: as `look_up`, where the role, the task or a stopped card refuses the whole part.
    """
    asked = Asked(caller, message.task, message.case, Pace.BATCH, message.batch)
    verdicts = _answer(registry, asked, message.queries)
    return egress.batch_looked_up(
        [each if isinstance(each, LookUpRefusal) else each.hits for each in verdicts]
    )


def _answer(registry: Registry, asked: Asked, queries: Sequence[Query]) -> list[Provision | LookUpRefusal]:
    refusal = _not_allowed(registry, asked)
    read = [_read(registry, asked, query) for query in queries]
    with registry.context.database.write() as conn:
        now = epoch_seconds(registry.context.clock())
        state = registry.throttle.held(conn, asked.caller)
        if refusal is None and state.stopped is not None:
            refusal = LookUpRefusal.CARD_STOPPED
        judged = [_judge(registry, conn, each) for each in read] if refusal is None else []
        if refusal is None:
            limit = registry.limit(asked.pace)
            state = state.counted(asked.pace, sum(map(_cost, judged)), now=now, limit=limit)
            registry.throttle.keep(conn, asked.caller, state)
        if refusal is None and state.stopped is not None:
            refusal = LookUpRefusal.CARD_STOPPED
            _record(registry, conn, [DatedEvent(None, _stop(asked, now))])
        if refusal is not None:
            judged = [_Judged(each, refusal, _person(each)) for each in read]
        _record(registry, conn, [event for each in judged for event in _events(asked, each)])
    if refusal is not None:
        raise LookUpRefusedError(refusal)
    return [each.verdict for each in judged]


def _not_allowed(registry: Registry, asked: Asked) -> LookUpRefusal | None:
    organisation = registry.register.directory().organisation(asked.caller.organisation)
    kind = organisation.kind if organisation is not None else None
    return look_up_refusal(asked.caller.roles, kind, asked.task, listed=listed_tasks())


def _read(registry: Registry, asked: Asked, query: Query) -> _Read:
    question = question_of(query)
    if isinstance(question, LookUpRefusal) or question.form is not Form.NUMBER or query.token is None:
        return _Read(question)
    return _Read(question, registry.whom(query.token, asked_by_number(asked.caller.organisation)))


def _judge(registry: Registry, conn: Connection, read: _Read) -> _Judged:
    if isinstance(read.question, LookUpRefusal):
        return _Judged(read, read.question)
    if read.named is not None:
        person = registry.use_up(conn, read.named)
        someone = registry.store.resident(conn, person)
        return _Judged(read, Provision([] if someone is None else [(person, someone)]), person)
    try:
        return _Judged(read, Provision(registry.look_ups.found(conn, read.question)))
    except TooManyHitsError:
        return _Judged(read, LookUpRefusal.TOO_MANY)


def _cost(judged: _Judged) -> int:
    return max(1, len(judged.verdict.hits)) if isinstance(judged.verdict, Provision) else 1


def _person(read: _Read) -> Pseudonym | None:
    return None if read.named is None else read.named.pseudonym


def _events(asked: Asked, judged: _Judged) -> list[DatedEvent]:
    if isinstance(judged.verdict, LookUpRefusal):
        return [DatedEvent(judged.person, _event(asked, judged, reason=judged.verdict))]
    people: list[Pseudonym | None] = [person for person, _ in judged.verdict.hits]
    return [DatedEvent(person, _event(asked, judged)) for person in people or [judged.person]]


def _event(asked: Asked, judged: _Judged, *, reason: LookUpRefusal | None = None) -> Event:
    question, verdict = judged.read.question, judged.verdict
    hits = len(verdict.hits) if isinstance(verdict, Provision) else None
    form = {} if isinstance(question, LookUpRefusal) else {"form": question.form.value}
    batch = {} if asked.batch is None else {"batch": asked.batch}
    return Event(
        kind=EventKind.LOOK_UP,
        outcome=Outcome.PERMITTED if reason is None else Outcome.REFUSED,
        organisation=asked.caller.organisation,
        operator=asked.caller.operator,
        terminal=asked.caller.terminal,
        purpose=asked.task,
        categories=tuple(sorted(BasicItem)) if hits else (),
        count=hits,
        reason=reason,
        detail={"case": asked.case, **form, **batch},
    )


def _stop(asked: Asked, now: int) -> Event:
    return Event(
        kind=EventKind.LOOK_UPS_STOPPED,
        outcome=Outcome.DONE,
        organisation=asked.caller.organisation,
        operator=asked.caller.operator,
        terminal=asked.caller.terminal,
        detail={"pace": asked.pace.value, "since": now},
    )


def _record(registry: Registry, conn: Connection, events: Sequence[DatedEvent]) -> None:
    registry.context.journal.record_all(conn, events)
