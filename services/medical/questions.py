"""AuthZEN's words in ours and back: a question about one person's records, and a decision in the shape of LEAP.

Source: OpenID AuthZEN Authorization API 1.0; LEAP Consent Decision Service for `context`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from pydantic import JsonValue, ValidationError

from consent.by_category import ByCategory, decide_by_category
from consent.compartments import YearSpan
from consent.decision import AccessRequest, HeldDirective, Obligation, Permit, Refusal
from consent.errors import MalformedError, UnknownPurposeError
from consent.explanations import Explanation, RefusalCode, explain
from consent.identifiers import OperatorId, OrganisationId
from consent.purposes import named
from consent.recipients import Reader
from consent.vocabulary import Category, Purpose
from services.contracts.medical import authzen as a
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.problems import MalformedRequestError

ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CATEGORY_SYSTEM, OBLIGATION_SYSTEM = "urn:sekisho:category", "urn:sekisho:obligation"
NOBODY: Final = OperatorId("somebody whom no directive names")
Properties = dict[str, JsonValue]
Words = Callable[[Permit | Refusal, AccessRequest, Iterable[HeldDirective]], Explanation]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, before it is known who the person is and which roles the reader has."""

    organisation: OrganisationId
    operator: OperatorId | None
    categories: frozenset[Category]
    years: YearSpan
    purpose: Purpose
    person: str | None

    def request(self, roles: frozenset[str], *, now: datetime) -> AccessRequest:
        """Return what is decided upon; without an operator: of somebody there whom no directive names."""
        reader = Reader(self.organisation, self.operator or NOBODY, roles)
        return AccessRequest(reader, self.categories, self.years, self.purpose, now)


class _Years(a.Tolerant):
    first: int
    last: int


class _Records(a.Tolerant):
    years: _Years
    person: str | None = None


class _Reading(a.Tolerant):
    purpose: a.Text


class _Operator(a.Tolerant):
    organisation: a.Text


def question(subject: a.Subject, action: a.Action, resource: a.Resource) -> Question | RefusalCode:
    """Return what is asked, or why nothing can be: it is about something or for something that is not known here.

    Raises: MalformedRequestError when an attribute is missing or wrong.
    """
    categories = {each.value: frozenset({each}) for each in Category} | {
        a.EVERY_CATEGORY: frozenset(Category)
    }
    known = {each.value for each in a.SubjectType}
    if subject.type not in known or action.name != a.READ or resource.type != a.RECORDS:
        return RefusalCode.NO_PERMISSION
    try:
        records = _Records.model_validate(resource.properties)
        wanted = _Reading.model_validate(action.properties).purpose
        years = YearSpan(records.years.first, records.years.last)
        organisation, operator = subject.id, None
        if subject.type == a.SubjectType.OPERATOR:
            organisation = _Operator.model_validate(subject.properties).organisation
            operator = OperatorId(subject.id)
    except (ValidationError, MalformedError) as error:
        raise MalformedRequestError(
            "needed are resource.properties.years {first, last}, action.properties.purpose, and of an operator "
            "subject.properties.organisation"
        ) from error
    chosen = categories.get(resource.id)
    if chosen is None:
        return RefusalCode.NO_PERMISSION
    try:
        purpose = named(wanted)
    except UnknownPurposeError:
        return RefusalCode.UNKNOWN_PURPOSE
    return Question(OrganisationId(organisation), operator, chosen, years, purpose, records.person)


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of one question: its answer, and what the log says of it."""

    answer: a.Decided
    code: str | None


def refused(code: RefusalCode) -> Found:
    """Return a no that no directive was looked at for."""
    decision = "NO_CONSENT"
    return Found(
        a.Decided(decision=False, context={"decision": decision, **_said(code.value, explain(code))}),
        code.value,
    )


def wrong(status: int, why: str) -> Found:
    """Return the answer to an evaluation of a batch that cannot be evaluated."""
    error: Properties = {"status": status, "message": why}
    return Found(a.Decided(decision=False, context={"error": error}), "malformed_request")


def decided(
    request: AccessRequest, directives: Sequence[HeldDirective], *, words: Words, link: Callable[[str], str]
) -> Found:
    """Decide by category and tell it: yes where anything is permitted, with what is to be left out."""
    parts = decide_by_category(request, directives)
    redacted: Properties = {
        category.value: _reason(refusal, request, directives, words=words)
        for category, refusal in parts.redacted.items()
    }
    if not parts.permitted:
        nearest = _nearest(parts)
        denied = any(each.code is RefusalCode.DENIED_BY_PERSON for each in parts.redacted.values())
        context: Properties = {
            "decision": "CONSENT_DENY" if denied else "NO_CONSENT",
            **_said(nearest.code.value, words(nearest, request, directives)),
        }
        if len(redacted) > 1:
            context["redacted"] = redacted
        return Found(a.Decided(decision=False, context=context), nearest.code.value)
    first = next(iter(parts.permitted.values()))
    grounds: list[JsonValue] = [
        link(each) for each in sorted({each.directive_id for each in parts.permitted.values()})
    ]
    context = {
        "decision": "CONSENT_PERMIT",
        "obligations": _obligations(parts),
        "basedOn": grounds[0] if len(grounds) == 1 else grounds,
        **_said("permitted", words(first, request, directives)),
    }
    if redacted:
        context["redacted"] = redacted
    return Found(a.Decided(decision=True, context=context), None)


def _nearest(parts: ByCategory) -> Refusal:
    """The refusal that tells most: the person's own word, else the one that lacks least."""
    return min(
        parts.redacted.values(),
        key=lambda each: (
            each.code is not RefusalCode.DENIED_BY_PERSON,
            each.code is RefusalCode.NO_PERMISSION,
            len(each.missing),
        ),
    )


def _reason(
    refusal: Refusal, request: AccessRequest, directives: Sequence[HeldDirective], *, words: Words
) -> Properties:
    return _said(refusal.code.value, words(refusal, request, directives))


def _said(code: str, explanation: Explanation) -> Properties:
    return {"code": code, "reason_user": {"ja": explanation.ja, "en": explanation.en}}


def _obligations(parts: ByCategory) -> list[JsonValue]:
    told: list[JsonValue] = []
    if parts.redacted:
        codes: list[JsonValue] = [{"system": CATEGORY_SYSTEM, "code": each.value} for each in parts.redacted]
        told.append({"id": {"system": ACT_CODE, "code": "REDACT"}, "parameters": {"codes": codes}})
    kept: Mapping[Obligation, list[JsonValue]] = {
        obligation: [
            {"system": CATEGORY_SYSTEM, "code": category.value}
            for category, permit in parts.permitted.items()
            if obligation in permit.obligations
        ]
        for obligation in Obligation
    }
    for obligation, categories in kept.items():
        if categories:
            told.append(
                {
                    "id": {"system": OBLIGATION_SYSTEM, "code": obligation.value},
                    "parameters": {"codes": categories},
                }
            )
    return told


def until(semantic: a.Semantic, answers: Iterable[Found]) -> list[Found]:
    """Take answers in order as far as the semantic of a batch goes; what comes after is not evaluated."""
    taken: list[Found] = []
    last = {a.Semantic.DENY_ON_FIRST_DENY: False, a.Semantic.PERMIT_ON_FIRST_PERMIT: True}.get(semantic)
    for each in answers:
        taken.append(each)
        if each.answer.decision is last:
            break
    return taken


def page_of(found: Sequence[Properties], page: a.Page) -> a.Results:
    """Return one page. Raises: MalformedRequestError for a token that no page gave."""
    if page.token and not (page.token.isascii() and page.token.isdecimal() and len(page.token) < 10):
        raise MalformedRequestError("page.token is not one that an answer gave")
    start = int(page.token or 0)
    end = start + min(page.limit, a.MAX_PAGE)
    part = list(found[start:end])
    next_token = str(end) if end < len(found) else ""
    told = a.PageTold(next_token=next_token, count=len(part), total=len(found))
    return a.Results(results=part, page=told)


def configuration(url: str) -> a.Configuration:
    """Return where everything is."""
    return a.Configuration(
        policy_decision_point=url,
        access_evaluation_endpoint=url + a.EVALUATION,
        access_evaluations_endpoint=url + a.EVALUATIONS,
        search_subject_endpoint=f"{url}{a.SEARCH}/subject",
        search_resource_endpoint=f"{url}{a.SEARCH}/resource",
        search_action_endpoint=f"{url}{a.SEARCH}/action",
        capabilities=[],
    )


def event_of(caller: OperatorCaller) -> Event:
    """Return what the log says of a question before it is answered."""
    return by_operator(caller, EventKind.DECISION_ASKED, outcome=Outcome.REFUSED)


def told_of(event: Event, asked: Sequence[tuple[Question, str | None]]) -> Event:
    """Return what the log says of all questions of one request about one person; a code says why not."""
    questions = [each for each, _ in asked]
    permitted = any(code is None for _, code in asked)
    return replace(
        event,
        outcome=Outcome.PERMITTED if permitted else Outcome.REFUSED,
        reason=None if permitted else asked[0][1],
        purpose=" ".join(sorted({each.purpose.value for each in questions})),
        categories=tuple(sorted({kind.value for each in questions for kind in each.categories})),
        years=(min(each.years.first for each in questions), max(each.years.last for each in questions)),
        count=len(asked),
    )
