"""A simulation says what the decision says before and after, for every single question, and nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from consent.compartments import YearSpan
from consent.decision import AccessRequest, HeldDirective, Permit, decide
from consent.directives import Directive, VerifiedDirective
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym
from consent.lifecycle import DirectiveState
from consent.recipients import EVERYBODY, Reader, Recipient
from consent.shown import Notice
from consent.simulation import (
    Difference,
    Shift,
    difference_in_words,
    simulate_laying_down,
    simulate_withdrawal,
)
from consent.terms import BasicScope, Effect, RecordScope, Terms
from consent.vocabulary import BasicItem, Body, Category, ConfirmationReason, Purpose

NOW = datetime(2026, 4, 1, tzinfo=UTC)
NOTICE = Notice.of_text("t", text_id="t", version="1", language="ja", refusal_meaning="r")
KINDS = [Category.MEDICATION, Category.IMAGING]
PURPOSES = [Purpose.TREAT, Purpose.HRESCH]
YEARS = [2024, 2025, 2026]
CLINIC, OTHER = OrganisationId("clinic-b"), OrganisationId("clinic-c")
DOCTOR = OperatorId("doctor")
ROLE = "reader"

spans = st.tuples(st.sampled_from(YEARS), st.sampled_from(YEARS)).map(lambda pair: YearSpan(*sorted(pair)))
narrow = st.sampled_from(
    [
        Recipient(CLINIC),
        Recipient(CLINIC),
        Recipient(CLINIC, ROLE),
        Recipient(CLINIC, professional=DOCTOR),
        Recipient(OTHER),
    ]
)
wide = st.one_of(narrow, st.sampled_from([EVERYBODY, Recipient(None, ROLE)]))


def roles(_organisation: OrganisationId, _operator: OperatorId) -> frozenset[str]:
    """The register: the doctor may read."""
    return frozenset({ROLE})


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    effect = draw(st.sampled_from(Effect))
    return Terms(
        recipient=draw(narrow if effect is Effect.PERMIT else wide),
        effect=effect,
        purposes=draw(st.frozensets(st.sampled_from(PURPOSES), min_size=1)),
        scope=RecordScope(draw(st.frozensets(st.sampled_from(KINDS), min_size=1)), draw(spans)),
        valid_from=NOW - timedelta(days=draw(st.integers(0, 2))),
        valid_until=NOW + timedelta(days=draw(st.integers(1, 9))),
        notice=NOTICE,
    )


def held(name: str, laid_down: Terms) -> HeldDirective:
    directive = Directive(DirectiveId(name), Body.MEDICAL, Pseudonym("p"), laid_down, NOW)
    return HeldDirective(VerifiedDirective(directive, ""), DirectiveState.ACTIVE)


READERS = [
    Reader(organisation, operator, known)
    for organisation in (CLINIC, OTHER)
    for operator, known in (
        (OperatorId("somebody"), frozenset[str]()),
        (OperatorId("somebody"), frozenset({ROLE})),
        (DOCTOR, frozenset({ROLE})),
    )
]


def told(
    differences: list[Difference], reader: Reader, category: Category, year: int, purpose: Purpose
) -> set[Shift]:
    """Return what the lines that are about this very question say."""
    return {
        each.shift
        for each in differences
        if each.who.addresses(reader) and purpose in each.purposes
        if isinstance(each.scope, RecordScope)
        and category in each.scope.categories
        and year in each.scope.years
    }


def check(before: list[HeldDirective], after: list[HeldDirective], said: list[Difference]) -> None:
    """Compare with the decision, question by question."""
    for reader, category, year, purpose in product(READERS, KINDS, YEARS, PURPOSES):
        asked = AccessRequest(reader, frozenset({category}), YearSpan(year, year), purpose, NOW)
        was, will = (isinstance(decide(asked, each), Permit) for each in (before, after))
        lines = told(said, reader, category, year, purpose)
        if was is will:
            unnamed = reader.operator != DOCTOR and not reader.roles
            assert not unnamed or not lines, "everybody there: no line without a change"
        else:
            event("something changes")
            assert (Shift.GAINS if will else Shift.LOSES) in lines


@given(st.lists(terms(), max_size=4), terms())
@settings(max_examples=120, deadline=None)
def test_laying_down_is_told_as_it_would_be_decided(before: list[Terms], new: Terms) -> None:
    present = [held(f"d{at}", each) for at, each in enumerate(before)]
    said = simulate_laying_down(present, new, roles=roles, now=NOW)
    check(present, [*present, held("simulated", new)], said)
    if new.effect is Effect.PERMIT:
        assert all(each.shift is Shift.GAINS for each in said)
    else:
        assert all(each.shift is Shift.LOSES for each in said)


@given(st.lists(terms(), min_size=1, max_size=5))
@settings(max_examples=120, deadline=None)
def test_withdrawing_is_told_as_it_would_be_decided(before: list[Terms]) -> None:
    present = [held(f"d{at}", each) for at, each in enumerate(before)]
    said = simulate_withdrawal(present, DirectiveId("d0"), roles=roles, now=NOW)
    check(present, [replace(present[0], state=DirectiveState.WITHDRAWN), *present[1:]], said)


def permit(**changes: object) -> Terms:
    base = Terms(
        recipient=Recipient(CLINIC),
        effect=Effect.PERMIT,
        purposes=frozenset({Purpose.TREAT}),
        scope=RecordScope(frozenset(KINDS), YearSpan(2024, 2026)),
        valid_from=NOW,
        valid_until=NOW + timedelta(days=9),
        notice=NOTICE,
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # names and types of `Terms`


def test_what_is_permitted_already_is_no_gain() -> None:
    part = permit(scope=RecordScope(frozenset({Category.MEDICATION}), YearSpan(2025, 2025)))
    said = simulate_laying_down([held("d", part)], permit(), roles=roles, now=NOW)
    assert [difference_in_words(each).en for each in said] == [
        "+ clinic-b gains medication, images 2024, for treatment",
        "+ clinic-b gains images 2025, for treatment",
        "+ clinic-b gains medication, images 2026, for treatment",
    ]


def test_refusal_for_everybody_takes_from_those_who_have() -> None:
    no = permit(
        effect=Effect.DENY, recipient=EVERYBODY, scope=RecordScope(frozenset(KINDS), YearSpan(2020, 2030))
    )
    exact = permit(scope=no.scope, recipient=Recipient(OTHER))
    said = simulate_laying_down([held("a", permit()), held("b", exact)], no, roles=roles, now=NOW)
    assert said == [], "both are more specific, and go on"
    wider = permit(scope=RecordScope(frozenset(KINDS), YearSpan(2019, 2031)))
    said = simulate_laying_down([held("a", wider)], no, roles=roles, now=NOW)
    assert [difference_in_words(each).ja for each in said] == [
        "－ clinic-bは2020-2030年の薬・画像を診療のために見られなくなります"
    ]


def test_basic_items_are_simulated_by_contract_and_reason() -> None:
    reasons = frozenset({ConfirmationReason.OPENING, ConfirmationReason.INHERITANCE})
    scope = BasicScope(frozenset({BasicItem.NAME, BasicItem.ADDRESS}), "loan", reasons)
    bank = permit(scope=scope, purposes=frozenset({Purpose.IDENTITY_VERIFICATION}))
    (line,) = simulate_laying_down([], bank, roles=roles, now=NOW)
    assert (line.shift, line.scope) == (Shift.GAINS, scope)
    assert simulate_withdrawal([held("d", bank)], DirectiveId("d"), roles=roles, now=NOW) == [
        replace(line, shift=Shift.LOSES)
    ]


@pytest.mark.parametrize("name", ["another", ""])
def test_withdrawing_what_is_not_there_changes_nothing(name: str) -> None:
    assert simulate_withdrawal([held("d", permit())], DirectiveId(name), roles=roles, now=NOW) == []
