"""Answers what may be read, without reading: a recipient asks about itself, a person about everybody.

What a recipient asks is an entry in the history of each person it named, one for each request however many
evaluations it holds. What people ask about their own directives tells nobody anything and is not logged.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection

from consent.decision import HeldDirective
from consent.explanations import RefusalCode
from consent.identifiers import OrganisationId, Pseudonym
from consent.reasons import explain_to_person, explain_to_reader
from consent.terms import Effect
from consent.vocabulary import Body, Category, Purpose
from services.contracts.medical import authzen as a
from services.contracts.oversight.register import roles_of
from services.directives.errors import StoredDirectiveChangedError
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError, VerifiedPseudonym
from services.kit.egress import egress
from services.kit.journal import DatedEvent
from services.kit.permissions import policies
from services.kit.problems import ForbiddenError, MalformedRequestError, ProblemError
from services.medical.centre import Centre
from services.medical.errors import StoredDirectiveDamagedError
from services.medical.questions import (
    Found,
    Properties,
    Question,
    decided,
    event_of,
    page_of,
    question,
    refused,
    told_of,
    until,
    wrong,
)

T = TypeVar("T")
Caller: TypeAlias = OperatorCaller | PersonCaller
Ask: TypeAlias = Callable[[a.Subject, a.Action, a.Resource], Found]
READING = "read-records"
TO = "the recipient that asks, about itself; the person whose directives they are"
FIELDS = "yes or no by category, the permission that it rests on, what is missing; of a refusal only that there is one"
GROUND = "the person's directives, verified, and a pseudonym token that the ID centre gave this organisation"


@dataclass
class _Asking:
    """One request while it is answered: whom its tokens name, and what was said about whom."""

    caller: Caller
    named: dict[str, VerifiedPseudonym | None] = field(default_factory=dict)
    held: dict[tuple[Pseudonym, OrganisationId], list[HeldDirective]] = field(default_factory=dict)
    said: list[tuple[Pseudonym | None, Question, str | None]] = field(default_factory=list)


class Evaluating:
    """The policy decision point."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._context = centre.context

    @egress(
        to=TO,
        fields=FIELDS,
        purpose="asking before reading",
        ground=GROUND,
        answers=(f"POST {a.EVALUATION}",),
    )
    def evaluation(self, caller: Caller, message: a.Evaluation) -> a.Decided:
        """Decide once. Raises: MalformedRequestError, ForbiddenError, ReplayError, StoredDirectiveDamagedError."""
        return self._answered(
            caller, lambda ask: ask(message.subject, message.action, message.resource)
        ).answer

    @egress(
        to=TO,
        fields=FIELDS,
        purpose="asking before reading",
        ground=GROUND,
        answers=(f"POST {a.EVALUATIONS}",),
    )
    def evaluations(self, caller: Caller, message: a.Evaluations) -> a.DecidedEach | a.Decided:
        """Decide several times; without a list of evaluations it is one evaluation. Raises: as `evaluation`."""
        if not message.evaluations:
            single = message.single()
            if single is None:
                raise MalformedRequestError("subject, action and resource are needed, each of its form")
            return self.evaluation(caller, single)

        def each(ask: Ask) -> Iterator[Found]:
            for one in message.each():
                try:
                    if one is None:
                        yield wrong(400, "subject, action and resource are needed, each of its form")
                    else:
                        yield ask(one.subject, one.action, one.resource)
                except MalformedRequestError as error:
                    yield wrong(400, error.detail)

        semantic = message.options.evaluations_semantic
        found = self._answered(caller, lambda ask: until(semantic, each(ask)))
        return a.DecidedEach(evaluations=[one.answer for one in found])

    @egress(
        to=TO, fields=FIELDS, purpose="asking who may", ground=GROUND, answers=(f"POST {a.SEARCH}/subject",)
    )
    def subjects(self, caller: Caller, message: a.SubjectSearch) -> a.Results:
        """Return who may; to a recipient only itself. Raises: as `evaluation`."""
        chosen = [
            a.Subject(type=message.subject.type, id=name, properties=properties)
            for name, properties in self._candidates(caller, message.subject.type)
        ]
        found = self._answered(
            caller,
            lambda ask: [
                each.model_dump(mode="json")
                for each in chosen
                if ask(each, message.action, message.resource).answer.decision
            ],
        )
        return page_of(found, message.page)

    @egress(
        to=TO,
        fields=FIELDS,
        purpose="asking what may be read",
        ground=GROUND,
        answers=(f"POST {a.SEARCH}/resource",),
    )
    def resources(self, caller: Caller, message: a.ResourceSearch) -> a.Results:
        """Return which categories somebody may read. Raises: as `evaluation`."""
        kind, properties = message.resource.type, message.resource.properties
        chosen = [a.Resource(type=kind, id=each.value, properties=properties) for each in Category]
        found = self._answered(
            caller,
            lambda ask: [
                each.model_dump(mode="json", exclude={"properties"})
                for each in chosen
                if ask(message.subject, message.action, each).answer.decision
            ],
        )
        return page_of(found, message.page)

    @egress(
        to=TO,
        fields=FIELDS,
        purpose="asking for what it may be read",
        ground=GROUND,
        answers=(f"POST {a.SEARCH}/action",),
    )
    def actions(self, caller: Caller, message: a.ActionSearch) -> a.Results:
        """Return for which purposes somebody may read. Raises: as `evaluation`."""
        chosen = [a.Action(name=a.READ, properties={"purpose": each.value}) for each in Purpose]
        found = self._answered(
            caller,
            lambda ask: [
                each.model_dump(mode="json")
                for each in chosen
                if ask(message.subject, each, message.resource).answer.decision
            ],
        )
        return page_of(found, message.page)

    def _answered(self, caller: Caller, work: Callable[[Ask], T]) -> T:
        asking = _Asking(caller)
        try:
            with self._reading() as conn:
                answer = work(
                    lambda subject, action, resource: self._ask(
                        conn, asking, question(subject, action, resource)
                    )
                )
            self._record(asking)
        except MalformedRequestError:
            raise
        except ProblemError as problem:
            self._record_refusal(asking, problem.problem.code)
            raise
        return answer

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        try:
            with self._context.database.read() as conn:
                yield conn
        except StoredDirectiveChangedError as error:
            raise StoredDirectiveDamagedError(error.detail) from error

    def _ask(self, conn: Connection, asking: _Asking, asked: Question | RefusalCode) -> Found:
        if isinstance(asked, RefusalCode):
            return refused(asked)
        person = self._person(asking, asked)
        found = self._decide(conn, asking, asked, person)
        asking.said.append((person, asked, found.code))
        return found

    def _person(self, asking: _Asking, asked: Question) -> Pseudonym | None:
        caller = asking.caller
        if isinstance(caller, PersonCaller):
            return caller.pseudonym
        if asked.person is None:
            raise MalformedRequestError(
                "resource.properties.person is needed: a pseudonym token for this centre"
            )
        if asked.person not in asking.named:
            try:
                opened = self._centre.open_token(asked.person, caller.organisation)
            except PseudonymTokenError:
                opened = None
            asking.named[asked.person] = opened
        named = asking.named[asked.person]
        if asked.organisation != caller.organisation or asked.operator not in (None, caller.operator):
            raise ForbiddenError("a recipient asks about itself only; the person may ask about everybody")
        return named.pseudonym if named is not None else None

    def _decide(self, conn: Connection, asking: _Asking, asked: Question, person: Pseudonym | None) -> Found:
        roles = self._roles(asking.caller, asked)
        if isinstance(roles, RefusalCode):
            return refused(roles)
        if person is None:
            return refused(RefusalCode.SUBJECT_UNKNOWN)
        held = asking.held.get((person, asked.organisation))
        if held is None:
            held = self._held(conn, person, asked.organisation)
            asking.held[person, asked.organisation] = held
        own = isinstance(asking.caller, PersonCaller)
        words = explain_to_person if own else explain_to_reader
        request = asked.request(roles, now=self._context.clock())
        return decided(request, held, words=words, link=lambda name: f"urn:sekisho:directive:{name}")

    def _roles(self, caller: Caller, asked: Question) -> frozenset[str] | RefusalCode:
        directory = self._centre.register.directory()
        if isinstance(caller, OperatorCaller):
            return caller.roles  # the route has let in who may read
        if asked.operator is not None:
            if directory.operator(asked.organisation, asked.operator) is None:
                return RefusalCode.NOT_ACCREDITED
            roles = directory.roles(asked.organisation, asked.operator)
        else:
            organisation = directory.organisation(asked.organisation)
            if organisation is None:
                return RefusalCode.NOT_ACCREDITED
            roles = frozenset(role.value for role in roles_of(organisation.kind))
        reading = frozenset(each for each in roles if policies().permits([each], READING, Body.MEDICAL))
        return reading or RefusalCode.ROLE_MISSING

    def _held(self, conn: Connection, person: Pseudonym, organisation: OrganisationId) -> list[HeldDirective]:
        store = self._centre.directives
        wallet = store.wallet(conn, person)
        if wallet is None:
            return []
        return [
            each.held
            for each in store.of_person_for(conn, person, organisation)
            if each.terms.effect is Effect.DENY or each.signed_by(wallet)
        ]

    def _candidates(self, caller: Caller, kind: str) -> list[tuple[str, Properties]]:
        if isinstance(caller, OperatorCaller):
            own: dict[str, list[tuple[str, Properties]]] = {
                a.SubjectType.OPERATOR: [(caller.operator, {"organisation": caller.organisation})],
                a.SubjectType.ORGANISATION: [(caller.organisation, {})],
            }
            return own.get(kind, [])
        with self._reading() as conn:
            directives = self._centre.directives.of_person(conn, caller.pseudonym)
        named = {each.terms.recipient for each in directives if each.terms.effect is Effect.PERMIT}
        if kind == a.SubjectType.ORGANISATION:
            return [(each, {}) for each in sorted({each.required() for each in named})]
        if kind == a.SubjectType.OPERATOR:
            people = {(each.professional, each.required()) for each in named if each.professional is not None}
            return [(name, {"organisation": where}) for name, where in sorted(people)]
        return []

    def _record(self, asking: _Asking) -> None:
        if not isinstance(asking.caller, OperatorCaller):
            return
        caller = asking.caller
        people = dict.fromkeys(person for person, _, _ in asking.said)
        events = [
            DatedEvent(
                person,
                told_of(event_of(caller), [(q, code) for whose, q, code in asking.said if whose == person]),
            )
            for person in people
        ]
        with self._context.database.write() as conn:
            for opened in asking.named.values():
                if opened is not None:
                    self._centre.use_token(conn, opened)
            if events:
                self._context.journal.record_all(conn, events)

    def _record_refusal(self, asking: _Asking, code: str) -> None:
        if not isinstance(asking.caller, OperatorCaller):
            return
        people = {opened.pseudonym for opened in asking.named.values() if opened is not None}
        event = replace(event_of(asking.caller), reason=code)
        with self._context.database.write() as conn:
            self._context.journal.record_all(conn, [DatedEvent(person, event) for person in sorted(people)])
