"""An honest fake of the medical centre's decision endpoint (AuthZEN); the contract tests keep it true.

It gives one page of a search, and no `obligations` and `basedOn`: nobody here reads them.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from consent.by_category import decide_by_category
from consent.compartments import YearSpan
from consent.decision import AccessRequest, HeldDirective
from consent.errors import MalformedError, UnknownPurposeError
from consent.explanations import RefusalCode
from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from consent.purposes import named
from consent.recipients import Reader
from consent.vocabulary import Category, Purpose
from services.contracts.fake_credentials import problem
from services.contracts.medical import authzen as a
from services.contracts.oversight.register import Directory, Role, roles_of
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller
from services.kit.http import Token

MALFORMED = (400, "malformed_request")
READS = frozenset({Role.READER.value})
SOMEBODY = OperatorId("somebody whom no directive names")
Properties = dict[str, JsonValue]


@dataclass(frozen=True)
class FakeDecisions:
    """Serves what `AuthZenClient` asks; `person_of` opens a pseudonym token and uses it up (None: it names nobody)."""

    callers: Callable[[Token], Caller]
    person_of: Callable[[str], Pseudonym | None]
    held: Callable[[Pseudonym], Sequence[HeldDirective]]
    directory: Callable[[], Directory]
    clock: Callable[[], datetime]

    def evaluation(self, message: a.Evaluation, *, token: Token) -> a.Decided:
        """See `AuthZenClient`."""
        return self._asking(token).decide(message.subject, message.action, message.resource)

    def evaluations(self, message: a.Evaluations, *, token: Token) -> a.DecidedEach:
        """See `AuthZenClient`."""
        asking, semantic = self._asking(token), message.options.evaluations_semantic
        last = {a.Semantic.DENY_ON_FIRST_DENY: False, a.Semantic.PERMIT_ON_FIRST_PERMIT: True}.get(semantic)
        told: list[a.Decided] = []
        for each in message.each():
            if each is None:
                told.append(a.Decided(decision=False, context={"error": {"status": 400}}))
            else:
                told.append(asking.decide(each.subject, each.action, each.resource))
            if told[-1].decision is last:
                break
        return a.DecidedEach(evaluations=told)

    def search_resource(self, message: a.ResourceSearch, *, token: Token) -> a.Results:
        """See `AuthZenClient`."""
        asking, kind = self._asking(token), message.resource.type
        return _results(
            {"type": kind, "id": each.value}
            for each in Category
            if asking.decide(
                message.subject,
                message.action,
                a.Resource(type=kind, id=each.value, properties=message.resource.properties),
            ).decision
        )

    def search_action(self, message: a.ActionSearch, *, token: Token) -> a.Results:
        """See `AuthZenClient`."""
        asking = self._asking(token)
        return _results(
            {"name": a.READ, "properties": {"purpose": each.value}}
            for each in Purpose
            if asking.decide(
                message.subject,
                a.Action(name=a.READ, properties={"purpose": each.value}),
                message.resource,
            ).decision
        )

    def _asking(self, token: Token) -> "_Asking":
        return _Asking(self, self.callers(token), {})


@dataclass(frozen=True)
class _Asking:
    fake: FakeDecisions
    caller: Caller
    people: dict[str, Pseudonym | None]

    def decide(self, subject: a.Subject, action: a.Action, resource: a.Resource) -> a.Decided:
        categories = frozenset(Category) if resource.id == a.EVERY_CATEGORY else frozenset({resource.id})
        kinds = {each.value for each in a.SubjectType}
        if subject.type not in kinds or action.name != a.READ or resource.type != a.RECORDS:
            return _no(RefusalCode.NO_PERMISSION)
        organisation, operator, years, wanted = _read(subject, action, resource)
        if not categories <= set(Category):
            return _no(RefusalCode.NO_PERMISSION)
        try:
            purpose = named(wanted)
        except UnknownPurposeError:
            return _no(RefusalCode.UNKNOWN_PURPOSE)
        person = self._person(resource, organisation, operator)
        roles = self._roles(organisation, operator)
        if isinstance(roles, RefusalCode):
            return _no(roles)
        if person is None:
            return _no(RefusalCode.SUBJECT_UNKNOWN)
        reader = Reader(organisation, operator or SOMEBODY, roles)
        chosen = frozenset(Category(each) for each in categories)
        request = AccessRequest(reader, chosen, years, purpose, self.fake.clock())
        return _told(request, self.fake.held(person))

    def _person(
        self, resource: a.Resource, organisation: OrganisationId, operator: OperatorId | None
    ) -> Pseudonym | None:
        caller = self.caller
        if isinstance(caller, PersonCaller):
            return caller.pseudonym
        if not isinstance(caller, OperatorCaller):
            raise problem(403, "forbidden")
        token = resource.properties.get("person")
        if not isinstance(token, str):
            raise problem(*MALFORMED)
        if organisation != caller.organisation or operator not in (None, caller.operator):
            raise problem(403, "forbidden")
        if token not in self.people:
            self.people[token] = self.fake.person_of(token)
        return self.people[token]

    def _roles(
        self, organisation: OrganisationId, operator: OperatorId | None
    ) -> frozenset[str] | RefusalCode:
        directory = self.fake.directory()
        if isinstance(self.caller, OperatorCaller):
            return self.caller.roles
        if operator is not None:
            known = directory.operator(organisation, operator) is not None
            roles = directory.roles(organisation, operator)
        else:
            there = directory.organisation(organisation)
            known = there is not None
            roles = frozenset(each.value for each in roles_of(there.kind)) if there else frozenset()
        if not known:
            return RefusalCode.NOT_ACCREDITED
        return roles & READS or RefusalCode.ROLE_MISSING


def _read(
    subject: a.Subject, action: a.Action, resource: a.Resource
) -> tuple[OrganisationId, OperatorId | None, YearSpan, str]:
    purpose, years = action.properties.get("purpose"), resource.properties.get("years")
    organisation: JsonValue = subject.id
    operator = None
    if subject.type == a.SubjectType.OPERATOR:
        organisation, operator = subject.properties.get("organisation"), OperatorId(subject.id)
    first, last = (years.get("first"), years.get("last")) if isinstance(years, dict) else (None, None)
    if not isinstance(purpose, str) or not isinstance(organisation, str):
        raise problem(*MALFORMED)
    if not isinstance(first, int) or not isinstance(last, int):
        raise problem(*MALFORMED)
    try:
        return OrganisationId(organisation), operator, YearSpan(first, last), purpose
    except MalformedError:
        raise problem(*MALFORMED) from None


def _told(request: AccessRequest, held: Sequence[HeldDirective]) -> a.Decided:
    near = [each for each in held if each.terms.recipient.organisation in (None, request.reader.organisation)]
    parts = decide_by_category(request, near)
    redacted: Properties = {
        category.value: {"code": refusal.code.value} for category, refusal in parts.redacted.items()
    }
    if parts.permitted:
        context: Properties = {"decision": "CONSENT_PERMIT", "code": "permitted"}
        return a.Decided(decision=True, context=context | ({"redacted": redacted} if redacted else {}))
    codes = [each.code for each in parts.redacted.values()]
    denied = RefusalCode.DENIED_BY_PERSON in codes
    code = RefusalCode.DENIED_BY_PERSON if denied else codes[0]
    context = {"decision": "CONSENT_DENY" if denied else "NO_CONSENT", "code": code.value}
    return a.Decided(decision=False, context=context | ({"redacted": redacted} if len(redacted) > 1 else {}))


def _no(code: RefusalCode) -> a.Decided:
    return a.Decided(decision=False, context={"decision": "NO_CONSENT", "code": code.value})


def _results(found: Iterable[Properties]) -> a.Results:
    told = list(found)
    return a.Results(results=told, page=a.PageTold(next_token="", count=len(told), total=len(told)))
