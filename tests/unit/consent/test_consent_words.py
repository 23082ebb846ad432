"""Codes in words, the same as My Portal's, and explanations that name the directive and what is missing."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from consent.compartments import FIRST_YEAR, LAST_YEAR, YearSpan
from consent.conditions import Conditions, Frequency, FrequencyUnit, Onward
from consent.decision import _PRECEDENCE, AccessRequest, BasicRequest, HeldDirective, RefusalCode, decide
from consent.directives import BasicScope, Directive, Effect, Notice, RecordScope, Terms, VerifiedDirective
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym
from consent.lifecycle import DirectiveState
from consent.reasons import _LACKS, explain_to_person, explain_to_reader
from consent.recipients import EVERYBODY, Reader, Recipient
from consent.vocabulary import BasicItem, Body, Category, ConfirmationReason, Purpose
from consent.words import CATEGORIES, ITEMS, PURPOSES, REASONS, ROLES, UNITS, terms_in_words
from services.contracts.oversight.register import Role

PAGES = Path(__file__).resolve().parents[3] / "services" / "portal" / "pages"
NOW = datetime(2026, 4, 1, tzinfo=UTC)
DAY = timedelta(days=1)
CLINIC = OrganisationId("clinic-b")
READER = Reader(CLINIC, OperatorId("dr-sato"), frozenset({"reader"}))
TERMS = Terms(
    recipient=Recipient(CLINIC),
    effect=Effect.PERMIT,
    purposes=frozenset({Purpose.TREAT}),
    scope=RecordScope(frozenset({Category.MEDICATION}), YearSpan(2024, 2026)),
    valid_from=NOW - DAY,
    valid_until=NOW + 30 * DAY,
    notice=Notice.of_text("t", text_id="t", version="1", language="ja", refusal_meaning="r"),
)
REQUEST = AccessRequest(READER, frozenset({Category.LABORATORY}), YearSpan(2025, 2025), Purpose.TREAT, NOW)


def held(state: DirectiveState = DirectiveState.ACTIVE, **terms: Any) -> HeldDirective:
    directive = Directive(DirectiveId("d"), Body.MEDICAL, Pseudonym("p"), replace(TERMS, **terms), NOW)
    return HeldDirective(VerifiedDirective(directive, ""), state)


def pages(language: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((PAGES / f"{language}.json").read_text())
    roles = json.loads((PAGES / f"log.{language}.json").read_text())["roles"]
    return {**told, "roles": roles}


def test_words_are_those_that_my_portal_shows() -> None:
    """English ones that speak to the person there ("your") speak of the person here."""
    tables: dict[str, Any] = {
        "categories": {**CATEGORIES, **ITEMS},
        "purposes": PURPOSES,
        "asking": REASONS,
        "roles": ROLES,
    }
    for name, words in tables.items():
        ja, en = pages("ja")[name], pages("en")[name]
        assert {str(code): word.ja for code, word in words.items()} == ja
        assert set(en) == set(ja)
        for code, word in words.items():
            assert word.en == en[code].replace("Treat", "treat") or "you" in en[code] or name == "purposes"


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (CATEGORIES, Category),
        (ITEMS, BasicItem),
        (PURPOSES, Purpose),
        (REASONS, ConfirmationReason),
        (UNITS, FrequencyUnit),
        (ROLES, [role.value for role in Role]),
    ],
)
def test_every_code_has_words(words: dict[str, Any], codes: Any) -> None:
    assert set(words) == set(codes)


def test_every_code_that_may_be_missing_has_words() -> None:
    assert set(_LACKS) == {*_PRECEDENCE, RefusalCode.DENIED_BY_PERSON}


def reader_is_told(directive: HeldDirective, request: AccessRequest | BasicRequest = REQUEST) -> Any:
    return explain_to_reader(decide(request, [directive]), request, [directive])


def test_explanation_names_the_permission_and_what_it_does_not_cover() -> None:
    told = reader_is_told(held())
    assert told.en.startswith(
        "The permission of 2026-04-01 for clinic-b covers medication 2024-2026 for treatment; "
        "you asked for laboratory results."
    )
    assert told.ja.startswith(
        "2026-04-01のclinic-bへの許可は2024-2026年の薬（診療）についてです、請求は検査結果です。"
    )


LACKING: list[tuple[HeldDirective, str, str]] = [
    (held(DirectiveState.WITHDRAWN), "it was withdrawn", "取り消されました"),
    (held(valid_until=NOW), "it ended on 2026-04-01", "2026-04-01に終わりました"),
    (held(valid_from=NOW + DAY), "it begins on 2026-04-02", "2026-04-02に始まります"),
    (held(DirectiveState.RECEIVED), "it is not in force yet", "まだ有効になっていません"),
    (held(recipient=Recipient(CLINIC, "writer")), "clinic-b (writer of records)", "（記録の作成）"),
    (held(recipient=Recipient(CLINIC, professional=OperatorId("dr-mori"))), "dr-sato asked", "dr-sato"),
    (held(purposes=frozenset({Purpose.HRESCH})), "the purpose: treatment", "請求の目的は診療です"),
    (
        held(scope=RecordScope(frozenset(Category), YearSpan(2010, 2011))),
        "you asked for 2025",
        "請求は2025年です",
    ),
]


@pytest.mark.parametrize(("directive", "en", "ja"), LACKING)
def test_each_missing_thing_is_named(directive: HeldDirective, en: str, ja: str) -> None:
    told = reader_is_told(directive)
    assert en in told.en
    assert ja in told.ja


def test_used_up_permission_says_how_often_it_may_be_used() -> None:
    counted = held(
        scope=RecordScope(frozenset(Category), YearSpan(2025, 2025)),
        conditions=Conditions(Frequency(1, FrequencyUnit.DAY), Onward.ALLOWED),
    )
    told = reader_is_told(replace(counted, uses=(NOW,)))
    assert "at most 1 times a day, may be passed on; 1 times a day are used up." in told.en
    assert "1日に1回を使い切りました" in told.ja


def test_contract_and_reason_that_were_not_permitted_are_named() -> None:
    listed = frozenset({ConfirmationReason.OPENING})
    scope = BasicScope(frozenset({BasicItem.NAME}), "loan 1", listed)
    bank = held(scope=scope)
    items = frozenset({BasicItem.NAME, BasicItem.SEX})
    wish = BasicRequest(READER, items, Purpose.TREAT, "loan 2", ConfirmationReason.INHERITANCE, NOW)
    told = reader_is_told(bank, wish)
    for part in ("the contract loan 2", "an inheritance", "you asked for sex"):
        assert part in told.en


def test_reader_is_told_nothing_of_a_refusal_and_the_person_everything() -> None:
    wide = RecordScope(frozenset(Category), YearSpan(1990, 2030))
    refusal = held(effect=Effect.DENY, recipient=EVERYBODY, scope=wide)
    decision = decide(REQUEST, [refusal])
    assert explain_to_reader(decision, REQUEST, [refusal]).en == "The person has refused this."
    told = explain_to_person(decision, REQUEST, [refusal])
    assert told.en.startswith("The refusal of 2026-04-01 for everybody covers summary, medication, check-ups")
    assert "すべての組織" in told.ja


def test_whole_directive_in_one_line() -> None:
    once = Conditions(Frequency(2, FrequencyUnit.WEEK))
    line = terms_in_words(replace(TERMS, recipient=Recipient(CLINIC, "reader"), conditions=once))
    assert line.en == (
        "clinic-b (reader of records): medication 2024-2026, for treatment, at most 2 times a week, "
        "until 2026-05-01"
    )
    assert line.ja == ("clinic-b（記録の閲覧）: 2024-2026年の薬、診療のため、1週間に2回まで、2026-05-01まで")
    assert "拒否" in terms_in_words(replace(TERMS, effect=Effect.DENY)).of("ja")


def test_what_is_of_no_year_in_particular_says_so() -> None:
    every = RecordScope(frozenset({Category.MEDICATION}), YearSpan(FIRST_YEAR, LAST_YEAR))
    told = terms_in_words(replace(TERMS, scope=every))
    assert "すべての年の薬" in told.ja
    assert "medication any year" in told.en
