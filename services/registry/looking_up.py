"""Look-ups by officials (J1-J3, J11); every question is in the log, with each person it named, before it is answered.

1. the operator's role and the task are on the closed lists;
2. the card is not stopped;
3. each question has one of the allowed forms;
4. at most 50 people fit;
5. what is told is counted, and beyond the limit the card is stopped and nothing is told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.contracts.oversight.humans import Account
from services.contracts.oversight.register import Directory
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
from services.kit.operator_events import by_operator
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
from services.registry.throttle import CardState, Pace


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
    directory = registry.register.directory()
    with registry.context.database.write() as conn:
        requests = _by_own_names(registry, conn, requests)
        desk = _Desk(registry, conn, _residents(registry, conn, requests), directory)
        desk.hold(each.asked.caller for each in requests if each.refusal is None)
        decisions = [_decide(desk, each) for each in requests]
        desk.keep()
        _record(desk, requests, decisions)
    return decisions


def _record(desk: "_Desk", requests: Sequence[LookUpRequest], decisions: Sequence[Decision]) -> None:
    """Log what was decided: of a part of a file one leaf, in which each person who was named finds their own."""
    journal, singly = desk.registry.context.journal, list[DatedEvent]()
    for request, decision in zip(requests, decisions, strict=True):
        together = [each for each in decision.events if each.person is not None]
        if request.asked.pace is Pace.SINGLE or not together:
            singly += decision.events
            continue
        singly += [each for each in decision.events if each.person is None]
        journal.record_bulk(desk.conn, _summary(request.asked, decision, len(together)), together)
    if singly:
        journal.record_all(desk.conn, singly)


@dataclass(slots=True)
class _Desk:
    """One transaction in which requests are decided; what they have in common is read and written once."""

    registry: Registry
    conn: Connection
    known: Mapping[Pseudonym, Resident]
    humans: Directory
    states: dict[Account, CardState] = field(default_factory=dict)

    def hold(self, callers: Iterable[OperatorCaller]) -> None:
        """Lock the rows of all cards, in one order for everybody, so that no two wait for each other in a circle."""
        for card in sorted({card for each in callers for card in self._cards(each)}):
            self.states[card] = self.registry.throttle.held(self.conn, card)

    def stopped(self, caller: OperatorCaller) -> bool:
        """Tell whether a card of the human who asks is stopped."""
        return any(self.states[card].stopped is not None for card in self._cards(caller))

    def count(self, asked: Asked, number: int, *, now: int) -> CardState:
        """Count what is to be told; return the card's state after it."""
        limit, own = self.registry.limit(asked.pace), _card(asked.caller)
        others = [self.states[card] for card in self._cards(asked.caller) if card != own]
        state = self.states[own].counted(asked.pace, number, now=now, limit=limit, besides=others)
        self.states[own] = state
        return state

    def keep(self) -> None:
        """Write the states of all cards."""
        for card, state in self.states.items():
            self.registry.throttle.keep(self.conn, card, state)

    def _cards(self, caller: OperatorCaller) -> Sequence[Account]:
        return self.humans.accounts(caller.organisation, caller.operator)


def _card(caller: OperatorCaller) -> Account:
    return Account(caller.organisation, caller.operator)


def _decide(desk: _Desk, request: LookUpRequest) -> Decision:
    asked = request.asked
    if request.refusal is not None:
        return _refused(request, request.refusal)
    if desk.stopped(asked.caller):
        return _refused(request, LookUpRefusal.CARD_STOPPED)
    judged = [_judge(desk, each) for each in request.questions]
    now = epoch_seconds(desk.registry.context.clock())
    if desk.count(asked, sum(each.cost for each in judged), now=now).stopped is not None:
        return _refused(request, LookUpRefusal.CARD_STOPPED, [DatedEvent(None, _stop(asked, now))])
    events = [event for each in judged for event in _events(asked, each)]
    return Decision([each.verdict for each in judged], None, events)


def _refused(request: LookUpRequest, code: LookUpRefusal, also: Sequence[DatedEvent] = ()) -> Decision:
    judged = [Judged(each, code, _person(each)) for each in request.questions]
    return Decision([], code, [*also, *(event for each in judged for event in _events(request.asked, each))])


def _by_own_names(
    registry: Registry, conn: Connection, requests: Sequence[LookUpRequest]
) -> list[LookUpRequest]:
    named = [each.named for request in requests for each in request.questions if each.named is not None]
    own = iter(registry.own_names(conn, named) if named else [])
    return [
        replace(
            request,
            questions=[
                each if each.named is None else replace(each, named=next(own)) for each in request.questions
            ],
        )
        for request in requests
    ]


def _residents(
    registry: Registry, conn: Connection, requests: Sequence[LookUpRequest]
) -> Mapping[Pseudonym, Resident]:
    people = [
        each.named.pseudonym
        for request in requests
        if request.refusal is None
        for each in request.questions
        if each.named is not None
    ]
    return registry.store.residents(conn, people) if people else {}


def _judge(desk: _Desk, read: ReadQuestion) -> Judged:
    if isinstance(read.question, LookUpRefusal):
        return Judged(read, read.question)
    if read.named is not None:
        person = desk.registry.use_up(desk.conn, read.named)
        someone = desk.known.get(person)
        return Judged(read, Provision([] if someone is None else [(person, someone)]), person)
    try:
        return Judged(read, Provision(desk.registry.look_ups.found(desk.conn, read.question)))
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
    about = _about(asked, reason)
    return replace(
        about,
        categories=tuple(sorted(BasicItem)) if hits else (),
        count=hits,
        detail={**(about.detail or {}), **form},
    )


def _about(asked: Asked, reason: LookUpRefusal | None) -> Event:
    batch = {} if asked.batch is None else {"batch": asked.batch}
    return by_operator(
        asked.caller,
        EventKind.LOOK_UP,
        outcome=Outcome.PERMITTED if reason is None else Outcome.REFUSED,
        purpose=asked.task,
        reason=reason,
        detail={"case": asked.case, **batch},
    )


def _summary(asked: Asked, decision: Decision, parts: int) -> Event:
    return replace(_about(asked, decision.refusal), count=parts)


def _stop(asked: Asked, now: int) -> Event:
    return by_operator(
        asked.caller,
        EventKind.LOOK_UPS_STOPPED,
        outcome=Outcome.DONE,
        detail={"pace": asked.pace.value, "since": now},
    )
