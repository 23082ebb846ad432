"""The page as it is delivered: headers, languages, words for every code, readable colours."""

import json
import re
from enum import StrEnum
from itertools import pairwise

import pytest
from starlette.testclient import TestClient

from consent.conditions import FrequencyUnit
from consent.explanations import RefusalCode, explain
from consent.guardians import Act, Capacity, Change, LegalState, Needs
from consent.lifecycle import DirectiveState
from consent.terms import Effect
from consent.vocabulary import BasicItem, Body, Category, ConfirmationReason, Purpose
from services.contracts.directives import ReleaseFault, SubmissionFault
from services.contracts.identity.messages import Application, CardState, LinkFault, StaffCheck
from services.contracts.medical.relationships import WatchChoice
from services.contracts.medical.uses import Explanation, ReaderIs, RelationshipKind, Rule
from services.contracts.oversight.emergencies import ReviewOutcome
from services.contracts.oversight.register import Kind, Role
from services.contracts.recovery import RecoveryFault
from services.contracts.registry.change_reasons import ChangeReason
from services.contracts.registry.forms import Form
from services.contracts.registry.look_ups import LookUpRefusal
from services.contracts.released import WrongReason
from services.contracts.succession import SuccessionFault
from services.identity.errors import OAuthCode
from services.identity.patient_links import LinkState
from services.identity.workflows.linking_patients import REASONS
from services.kit.events import EventKind, Outcome
from services.oversight.unmasking_errors import UnmaskingFault
from services.portal.headers import BROWSER_HEADERS
from services.portal.pages import (
    FOLDER,
    LANGUAGES,
    STATIC,
    choose_language,
    load_words,
    texts_of_page,
    word_files,
)
from services.registry.tasks import listed_tasks

LEAST_CONTRAST = 4.5  # WCAG 2.2, success criterion 1.4.3
LEAST_CONTRAST_OF_PARTS = 3.0  # 1.4.11


@pytest.mark.parametrize(
    ("asked", "accepted", "chosen"),
    [
        (None, "", "ja"),
        (None, "en-GB,en;q=0.9,ja;q=0.5", "en"),
        (None, "fr,ja-JP;q=0.8,en;q=0.5", "ja"),
        (None, "fr", "ja"),
        ("en", "ja", "en"),
        ("xx", "en", "en"),
        ("../en", "ja", "ja"),
    ],
)
def test_language_is_the_one_asked_for_else_the_browsers(
    asked: str | None, accepted: str, chosen: str
) -> None:
    assert choose_language(asked, accepted) == chosen


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_comes_in_the_language_it_says(browser: TestClient, language: str) -> None:
    page = browser.get("/", params={"lang": language}).text
    assert f'<html lang="{language}">' in page
    assert load_words()[language]["page"]["title"] in page


def test_both_languages_have_the_same_texts_with_the_same_blanks() -> None:
    words = load_words()
    for group, texts in words["en"].items():
        other = words["ja"][group]
        assert texts.keys() == other.keys(), group
        for key in texts:
            assert set(re.findall(r"\{\w+\}", texts[key])) == set(re.findall(r"\{\w+\}", other[key])), key
    assert words["en"].keys() == words["ja"].keys()


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("bodies", Body),
        ("kinds", EventKind),
        ("outcomes", Outcome),
        ("purposes", Purpose),
        ("categories", Category),
        ("categories", BasicItem),
        ("reasons", RefusalCode),
        ("asking", ConfirmationReason),
        ("applications", Application),
        ("card_states", CardState),
        ("checks", StaffCheck),
        ("forms", Form),
        ("change_reasons", ChangeReason),
        ("organisations", Kind),
        ("roles", Role),
        ("reasons", LinkFault),
        ("reasons", UnmaskingFault),
        ("reasons", LookUpRefusal),
        ("reasons", RecoveryFault),
        ("reasons", SuccessionFault),
        ("reasons", SubmissionFault),
        ("reasons", ReleaseFault),
        ("reasons", OAuthCode),
        ("reasons", WrongReason),
        ("rules", Rule),
        ("relationships", RelationshipKind),
        ("explanations", Explanation),
        ("askers", ReaderIs),
        ("watches", WatchChoice),
        ("findings", ReviewOutcome),
        ("acts", Act),
        ("needs", Needs),
        ("changes", Change),
        ("capacities", Capacity),
        ("legal_states", LegalState),
    ],
)
def test_every_code_of_a_log_has_words(group: str, codes: type[StrEnum]) -> None:
    for language in LANGUAGES:
        missing = {code.value for code in codes} - load_words()[language][group].keys()
        assert not missing


def test_reasons_are_those_that_the_decision_explains(browser: TestClient) -> None:
    told = browser.get("/words.json").json()
    for code in RefusalCode:
        assert told["ja"]["reasons"][code.value] == explain(code).ja
        assert told["en"]["reasons"][code.value] == explain(code).en


@pytest.mark.parametrize("language", LANGUAGES)
def test_reasons_and_tasks_that_are_no_enumeration_have_words(language: str) -> None:
    told = load_words()[language]
    assert set(REASONS.values()) <= told["reasons"].keys()
    assert told["tasks"] == {name: getattr(task, language) for name, task in listed_tasks().items()}


@pytest.mark.parametrize(
    ("group", "beginning", "codes"),
    [
        ("cards", "", Application),
        ("cards", "rule_", Application),
        ("links", "check_", StaffCheck),
        ("links", "state_", LinkState),
        ("banks", "", Effect),
        ("banks", "state_", DirectiveState),
        ("banks", "per_", FrequencyUnit),
    ],
)
def test_every_state_that_a_part_shows_has_words(group: str, beginning: str, codes: type[StrEnum]) -> None:
    assert {beginning + code.value for code in codes} <= load_words()["en"][group].keys()


def test_what_the_words_say_the_person_did_is_said_to_be_by_the_person() -> None:
    told = load_words()["en"]["kinds"]
    by_person = {kind for kind, text in told.items() if re.match(r"You (?!were )", text)}
    own = re.search(r"OWN_KINDS = new Set\(\[(.*?)\]\)", (FOLDER / "history.js").read_text(), re.DOTALL)
    assert own is not None
    assert by_person <= set(re.findall(r'"(\w+)"', own[1]))
    assert len(by_person) > 5


def test_nothing_that_a_guardian_did_is_told_to_the_ward_as_their_own_doing() -> None:
    words = load_words()["en"]
    by_person = {kind for kind, text in words["kinds"].items() if text.startswith("You ")}
    assert by_person <= words["kinds_of_wards"].keys() <= words["kinds"].keys()
    assert not [text for text in words["kinds_of_wards"].values() if re.search(r"\byou", text, re.IGNORECASE)]


def test_texts_named_by_the_page_and_its_modules_exist(browser: TestClient) -> None:
    texts = load_words()["en"]
    named = re.findall(r'(?:data-text|data-label)="([\w.]+)"', browser.get("/").text)
    assert len(named) > 100
    assert set(named) <= texts_of_page(texts).keys()
    for module in FOLDER.glob("*.js"):
        for group, key in re.findall(r'word\("(\w+)", "(\w+)"', module.read_text()):
            assert key in texts[group], f"{module.name}: {key}"


@pytest.mark.parametrize("path", ["/", "/config.json", "/relay/medical/history", "/nothing", "/session"])
def test_every_answer_carries_the_headers_for_browsers(browser: TestClient, path: str) -> None:
    answer = browser.get(path)
    for name, value in BROWSER_HEADERS.items():
        assert answer.headers.get_list(name) == [value], name


def test_the_page_and_its_parts_come_without_a_session(browser: TestClient) -> None:
    for name in STATIC:
        answer = browser.get(f"/{name}")
        assert answer.status_code == 200
        assert answer.content == (FOLDER / name).read_bytes()


def test_the_page_needs_nothing_that_its_policy_forbids(browser: TestClient) -> None:
    page = browser.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r"https?://", page)
    for module in FOLDER.glob("*.js"):
        code = module.read_text()
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", code), module
        assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.", code), module


def test_health_and_discovery_are_open(browser: TestClient) -> None:
    assert browser.get("/healthz").json() == {"status": "ok", "body": "portal"}
    assert browser.get("/.well-known/sekisho").json()["body"] == "portal"


def _colours() -> dict[str, str]:
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", (FOLDER / "portal.css").read_text()))


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", ["paper", "soft"])
@pytest.mark.parametrize("text", ["ink", "main", "good", "bad", "unsure"])
def test_texts_stand_out_from_their_ground(text: str, ground: str) -> None:
    colours = _colours()
    assert _contrast(colours[text], colours[ground]) >= LEAST_CONTRAST


def test_other_colours_stand_out_too() -> None:
    colours = _colours()
    assert _contrast("#404a55", colours["paper"]) >= LEAST_CONTRAST
    assert _contrast(colours["bad"], "#fdf1f1") >= LEAST_CONTRAST
    assert _contrast("#4a4a4a", colours["soft"]) >= LEAST_CONTRAST
    assert _contrast(colours["line"], colours["paper"]) >= LEAST_CONTRAST_OF_PARTS


def test_headings_leave_out_no_level(browser: TestClient) -> None:
    levels = [int(level) for level in re.findall(r"<h(\d)", browser.get("/").text)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_field_has_a_label(browser: TestClient) -> None:
    page = browser.get("/").text
    fields = re.findall(r'<(?:input|select|textarea) id="([\w-]+)"', page)
    assert len(fields) == len(re.findall(r"<(?:input|select|textarea)\b", page)) > 5
    assert [field for field in fields if not re.search(rf'<label[^>]* for="{field}"', page)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_word_files_are_well_formed_and_none_repeats_anothers_text(language: str) -> None:
    names: list[tuple[str, str]] = []
    for file in word_files(language):
        told = json.loads(file.read_text(encoding="utf-8"))
        assert all(text.strip() for texts in told.values() for text in texts.values())
        names += [(group, key) for group, texts in told.items() for key in texts]
    assert len(names) == len(set(names))
