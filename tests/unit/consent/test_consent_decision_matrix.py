"""The permission matrix: one directive and one request, over every member of every closed list."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from consent.compartments import YearSpan
from consent.decision import AccessRequest, BasicRequest, HeldDirective, Permit, Refusal, RefusalCode, decide
from consent.directives import Directive, VerifiedDirective
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym
from consent.lifecycle import DirectiveState
from consent.recipients import Reader, Recipient
from consent.shown import Notice
from consent.terms import BasicScope, Effect, RecordScope, Scope, Terms
from consent.vocabulary import BasicItem, Body, Category, ConfirmationReason, Purpose

NOW = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CLINIC, ROLE, DOCTOR = OrganisationId("clinic-b"), "reader", OperatorId("doctor")
READER = Reader(CLINIC, DOCTOR, frozenset({ROLE}))
YEARS = YearSpan(2020, 2026)
ASKED = AccessRequest(READER, frozenset({Category.SUMMARY}), YEARS, Purpose.TREAT, NOW)
TERMS = Terms(
    recipient=Recipient(CLINIC),
    effect=Effect.PERMIT,
    purposes=frozenset({Purpose.TREAT}),
    scope=RecordScope(frozenset({Category.SUMMARY}), YEARS),
    valid_from=NOW - DAY,
    valid_until=NOW + DAY,
    notice=Notice.of_text("t", text_id="t", version="1", language="ja", refusal_meaning="r"),
)
PERMITTING = {
    DirectiveState.RECEIVED: RefusalCode.NOT_YET_VALID,
    DirectiveState.ACTIVE: None,
    DirectiveState.WITHDRAWN: RefusalCode.WITHDRAWN,
    DirectiveState.EXPIRED: RefusalCode.EXPIRED,
    DirectiveState.LAPSED: RefusalCode.EXPIRED,
}
"""What stands in the way of a permission that covers everything, by its state."""
DENYING = {DirectiveState.RECEIVED, DirectiveState.ACTIVE}
"""The states in which a refusal counts."""


def outcome(request: AccessRequest | BasicRequest, terms: Terms, state: DirectiveState) -> RefusalCode | None:
    """Return why one directive does not permit, None if it does."""
    directive = Directive(DirectiveId("d"), Body.MEDICAL, Pseudonym("p"), terms, NOW - DAY)
    decision = decide(request, [HeldDirective(VerifiedDirective(directive, ""), state)])
    match decision:
        case Permit():
            return None
        case Refusal(code=code):
            return code


def expected(effect: Effect, state: DirectiveState, lacks: list[RefusalCode]) -> RefusalCode | None:
    """Return what the table says; `lacks` is what the request has besides, most telling first."""
    match effect:
        case Effect.DENY:
            counts = state in DENYING and not lacks
            return RefusalCode.DENIED_BY_PERSON if counts else RefusalCode.NO_PERMISSION
        case Effect.PERMIT:
            return PERMITTING[state] or (lacks[0] if lacks else None)


@pytest.mark.parametrize(("effect", "state"), list(product(Effect, DirectiveState)))
def test_every_category_and_purpose_is_decided_as_the_table_says(
    effect: Effect, state: DirectiveState
) -> None:
    for said, asked, purpose, wanted in product(Category, Category, Purpose, Purpose):
        scope = RecordScope(frozenset({said}), YEARS)
        terms = replace(TERMS, effect=effect, scope=scope, purposes=frozenset({purpose}))
        request = replace(ASKED, categories=frozenset({asked}), purpose=wanted)
        lacks = [RefusalCode.OTHER_PURPOSE] * (purpose is not wanted)
        lacks += [RefusalCode.OTHER_CATEGORY] * (said is not asked)
        cell = (effect, state, said, asked, purpose, wanted)
        assert outcome(request, terms, state) is expected(effect, state, lacks), cell


@pytest.mark.parametrize(("effect", "state"), list(product(Effect, DirectiveState)))
def test_every_item_and_reason_is_decided_as_the_table_says(effect: Effect, state: DirectiveState) -> None:
    for said, asked, why, because in product(BasicItem, BasicItem, ConfirmationReason, ConfirmationReason):
        scope = BasicScope(frozenset({said}), "loan", frozenset({why}))
        request = BasicRequest(READER, frozenset({asked}), Purpose.TREAT, "loan", because, NOW)
        lacks = [RefusalCode.REASON_NOT_COVERED] * (why is not because)
        lacks += [RefusalCode.OTHER_CATEGORY] * (said is not asked)
        decided = outcome(request, replace(TERMS, effect=effect, scope=scope), state)
        assert decided is expected(effect, state, lacks), (effect, state, said, asked, why, because)


RECIPIENTS: list[tuple[Recipient, bool, bool]] = [
    (Recipient(CLINIC), True, True),
    (Recipient(CLINIC, ROLE), True, True),
    (Recipient(CLINIC, "writer"), True, False),
    (Recipient(CLINIC, professional=DOCTOR), True, True),
    (Recipient(CLINIC, professional=OperatorId("other")), True, False),
    (Recipient(OrganisationId("other")), False, False),
    (Recipient(OrganisationId("other"), ROLE), False, False),
    (Recipient(None), True, True),
    (Recipient(None, ROLE), True, True),
    (Recipient(None, "writer"), True, False),
]
"""A recipient, whether it speaks of the reader's organisation, and whether of the reader."""


@pytest.mark.parametrize(("recipient", "there", "addressed"), RECIPIENTS)
@pytest.mark.parametrize("state", DirectiveState)
@pytest.mark.parametrize("effect", Effect)
def test_every_kind_of_recipient_is_decided_as_the_table_says(
    effect: Effect, state: DirectiveState, recipient: Recipient, there: bool, addressed: bool
) -> None:
    if effect is Effect.PERMIT and recipient.organisation is None:
        return  # cannot be said
    decided = outcome(ASKED, replace(TERMS, effect=effect, recipient=recipient), state)
    if not there:
        assert decided is RefusalCode.NO_PERMISSION
    else:
        lacks = [] if addressed else [RefusalCode.OTHER_PROFESSIONAL]
        assert decided is expected(effect, state, lacks)


@pytest.mark.parametrize("scope", [TERMS.scope, BasicScope(frozenset(BasicItem), "loan")])
def test_records_and_basic_items_never_stand_for_each_other(scope: Scope) -> None:
    items = BasicRequest(READER, frozenset(BasicItem), Purpose.TREAT, "loan", ConfirmationReason.OPENING, NOW)
    wish = items if isinstance(scope, RecordScope) else ASKED
    for effect, state in product(Effect, DirectiveState):
        assert outcome(wish, replace(TERMS, effect=effect, scope=scope), state) is RefusalCode.NO_PERMISSION
