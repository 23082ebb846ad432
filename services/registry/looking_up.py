"""Look-ups by officials (J1-J3, J11); every question is in the log, with each person it named, before it is answered.

1. the operator's role and the task are on the closed lists;
2. the card is not stopped;
3. each question has one of the allowed forms;
4. at most 50 people fit;
5. what is told is counted, and beyond the limit the card is stopped and nothing is told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.contracts.registry.forms import Form, question_of
from services.contracts.registry.look_ups import (
    BatchLookedUp,
    LookedUp,
    LookUp,
    LookUpBatch,
    LookUpRefusal,
    Query,
)
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import DatedEvent
from services.registry import egress
from services.registry.centre import Registry
from services.registry.errors import LookUpRefusedError
from services.registry.look_up_model import (
    Asked,
    Decision,
    Judged,
    LookUpRequest,
    Provision,
    ReadQuestion,
)
from services.registry.look_up_store import TooManyHitsError
from services.registry.model import Resident
from services.registry.policy import look_up_refusal
from services.registry.tasks import listed_tasks
from services.registry.throttle import Pace


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


def _answer(
    registry: Registry, asked: Asked, queries: Sequence[Query]
) -> Sequence[Provision | LookUpRefusal]:
    questions = [_read(registry, asked, query) for query in queries]
    request = LookUpRequest(asked, questions, _not_allowed(registry, asked))
    decision = registry.gathered.ask(request, lambda requests: _decide_together(registry, requests))
    if decision.refusal is not None:
        raise LookUpRefusedError(decision.refusal)
    return decision.verdicts


def _not_allowed(registry: Registry, asked: Asked) -> LookUpRefusal | None:
    organisation = registry.register.directory().organisation(asked.caller.organisation)
    kind = organisation.kind if organisation is not None else None
    return look_up_refusal(asked.caller.roles, kind, asked.task, listed=listed_tasks())


def _read(registry: Registry, asked: Asked, query: Query) -> ReadQuestion:
    question = question_of(query)
    if isinstance(question, LookUpRefusal) or question.form is not Form.NUMBER or query.token is None:
        return ReadQuestion(question)
    return ReadQuestion(question, registry.whom_by_number(query.token, asked.caller.organisation))


def _decide_together(registry: Registry, requests: Sequence[LookUpRequest]) -> list[Decision]:
    with registry.context.database.write() as conn:
        decisions = [_decide(registry, conn, each) for each in requests]
        registry.context.journal.record_all(conn, [event for each in decisions for event in each.events])
    return decisions


def _decide(registry: Registry, conn: Connection, request: LookUpRequest) -> Decision:
    asked = request.asked
    request = _by_own_names(registry, conn, request)
    if request.refusal is not None:
        return _refused(request, request.refusal)
    state = registry.throttle.held(conn, asked.caller)
    if state.stopped is not None:
        return _refused(request, LookUpRefusal.CARD_STOPPED)
    judged = _judge_all(registry, conn, request.questions)
    now = epoch_seconds(registry.context.clock())
    told = sum(each.cost for each in judged)
    state = state.counted(asked.pace, told, now=now, limit=registry.limit(asked.pace))
    registry.throttle.keep(conn, asked.caller, state)
    if state.stopped is not None:
        return _refused(request, LookUpRefusal.CARD_STOPPED, [DatedEvent(None, _stop(asked, now))])
    events = [event for each in judged for event in _events(asked, each)]
    return Decision([each.verdict for each in judged], None, events)


def _refused(request: LookUpRequest, code: LookUpRefusal, also: Sequence[DatedEvent] = ()) -> Decision:
    judged = [Judged(each, code, _person(each)) for each in request.questions]
    return Decision([], code, [*also, *(event for each in judged for event in _events(request.asked, each))])


def _by_own_names(registry: Registry, conn: Connection, request: LookUpRequest) -> LookUpRequest:
    named = [each.named for each in request.questions if each.named is not None]
    if not named:
        return request
    own = iter(registry.own_names(conn, named))
    questions = [each if each.named is None else replace(each, named=next(own)) for each in request.questions]
    return replace(request, questions=questions)


def _judge_all(registry: Registry, conn: Connection, questions: Sequence[ReadQuestion]) -> list[Judged]:
    numbered = [registry.use_up(conn, each.named) for each in questions if each.named is not None]
    known = registry.store.residents(conn, numbered) if numbered else {}
    return [
        _judge(registry, conn, each) if each.named is None else _judge_number(each, known)
        for each in questions
    ]


def _judge_number(read: ReadQuestion, known: Mapping[Pseudonym, Resident]) -> Judged:
    person = _person(read)
    someone = None if person is None else known.get(person)
    return Judged(read, Provision([] if person is None or someone is None else [(person, someone)]), person)


def _judge(registry: Registry, conn: Connection, read: ReadQuestion) -> Judged:
    if isinstance(read.question, LookUpRefusal):
        return Judged(read, read.question)
    try:
        return Judged(read, Provision(registry.look_ups.found(conn, read.question)))
    except TooManyHitsError:
        return Judged(read, LookUpRefusal.TOO_MANY)


def _person(read: ReadQuestion) -> Pseudonym | None:
    return None if read.named is None else read.named.pseudonym


def _events(asked: Asked, judged: Judged) -> list[DatedEvent]:
    if isinstance(judged.verdict, LookUpRefusal):
        return [DatedEvent(judged.person, _event(asked, judged, reason=judged.verdict))]
    people: list[Pseudonym | None] = [person for person, _ in judged.verdict.hits]
    event = _event(asked, judged)
    return [DatedEvent(person, event) for person in people or [judged.person]]


def _event(asked: Asked, judged: Judged, *, reason: LookUpRefusal | None = None) -> Event:
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
