"""Directives as FHIR Consent and back: nothing is lost, and what a directive cannot say is refused with its reason."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consent.compartments import YearSpan
from consent.conditions import UNCONDITIONAL, Conditions, Frequency, FrequencyUnit, Onward
from consent.identifiers import OperatorId, OrganisationId
from consent.recipients import Recipient
from consent.shown import PORTAL, Medium, MediumKind, Notice
from consent.terms import BasicScope, Effect, RecordScope, Terms
from consent.vocabulary import BasicItem, Category, ConfirmationReason, Purpose
from services.gateway.fhir_consent import to_consent
from services.gateway.fhir_consent_reading import ConsentFault, FhirConsentError, read_consent, terms_of

NOW = datetime(2026, 4, 1, tzinfo=UTC)
OTHER_NOTICE = Notice.of_text("other", text_id="o", version="0", language="en", refusal_meaning="m")
names = st.text("abcdefghij-0123456789", min_size=1, max_size=20)
words = st.text(min_size=1, max_size=20)
spans = st.tuples(st.integers(1000, 9999), st.integers(1000, 9999)).map(lambda pair: YearSpan(*sorted(pair)))
organisations, operators = names.map(OrganisationId), names.map(OperatorId)
media = st.one_of(
    st.just(PORTAL),
    st.builds(Medium, st.just(MediumKind.COUNTER), operators),
    st.builds(Medium.paper, operators, st.binary()),
)
notices = st.builds(
    lambda text, medium, **told: Notice.of_text(text, medium=medium, **told),
    words,
    media,
    text_id=names,
    version=names,
    language=st.sampled_from(["ja", "en"]),
    refusal_meaning=words,
)
record_scopes = st.builds(RecordScope, st.frozensets(st.sampled_from(Category), min_size=1), spans)
basic_scopes = st.builds(
    BasicScope,
    st.frozensets(st.sampled_from(BasicItem), min_size=1),
    st.none() | words,
    st.frozensets(st.sampled_from(ConfirmationReason)),
)
conditions = st.builds(
    Conditions,
    st.none() | st.builds(Frequency, st.integers(1, 1000), st.sampled_from(FrequencyUnit)),
    st.sampled_from(Onward),
)


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    effect = draw(st.sampled_from(Effect))
    named = organisations if effect is Effect.PERMIT else st.none() | organisations
    start = NOW + timedelta(seconds=draw(st.integers(-(10**8), 10**8)))
    return Terms(
        recipient=draw(
            st.one_of(
                st.builds(Recipient, named, st.none() | names),
                st.builds(Recipient, organisations, st.none(), operators),
            )
        ),
        effect=effect,
        purposes=draw(st.frozensets(st.sampled_from(Purpose), min_size=1)),
        scope=draw(st.one_of(record_scopes, basic_scopes)),
        valid_from=start,
        valid_until=start + timedelta(seconds=draw(st.integers(1, 10**8))),
        notice=draw(notices),
        conditions=draw(conditions) if effect is Effect.PERMIT else UNCONDITIONAL,
    )


@given(terms())
@settings(max_examples=200, deadline=None)
def test_terms_come_back_as_they_were(said: Terms) -> None:
    written = json.loads(json.dumps(to_consent(said, issued_at=NOW, active=True)))
    assert terms_of(written, notice=OTHER_NOTICE) == said


@given(terms(), st.data())
@settings(max_examples=200, deadline=None)
def test_member_that_is_lost_is_refused_or_says_less_of_who_and_how(said: Terms, data: st.DataObject) -> None:
    """Whatever member of the provision is taken away, no permission grows but by what that member limited."""
    written: Any = to_consent(said, issued_at=NOW, active=True)
    provision = written["provision"]["provision"][0]
    member = data.draw(st.sampled_from(sorted(provision)))
    del provision[member]
    try:
        read = terms_of(written, notice=OTHER_NOTICE)
    except FhirConsentError:
        return
    assert member in ("actor", "modifierExtension")
    if member == "actor":
        assert read.effect is Effect.DENY, "nobody permits everybody"


BASE = Terms(
    recipient=Recipient(OrganisationId("clinic-b")),
    effect=Effect.PERMIT,
    purposes=frozenset({Purpose.TREAT}),
    scope=RecordScope(frozenset({Category.MEDICATION}), YearSpan(2024, 2026)),
    valid_from=NOW,
    valid_until=NOW + timedelta(days=30),
    notice=OTHER_NOTICE,
)
Change = Callable[[Any, Any], object]
REFUSED: list[tuple[ConsentFault, Change]] = [
    (ConsentFault.NOT_A_CONSENT, lambda whole, _: whole.update(resourceType="Patient")),
    (ConsentFault.NO_PATIENT, lambda whole, _: whole.pop("patient")),
    (ConsentFault.NOT_ACTIVE, lambda whole, _: whole.update(status="draft")),
    (ConsentFault.OTHER_SCOPE, lambda whole, _: whole.pop("scope")),
    (ConsentFault.OTHER_POLICY, lambda whole, _: whole["policy"].append({"uri": "urn:x"})),
    (ConsentFault.UNKNOWN_ELEMENT, lambda whole, _: whole.update(policyRule={"text": "all of it"})),
    (ConsentFault.UNKNOWN_ELEMENT, lambda whole, _: whole.update(modifierExtension=[{"url": "urn:x"}])),
    (ConsentFault.BASE_PERMITS, lambda whole, _: whole["provision"].update(type="permit")),
    (ConsentFault.NOT_ONE_PROVISION, lambda whole, _: whole["provision"].pop("provision")),
    (ConsentFault.NOT_ONE_PROVISION, lambda whole, one: whole["provision"]["provision"].append(one)),
    (ConsentFault.NESTED_PROVISION, lambda _, one: one.update(provision=[{"type": "deny"}])),
    (ConsentFault.UNKNOWN_ELEMENT, lambda _, one: one.update(securityLabel=[{"code": "R"}])),
    (ConsentFault.UNKNOWN_ELEMENT, lambda _, one: one.update(data=[{"meaning": "instance"}])),
    (ConsentFault.UNKNOWN_EXTENSION, lambda _, one: one.update(modifierExtension=[{"url": "urn:x"}])),
    (ConsentFault.TIME_NOT_EXACT, lambda _, one: one["period"].update(end="2026-05-01")),
    (ConsentFault.TIME_NOT_EXACT, lambda _, one: one["period"].pop("end")),
    (ConsentFault.UNKNOWN_ACTION, lambda _, one: one.pop("action")),
    (ConsentFault.UNKNOWN_ACTION, lambda _, one: one["action"][0]["coding"][0].update(code="correct")),
    (ConsentFault.UNKNOWN_PURPOSE, lambda _, one: one["purpose"][0].update(code="HMARKT")),
    (ConsentFault.UNKNOWN_PURPOSE, lambda _, one: one.pop("purpose")),
    (ConsentFault.UNKNOWN_CODE, lambda _, one: one["code"][0]["coding"][0].update(code="genome")),
    (ConsentFault.UNKNOWN_CODE, lambda _, one: one.pop("dataPeriod")),
    (ConsentFault.UNKNOWN_CODE, lambda _, one: one["dataPeriod"].update(start="2024-01-01")),
    (ConsentFault.UNKNOWN_ACTOR, lambda _, one: one["actor"].append(one["actor"][0])),
    (ConsentFault.UNKNOWN_ACTOR, lambda _, one: one["actor"][0].update(reference={"reference": "Group/x"})),
    (ConsentFault.WRONG_FORM, lambda _, one: one.pop("actor")),
    (ConsentFault.WRONG_FORM, lambda _, one: one.pop("type")),
    (ConsentFault.WRONG_FORM, lambda _, one: one["dataPeriod"].update(start="2030")),
    (ConsentFault.WRONG_FORM, lambda _, one: one["period"].update(end="2020-01-01T00:00:00Z")),
]


@pytest.mark.parametrize(("fault", "change"), REFUSED)
def test_what_a_directive_cannot_say_is_refused_with_its_own_reason(
    fault: ConsentFault, change: Change
) -> None:
    whole: Any = deepcopy(to_consent(BASE, issued_at=NOW, active=True))
    change(whole, whole["provision"]["provision"][0])
    with pytest.raises(FhirConsentError) as refused:
        terms_of(whole, notice=OTHER_NOTICE)
    assert refused.value.fault is fault


def test_every_reason_is_tried() -> None:
    assert {fault for fault, _ in REFUSED} == set(ConsentFault)


def test_consent_of_another_system_takes_the_notice_that_is_shown_now() -> None:
    whole = to_consent(BASE, issued_at=NOW, active=True)
    del whole["extension"], whole["policy"]
    shown = Notice.of_text("here", text_id="h", version="1", language="ja", refusal_meaning="m")
    assert terms_of(whole, notice=shown).notice == shown


def test_consent_that_is_not_in_force_is_written_as_inactive() -> None:
    assert to_consent(BASE, issued_at=NOW, active=False)["status"] == "inactive"


MEMBERS = ["resourceType", "provision", "type", "actor", "coding", "extension", "url"]
junk = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
)


@given(junk)
@settings(max_examples=100, deadline=None)
def test_anything_else_is_refused_and_never_an_error_of_ours(found: Any) -> None:
    whole: Any = deepcopy(to_consent(BASE, issued_at=NOW, active=True))
    for member in ("scope", "policy", "provision", "extension"):
        if whole[member] == found:
            continue
        with pytest.raises(FhirConsentError):
            terms_of(whole | {member: found or 7}, notice=OTHER_NOTICE)
    for member in ("actor", "period", "action", "purpose", "code", "dataPeriod", "modifierExtension", "type"):
        spoilt = deepcopy(whole)
        spoilt["provision"]["provision"][0][member] = found or 7
        with pytest.raises(FhirConsentError):
            terms_of(spoilt, notice=OTHER_NOTICE)


EVERYWHERE = [
    BASE,
    replace(
        BASE,
        recipient=Recipient(OrganisationId("clinic-b"), "reader"),
        conditions=Conditions(Frequency(3, FrequencyUnit.DAY), Onward.ALLOWED),
        notice=replace(OTHER_NOTICE, medium=Medium.paper(OperatorId("o-1"), b"scan")),
    ),
    replace(
        BASE,
        recipient=Recipient(OrganisationId("bank"), professional=OperatorId("o-1")),
        scope=BasicScope(frozenset({BasicItem.NAME}), "contract", frozenset(ConfirmationReason)),
    ),
]
UNREAD = ("patient", "performer", "category")


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where each object of a document is."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    )
    if isinstance(value, dict):
        yield path
    for name, each in members:
        yield from objects(each, (*path, name))


@pytest.mark.parametrize("said", EVERYWHERE)
def test_no_object_within_may_say_more_than_is_read(said: Terms) -> None:
    """FHIR lets every element carry an extension, and what it narrows must not be laid down without."""
    whole: Any = to_consent(said, issued_at=NOW, active=True)
    tried = [each for each in objects(whole) if each and each[0] not in UNREAD]
    assert len(tried) > 15
    for path in tried:
        changed = deepcopy(whole)
        place = changed
        for step in path:
            place = place[step]
        place["_start"] = {"extension": [{"url": "urn:x", "valueString": "only on Mondays"}]}
        with pytest.raises(FhirConsentError):
            terms_of(changed, notice=OTHER_NOTICE)


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-09:00"])
def test_permission_for_ever_is_refused_by_its_reason(end: str) -> None:
    whole: Any = to_consent(BASE, issued_at=NOW, active=True)
    whole["provision"]["provision"][0]["period"]["end"] = end
    with pytest.raises(FhirConsentError):
        terms_of(whole, notice=OTHER_NOTICE)


def test_file_that_says_two_things_under_one_name_is_refused(tmp_path: Path) -> None:
    """OT4: what a person's FHIR viewer shows is the first, what would be laid down the last."""
    written = json.dumps(to_consent(BASE, issued_at=NOW, active=True))
    twice = written.replace('"type": "permit"', '"type": "deny", "type": "permit"')
    for text, refused in ((written, False), (twice, True), ("[" * 100_000, True)):
        (tmp_path / "consent.json").write_text(text)
        with pytest.raises(FhirConsentError) if refused else nullcontext():
            read_consent(tmp_path / "consent.json", notice=OTHER_NOTICE)
