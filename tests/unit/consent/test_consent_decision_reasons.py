"""Which reason a refusal gives, as a table; the rule itself is proved in tests/generative."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consent.compartments import YearSpan
from consent.conditions import Conditions, Frequency, FrequencyUnit, Onward
from consent.decision import (
    AccessRequest,
    BasicRequest,
    HeldDirective,
    Obligation,
    Permit,
    Refusal,
    RefusalCode,
    decide,
    explain,
)
from consent.directives import BasicScope, Directive, Effect, Notice, RecordScope, Terms, VerifiedDirective
from consent.errors import MalformedError
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym
from consent.lifecycle import DirectiveState
from consent.recipients import EVERYBODY, Reader, Recipient
from consent.shown import Medium, MediumKind
from consent.vocabulary import BasicItem, Body, Category, ConfirmationReason, Purpose

NOW = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CLINIC = OrganisationId("clinic-b")
READER = Reader(CLINIC, OperatorId("doctor-1"), frozenset({"reader"}))
SCOPE = RecordScope(frozenset({Category.MEDICATION, Category.CHECKUP}), YearSpan(2024, 2026))
TERMS = Terms(
    recipient=Recipient(CLINIC),
    effect=Effect.PERMIT,
    purposes=frozenset({Purpose.TREAT}),
    scope=SCOPE,
    valid_from=NOW - DAY,
    valid_until=NOW + DAY,
    notice=Notice.of_text("t", text_id="t", version="1", language="ja", refusal_meaning="r"),
)
REQUEST = AccessRequest(READER, frozenset({Category.MEDICATION}), YearSpan(2025, 2026), Purpose.TREAT, NOW)


ONCE_A_DAY = Frequency(1, FrequencyUnit.DAY)


def held(name: str = "d1", state: DirectiveState = DirectiveState.ACTIVE, **terms: Any) -> HeldDirective:
    directive = Directive(DirectiveId(name), Body.MEDICAL, Pseudonym("p"), replace(TERMS, **terms), NOW)
    return HeldDirective(VerifiedDirective(directive, ""), state)


def used(frequency: Frequency, *uses: datetime) -> HeldDirective:
    return replace(held(conditions=Conditions(frequency)), uses=uses)


def code(request: AccessRequest | BasicRequest, *directives: HeldDirective) -> RefusalCode:
    decision = decide(request, directives)
    assert isinstance(decision, Refusal)
    assert decision.explanation == explain(decision.code)
    return decision.code


def test_covered_request_is_permitted_on_the_ground_of_its_directive() -> None:
    decision = decide(REQUEST, [held()])
    assert isinstance(decision, Permit)
    assert decision.directive_id == "d1"


REASONS: list[tuple[HeldDirective, RefusalCode]] = [
    (held(recipient=Recipient(OrganisationId("clinic-c"))), RefusalCode.NO_PERMISSION),
    (held(scope=replace(SCOPE, categories=frozenset({Category.IMAGING}))), RefusalCode.OTHER_CATEGORY),
    (held(scope=replace(SCOPE, years=YearSpan(2026, 2026))), RefusalCode.OTHER_PERIOD),
    (held(purposes=frozenset({Purpose.HRESCH})), RefusalCode.OTHER_PURPOSE),
    (held(valid_from=NOW + timedelta(seconds=1)), RefusalCode.NOT_YET_VALID),
    (held(state=DirectiveState.RECEIVED), RefusalCode.NOT_YET_VALID),
    (held(valid_until=NOW), RefusalCode.EXPIRED),
    (held(state=DirectiveState.EXPIRED), RefusalCode.EXPIRED),
    (held(state=DirectiveState.WITHDRAWN), RefusalCode.WITHDRAWN),
    (held(effect=Effect.DENY), RefusalCode.DENIED_BY_PERSON),
    (held(effect=Effect.DENY, state=DirectiveState.RECEIVED), RefusalCode.DENIED_BY_PERSON),
    (held(effect=Effect.DENY, state=DirectiveState.WITHDRAWN), RefusalCode.NO_PERMISSION),
    (held(scope=BasicScope(frozenset(BasicItem))), RefusalCode.NO_PERMISSION),
    (held(recipient=Recipient(CLINIC, "pharmacist")), RefusalCode.OTHER_PROFESSIONAL),
    (held(recipient=Recipient(CLINIC, professional=OperatorId("d2"))), RefusalCode.OTHER_PROFESSIONAL),
    (held(effect=Effect.DENY, recipient=EVERYBODY), RefusalCode.DENIED_BY_PERSON),
    (held(effect=Effect.DENY, recipient=Recipient(None, "reader")), RefusalCode.DENIED_BY_PERSON),
    (held(effect=Effect.DENY, recipient=Recipient(None, "pharmacist")), RefusalCode.NO_PERMISSION),
    (used(ONCE_A_DAY, NOW - timedelta(hours=23)), RefusalCode.FREQUENCY_USED_UP),
    (used(ONCE_A_DAY, NOW + timedelta(hours=1)), RefusalCode.FREQUENCY_USED_UP),
]


@pytest.mark.parametrize(("directive", "reason"), REASONS)
def test_refusal_gives_the_one_thing_that_is_missing(directive: HeldDirective, reason: RefusalCode) -> None:
    assert code(REQUEST, directive) is reason


def test_nothing_said_means_no() -> None:
    assert code(REQUEST) is RefusalCode.NO_PERMISSION


def test_two_permits_that_cover_only_together_do_not_permit() -> None:
    both = replace(REQUEST, years=YearSpan(2024, 2025))
    parts = [held(str(year), scope=replace(SCOPE, years=YearSpan(year, year))) for year in (2024, 2025)]
    assert code(both, *parts) is RefusalCode.OTHER_PERIOD


def test_refusal_names_the_nearest_permission_and_all_that_it_lacks() -> None:
    near = held("near", purposes=frozenset({Purpose.HRESCH}), state=DirectiveState.WITHDRAWN)
    decision = decide(REQUEST, [near])
    assert isinstance(decision, Refusal)
    assert decision.directive_id == "near"
    assert decision.missing == (RefusalCode.WITHDRAWN, RefusalCode.OTHER_PURPOSE)


def test_permission_for_one_professional_is_an_exception_from_a_refusal_of_the_organisation() -> None:
    organisation = held("no", effect=Effect.DENY)
    role = held("no role", effect=Effect.DENY, recipient=Recipient(CLINIC, "reader"))
    person = held("yes", recipient=Recipient(CLINIC, professional=READER.operator))
    assert isinstance(decide(REQUEST, [organisation, role, person]), Permit)
    same = held("no person", effect=Effect.DENY, recipient=person.terms.recipient)
    assert code(REQUEST, person, same) is RefusalCode.DENIED_BY_PERSON


def test_a_use_that_is_a_whole_span_ago_counts_no_more() -> None:
    assert isinstance(decide(REQUEST, [used(ONCE_A_DAY, NOW - timedelta(days=1))]), Permit)


def test_permit_binds_the_reader_not_to_pass_on_unless_the_person_allows_it() -> None:
    kept = decide(REQUEST, [held()])
    passed = decide(REQUEST, [held(conditions=Conditions(onward=Onward.ALLOWED))])
    assert isinstance(kept, Permit)
    assert isinstance(passed, Permit)
    assert kept.obligations == (Obligation.NO_ONWARD_SHARING,)
    assert passed.obligations == ()


@pytest.mark.parametrize(
    "build",
    [
        lambda: Recipient(None, professional=OperatorId("d1")),
        lambda: Recipient(CLINIC, "reader", OperatorId("d1")),
        lambda: replace(TERMS, recipient=EVERYBODY),
        lambda: replace(TERMS, effect=Effect.DENY, conditions=Conditions(ONCE_A_DAY)),
        lambda: Frequency(0, FrequencyUnit.DAY),
        lambda: Frequency(1001, FrequencyUnit.DAY),
        lambda: Medium(MediumKind.COUNTER),
        lambda: Medium(MediumKind.PORTAL, OperatorId("d1")),
        lambda: Medium(MediumKind.PAPER, OperatorId("d1")),
        EVERYBODY.required,
    ],
)
def test_words_that_mean_nothing_cannot_be_said(build: Callable[[], object]) -> None:
    with pytest.raises(MalformedError):
        build()


def test_narrower_permit_is_an_exception_from_a_wide_refusal() -> None:
    wide = held("no", effect=Effect.DENY, scope=RecordScope(frozenset(Category), YearSpan(1950, 2100)))
    assert isinstance(decide(REQUEST, [wide, held("yes")]), Permit)


def test_refusal_wins_against_an_equal_or_wider_permit() -> None:
    equal = held("no", effect=Effect.DENY)
    part = held("no", effect=Effect.DENY, scope=replace(SCOPE, years=YearSpan(2025, 2025)))
    for refusal in (equal, part):
        assert code(REQUEST, held("yes"), refusal) is RefusalCode.DENIED_BY_PERSON


def test_refusal_beside_the_request_does_not_touch_it() -> None:
    beside = held("no", effect=Effect.DENY, scope=replace(SCOPE, categories=frozenset({Category.CHECKUP})))
    assert isinstance(decide(REQUEST, [held("yes"), beside]), Permit)


def test_nearest_permission_gives_the_reason() -> None:
    far = held("far", purposes=frozenset({Purpose.HRESCH}), state=DirectiveState.WITHDRAWN)
    near = held("near", scope=replace(SCOPE, years=YearSpan(2026, 2026)))
    assert code(REQUEST, far, near) is RefusalCode.OTHER_PERIOD


def test_basic_items_are_decided_alike() -> None:
    reasons = frozenset({ConfirmationReason.PAYMENT_DUE, ConfirmationReason.MAIL_RETURNED})
    scope = BasicScope(frozenset({BasicItem.NAME, BasicItem.ADDRESS}), "loan 1", reasons)
    bank = held("bank", scope=scope, purposes=frozenset({Purpose.IDENTITY_VERIFICATION}))
    name, purpose = frozenset({BasicItem.NAME}), Purpose.IDENTITY_VERIFICATION
    wish = BasicRequest(READER, name, purpose, "loan 1", ConfirmationReason.PAYMENT_DUE, NOW)
    assert isinstance(decide(wish, [bank]), Permit)
    more = replace(wish, items=frozenset({BasicItem.NAME, BasicItem.SEX}))
    assert code(more, bank) is RefusalCode.OTHER_CATEGORY
    assert code(replace(wish, contract="loan 2"), bank) is RefusalCode.OTHER_CONTRACT
    inheritance = replace(wish, reason=ConfirmationReason.INHERITANCE)
    assert code(inheritance, bank) is RefusalCode.REASON_NOT_COVERED
    assert code(replace(inheritance, contract="loan 2"), bank) is RefusalCode.OTHER_CONTRACT
    assert code(wish, held()) is RefusalCode.NO_PERMISSION


def test_refusal_that_names_no_contract_and_no_reason_refuses_all_of_them() -> None:
    item, purpose = frozenset({BasicItem.NAME}), Purpose.IDENTITY_VERIFICATION
    wish = BasicRequest(READER, item, purpose, "loan 1", ConfirmationReason.PAYMENT_DUE, NOW)
    said: dict[str, Any] = {"purposes": frozenset({purpose}), "effect": Effect.DENY}
    every = held("no", scope=BasicScope(item), **said)
    other = held("no", scope=BasicScope(item, "loan 2"), **said)
    assert code(wish, every) is RefusalCode.DENIED_BY_PERSON
    assert code(wish, other) is RefusalCode.NO_PERMISSION
    listed = BasicScope(item, "loan 1", frozenset(ConfirmationReason))
    permit = held("yes", scope=listed, purposes=frozenset({purpose}))
    assert isinstance(decide(wish, [every, permit]), Permit), "narrower: one contract"
    same = held("no", scope=BasicScope(item, "loan 1"), **said)
    assert code(wish, same, permit) is RefusalCode.DENIED_BY_PERSON, "as wide, in other words"


@pytest.mark.parametrize("refusal", list(RefusalCode))
def test_every_code_is_explained_in_both_languages(refusal: RefusalCode) -> None:
    explanation = explain(refusal)
    assert explanation.en.isascii()
    assert not explanation.ja.isascii()


def test_empty_requests_cannot_be_made() -> None:
    with pytest.raises(MalformedError):
        replace(REQUEST, categories=frozenset())
    with pytest.raises(MalformedError):
        BasicRequest(READER, frozenset(), Purpose.TREAT, "c", ConfirmationReason.PAYMENT_DUE, NOW)
