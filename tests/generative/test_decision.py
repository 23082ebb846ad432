"""The decision against a slow and obvious oracle that spells every scope out cell by cell."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import event, given, settings
from hypothesis import strategies as st

from consent.by_category import decide_by_category
from consent.compartments import YearSpan
from consent.conditions import UNCONDITIONAL, Conditions, Frequency, FrequencyUnit
from consent.decision import (
    AccessRequest,
    BasicRequest,
    HeldDirective,
    Permit,
    Refusal,
    RefusalCode,
    decide,
    explain,
)
from consent.directives import BasicScope, Directive, Effect, Notice, RecordScope, Terms, VerifiedDirective
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym
from consent.lifecycle import DirectiveState
from consent.recipients import Reader, Recipient
from consent.vocabulary import BasicItem, Body, Category, ConfirmationReason, Purpose

NOW = datetime(2026, 4, 1, tzinfo=UTC)
NOTICE = Notice.of_text("t", text_id="t", version="1", language="ja", refusal_meaning="r")
CATEGORIES = [Category.MEDICATION, Category.CHECKUP, Category.SENSITIVE]
PURPOSES = [Purpose.TREAT, Purpose.HRESCH]
ORGANISATIONS = [OrganisationId("clinic-b"), OrganisationId("clinic-c")]
ROLES = ["reader", "pharmacist"]
DOCTORS = [OperatorId("d1"), OperatorId("d2")]

moments = st.integers(-3, 3).map(lambda days: NOW + timedelta(days=days))
spans = st.tuples(st.integers(2024, 2026), st.integers(2024, 2026)).map(lambda pair: YearSpan(*sorted(pair)))
categories = st.frozensets(st.sampled_from(CATEGORIES), min_size=1)
items = st.frozensets(st.sampled_from(list(BasicItem)), min_size=1)
purposes = st.frozensets(st.sampled_from(PURPOSES), min_size=1)
record_scopes = st.builds(RecordScope, categories, spans)
CONTRACTS = ["loan", "deposit"]
reasons = st.sampled_from(list(ConfirmationReason))
basic_scopes = st.builds(
    BasicScope,
    items,
    st.none() | st.sampled_from(CONTRACTS),
    st.frozensets(reasons) | st.just(frozenset(ConfirmationReason)),
)


readers = st.builds(
    Reader, st.sampled_from(ORGANISATIONS), st.sampled_from(DOCTORS), st.frozensets(st.sampled_from(ROLES))
)
recipients = st.one_of(
    st.builds(Recipient, st.none() | st.sampled_from(ORGANISATIONS), st.none() | st.sampled_from(ROLES)),
    st.builds(Recipient, st.sampled_from(ORGANISATIONS), st.none(), st.sampled_from(DOCTORS)),
)

access = st.builds(AccessRequest, readers, categories, spans, st.sampled_from(PURPOSES), st.just(NOW))
basic = st.builds(
    BasicRequest,
    readers,
    items,
    st.sampled_from(PURPOSES),
    st.sampled_from(CONTRACTS),
    reasons,
    st.just(NOW),
)
requests = st.one_of(access, access, basic)
Request = AccessRequest | BasicRequest


@st.composite
def around(draw: st.DrawFn, request: Request) -> RecordScope | BasicScope:
    """A scope that contains the request, or is it exactly: the cases in which the rule decides."""
    if isinstance(request, BasicRequest):
        extra_items = draw(st.frozensets(st.sampled_from(list(BasicItem))))
        named = {request.reason} | draw(st.frozensets(reasons))
        contract = draw(st.sampled_from([request.contract, request.contract, None]))
        return BasicScope(
            request.items | extra_items, contract, draw(st.sampled_from([frozenset(named), frozenset()]))
        )
    extra, more = draw(st.frozensets(st.sampled_from(CATEGORIES), max_size=1)), draw(spans)
    first, last = min(request.years.first, more.first), max(request.years.last, more.last)
    years = draw(st.sampled_from([request.years, YearSpan(first, last)]))
    return RecordScope(request.categories | extra, years)


@st.composite
def held(draw: st.DrawFn, request: Request) -> HeldDirective:
    near = st.just(Recipient(request.reader.organisation))
    effect = draw(st.sampled_from(list(Effect)))
    recipient = draw(st.one_of(near, near, recipients))
    if effect is Effect.PERMIT and recipient.organisation is None:
        recipient = Recipient(request.reader.organisation, recipient.role)
    counted = st.builds(Frequency, st.integers(1, 3), st.sampled_from(FrequencyUnit))
    frequency = draw(st.none() | counted) if effect is Effect.PERMIT else None
    start = draw(st.one_of(st.just(NOW), moments))
    terms = Terms(
        recipient=recipient,
        effect=effect,
        purposes=draw(st.one_of(purposes.map(lambda some: some | {request.purpose}), purposes)),
        scope=draw(st.one_of(around(request), around(request), record_scopes, basic_scopes)),
        valid_from=start,
        valid_until=start + timedelta(days=draw(st.integers(1, 4))),
        notice=NOTICE,
        conditions=Conditions(frequency),
    )
    uses = draw(st.lists(st.integers(-800, 1).map(lambda hours: NOW + timedelta(hours=hours)), max_size=3))
    directive = Directive(DirectiveId(draw(st.uuids()).hex), Body.MEDICAL, Pseudonym("p"), terms, NOW)
    state = draw(st.one_of(st.just(DirectiveState.ACTIVE), st.sampled_from(list(DirectiveState))))
    return HeldDirective(VerifiedDirective(directive, "not looked at by the decision"), state, tuple(uses))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Request, list[HeldDirective]]:
    request = draw(requests)
    return request, draw(st.lists(held(request), max_size=6))


def people(recipient: Recipient, request: Request) -> set[Reader]:
    """Everybody whom a recipient speaks of, in a world of the one who asks, a colleague alike, and others unlike."""
    reader = request.reader
    world = [
        Reader(organisation, OperatorId(name), roles)
        for organisation in [*ORGANISATIONS, OrganisationId("clinic-z")]
        for name, roles in [("plain", frozenset[str]()), ("alike", reader.roles), ("all", frozenset(ROLES))]
    ]
    return {each for each in [reader, *world] if recipient.addresses(each)}


def cells(purpose_set: frozenset[Purpose], scope: RecordScope | BasicScope) -> set[tuple[object, ...]]:
    if isinstance(scope, BasicScope):
        contracts = [] if scope.contract is None else [scope.contract]
        return set(product(purpose_set, scope.items, contracts, scope.reasons))
    years = range(scope.years.first, scope.years.last + 1)
    return set(product(purpose_set, scope.categories, years))


def extent_of(terms: Terms, request: Request) -> set[tuple[object, ...]]:
    return set(product(people(terms.recipient, request), said_of(terms)))


def said_of(terms: Terms) -> set[tuple[object, ...]]:
    scope = terms.scope
    if isinstance(scope, BasicScope) and terms.effect is Effect.DENY:
        contracts = [*CONTRACTS, "any other"] if scope.contract is None else [scope.contract]
        return set(product(terms.purposes, scope.items, contracts, scope.reasons or ConfirmationReason))
    return cells(terms.purposes, scope)


def wanted_cells(request: Request) -> set[tuple[object, ...]]:
    return set(product([request.reader], wished(request)))


def wished(request: Request) -> set[tuple[object, ...]]:
    if isinstance(request, BasicRequest):
        return cells(
            frozenset({request.purpose}),
            BasicScope(request.items, request.contract, frozenset({request.reason})),
        )
    return cells(frozenset({request.purpose}), RecordScope(request.categories, request.years))


def in_force(one: HeldDirective, request: Request) -> bool:
    terms = one.terms
    states = {DirectiveState.ACTIVE}
    if terms.effect is Effect.DENY:
        states.add(DirectiveState.RECEIVED)
    in_time = terms.valid_from <= request.now < terms.valid_until
    return one.state in states and in_time


def has_uses_left(one: HeldDirective, request: Request) -> bool:
    frequency = one.terms.conditions.frequency
    if frequency is None:
        return True
    hours = {"hour": 1, "day": 24, "week": 168, "month": 720}[frequency.unit]
    recent = [each for each in one.uses if (request.now - each) / timedelta(hours=1) < hours]
    return len(recent) < frequency.times


def oracle(request: Request, directives: list[HeldDirective]) -> set[DirectiveId]:
    """The ids of all directives on whose ground the request may be permitted."""
    wanted = wanted_cells(request)
    extents = [(one, extent_of(one.terms, request)) for one in directives if in_force(one, request)]
    good = set()
    for permit, extent in extents:
        if permit.terms.effect is Effect.DENY or not wanted <= extent:
            continue
        if not has_uses_left(permit, request):
            continue
        denials = [other for one, other in extents if one.terms.effect is Effect.DENY and other & wanted]
        if all(extent < denial for denial in denials):
            good.add(permit.verified.directive.id)
    return good


@settings(max_examples=500)
@given(cases())
def test_decision_equals_the_oracle(case: tuple[Request, list[HeldDirective]]) -> None:
    request, directives = case
    decision, grounds = decide(request, directives), oracle(request, directives)
    event("permitted" if grounds else "refused")
    if isinstance(decision, Permit):
        assert decision.directive_id in grounds
    else:
        assert not grounds


@given(cases())
def test_permit_rests_on_one_directive_that_covers_everything(
    case: tuple[Request, list[HeldDirective]],
) -> None:
    request, directives = case
    decision = decide(request, directives)
    if isinstance(decision, Permit):
        (ground,) = [one for one in directives if one.verified.directive.id == decision.directive_id]
        assert ground.state is DirectiveState.ACTIVE
        assert ground.terms.effect is Effect.PERMIT
        assert wished(request) <= cells(ground.terms.purposes, ground.terms.scope)
        assert ground.terms.recipient.addresses(request.reader)


@given(cases(), st.data())
def test_one_more_refusal_by_the_person_never_permits(
    case: tuple[Request, list[HeldDirective]], data: st.DataObject
) -> None:
    request, directives = case
    drawn = data.draw(held(request))
    terms = replace(drawn.terms, effect=Effect.DENY, conditions=UNCONDITIONAL)
    directive = replace(drawn.verified.directive, terms=terms)
    more = HeldDirective(VerifiedDirective(directive, ""), drawn.state)
    if isinstance(decide(request, directives), Refusal):
        assert isinstance(decide(request, [*directives, more]), Refusal)


@given(cases(), st.integers(0, 5))
def test_order_does_not_matter(case: tuple[Request, list[HeldDirective]], turn: int) -> None:
    request, directives = case
    turned = directives[turn:] + directives[:turn]
    assert decide(request, turned) == decide(request, directives) == decide(request, directives[::-1])


@given(cases())
def test_directives_for_others_change_nothing(case: tuple[Request, list[HeldDirective]]) -> None:
    request, directives = case
    reader = request.reader.organisation
    own = [one for one in directives if one.terms.recipient.organisation in (None, reader)]
    assert decide(request, directives) == decide(request, own)


@given(cases())
def test_refusal_says_no_permission_only_when_nothing_for_this_recipient_exists(
    case: tuple[Request, list[HeldDirective]],
) -> None:
    request, directives = case
    kind = RecordScope if isinstance(request, AccessRequest) else BasicScope
    own = [
        one
        for one in directives
        if one.terms.recipient.organisation in (None, request.reader.organisation)
        and isinstance(one.terms.scope, kind)
    ]
    decision = decide(request, directives)
    if isinstance(decision, Refusal) and decision.code is RefusalCode.NO_PERMISSION:
        assert all(one.terms.effect is Effect.DENY for one in own)
    if not own:
        assert decision == Refusal(RefusalCode.NO_PERMISSION, explain(RefusalCode.NO_PERMISSION))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_by_category_permits_no_more_and_no_less_than_asking_for_each(data: st.DataObject) -> None:
    request = data.draw(access)
    directives = data.draw(st.lists(held(request), max_size=5))
    parts = decide_by_category(request, directives)
    assert parts.permitted.keys() | parts.redacted.keys() == request.categories
    assert not parts.permitted.keys() & parts.redacted.keys()
    for category in request.categories:
        alone = replace(request, categories=frozenset({category}))
        assert (category in parts.permitted) is isinstance(decide(alone, directives), Permit)
    if isinstance(decide(request, directives), Permit):
        event("permitted as a whole")
        assert not parts.redacted
