"""Permissions for records, made and taken back in the page, over real bodies."""

import hashlib
import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Route
from support.portal_browser import NEEDS_UMBRAL, Visit
from support.portal_sharing import NOW, SPAN, active, fill_in, read, write

from consent import base64url
from consent.conditions import FrequencyUnit
from consent.receipt_facts import LaidDown
from consent.recipients import Recipient
from consent.terms import Effect, RecordScope
from consent.vocabulary import PROXIES, Category
from services.contracts.identity.messages import Application
from services.demo.scene import PINS, Inhabitant, Scene, medical_terms
from services.gateway.errors import RefusedError
from services.gateway.history import trust_of
from services.gateway.own_receipts import receipt_of
from services.gateway.receipts import make_receipt, read_proof
from services.gateway.wallet_actions import lay_down, permissions, withdraw
from services.gateway.withdrawing import read_withdrawal, verify_withdrawal
from services.kit.clock import system_clock
from services.portal.pages import load_words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    NEEDS_UMBRAL,
]
SIGNING = PINS[Application.SIGNATURE]
SHARES = 11


@pytest.fixture(scope="module")
def sharer(deployment: Scene) -> Inhabitant:
    """Somebody with records of two kinds at hospital A, whom clinic B knows and may not read."""
    someone = deployment.people[SHARES]
    write(deployment, someone, "1")
    return someone


def test_what_the_page_signs_opens_and_what_it_takes_back_does_not(visit: Visit, sharer: Inhabitant) -> None:
    """UC1, R3, SC2, SC3: fragments made in the page pass the proxies' trial, and a reader opens with them; after it was
    taken back nothing is given out, and permissions that go on open what is sealed under the new keys.
    """
    page, scene = visit.page, visit.scene
    visit.sign_in(sharer)
    for recipient in ("clinic-b", "hospital-a"):
        visit.go("permit")
        fill_in(visit, recipient, Category.MEDICATION)
        if recipient == "clinic-b":
            page.fill("#times", "5")
            page.select_option("#unit", "week")
        page.click("#permit-show")
        page.locator("#permit-preview-heading:focus").wait_for()
        assert f"+ {recipient} gains medication" in page.inner_text("#permit-changes")
        notice, refusing = (page.inner_text(f"#permit-{each}") for each in ("notice", "refusing"))
        page.click("#permit-sign")
        visit.answer("wrong1234")
        visit.told("#confirm-problem", "Wrong PIN. Tries left: 4.")
        visit.answer(SIGNING)
        visit.told("#status", "Permitted. 3 bodies hold a signed copy")
        visit.go("history")  # and then another one from an empty form
    (laid, _) = active(sharer)
    assert laid.copies.keys() == set(PROXIES)
    assert isinstance(laid.terms.scope, RecordScope)
    assert (laid.terms.recipient, laid.terms.scope.years) == (
        Recipient(laid.terms.recipient.organisation),
        SPAN,
    )
    assert laid.terms.conditions.frequency is not None
    assert (laid.terms.conditions.frequency.times, laid.terms.conditions.frequency.unit) == (
        5,
        FrequencyUnit.WEEK,
    )
    assert laid.terms.notice.sha256_of_text == hashlib.sha256(notice.encode()).hexdigest()
    assert (laid.terms.notice.refusal_meaning, laid.terms.notice.language) == (refusing, "en")
    assert read(scene, sharer, "clinic-b", Category.MEDICATION) == 1
    _asks_who_may_read(visit)
    _takes_back(visit, sharer)
    _has_a_receipt(visit, sharer, notice)
    with pytest.raises(RefusedError, match="withdrawn"):
        read(scene, sharer, "clinic-b", Category.MEDICATION)
    write(scene, sharer, "2")
    assert read(scene, sharer, "hospital-a", Category.MEDICATION) == 2


def _asks_who_may_read(visit: Visit) -> None:
    page = visit.page
    visit.go("sharing")
    assert page.locator("#directives > li").count() == 2
    page.select_option("#may-recipient", "clinic-b")
    for each in ("medication", "imaging"):
        page.check(f"#may-category-{each}")
    page.fill("#may-first", str(NOW))
    page.fill("#may-last", str(NOW))
    page.click("#may button")
    page.locator("#may-answer-heading:focus").wait_for()
    told = page.inner_text("#answers")
    assert "✓ medication: yes" in told
    assert "✗ images: no" in told
    assert "you asked for images" in told


def _takes_back(visit: Visit, sharer: Inhabitant) -> None:
    """W1 to W4: body by body, the seconds, three receipts that anybody can verify."""
    page = visit.page
    page.locator("#directives > li", has_text="clinic-b").get_by_role("button", name="Take back").click()
    page.locator("#confirm[open]").wait_for()  # after the centre has said what would change
    assert "clinic-b loses medication" in page.inner_text("#confirm-effects")
    visit.answer(SIGNING)
    visit.told("#steps", "Done: it is taken back everywhere")
    steps = page.locator("#steps li").all_inner_texts()
    assert [each[0] for each in steps] == ["✓"] * 5
    for body, step in zip(("Medical information centre", "ID centre", "Oversight body"), steps, strict=False):
        assert f"{body}: taken back after " in step
        assert "2 key fragments deleted" in step
    page.locator("#save-receipts").wait_for()
    saved = read_withdrawal(visit.saved("#save-receipts", "withdrawal.json").read_bytes())
    assert saved is not None
    assert saved.missing == []
    directory = sharer.person.directory()
    verified = verify_withdrawal(saved, keys=directory.signing_key)
    assert {each.body for each in verified} == set(PROXIES)
    assert {each.fragments_deleted for each in verified} == {2}
    page.locator("#ended-list").locator("li", has_text="taken back").wait_for(state="attached")


def _has_a_receipt(visit: Visit, sharer: Inhabitant, notice: str) -> None:
    """E1 to E7, R19: from what the page saves follows the receipt that the command makes of the same copy."""
    page = visit.page
    page.click("#ended summary")
    page.locator("#ended-list li", has_text="taken back").get_by_role("button").click()
    assert "It names you as one body does: Medical" in page.inner_text("#confirm-effects")
    page.fill("#confirm-pin", SIGNING)
    proof = read_proof(visit.saved("#confirm-yes", "proof.json").read_bytes())
    visit.told("#status", "sekisho receipt make FILE")
    assert proof is not None
    made = make_receipt(proof, trust_of(sharer.person)).fact
    ended = next(
        each for each in permissions(sharer.person, bodies=PROXIES) if not each.active(system_clock())
    )
    other = receipt_of(sharer.person, ended, texts=[notice]).fact
    assert isinstance(made, LaidDown)
    assert isinstance(other, LaidDown)
    assert (made.directive, made.text, made.key) == (other.directive, notice, other.key)
    assert made.taken_back is not None
    assert other.taken_back is not None
    assert made.taken_back.deletion == other.taken_back.deletion is not None
    assert len(proof.evidence.entries) == 2


@pytest.mark.long
def test_refusal_for_everybody_is_signed_in_the_language_that_was_shown(
    visit: Visit, sharer: Inhabitant
) -> None:
    page, words = visit.page, load_words()["ja"]
    visit.sign_in(sharer)
    visit.go("permit")
    fill_in(visit, "*", Category.MATERNAL, effect="deny")
    page.click("#permit-show")
    page.locator("#permit-preview-heading:focus").wait_for()
    page.click('[data-language="ja"]')
    assert page.is_hidden("#permit-preview"), "what was shown in one language would be signed in the other"
    page.click("#permit-show")
    page.locator("#permit-preview-heading:focus").wait_for()
    page.click("#permit-sign")
    visit.answer(SIGNING)
    visit.told("#status", "断りました。3機関が署名された写しを持っています。")
    (laid,) = [each for each in active(sharer) if each.terms.effect is Effect.DENY]
    assert laid.terms.recipient.organisation is None
    notice = words["permit"]["notice_deny"]
    assert laid.terms.notice.sha256_of_text == hashlib.sha256(notice.encode()).hexdigest()
    assert laid.terms.notice.language == "ja"


@pytest.mark.long
def test_what_cannot_be_signed_is_said_at_its_field(visit: Visit, sharer: Inhabitant) -> None:
    page, words = visit.page, load_words()["en"]["permit"]
    visit.sign_in(sharer)
    visit.go("permit")
    wrong: dict[str, tuple[str, Callable[[], object]]] = {
        "effect": ("fault_effect", lambda: page.check("#effect-permit")),
        "recipient": ("fault_recipient", lambda: page.select_option("#recipient", "clinic-b")),
        "category": ("fault_category", lambda: page.check("#category-summary")),
        "last": ("fault_years", lambda: page.fill("#last", str(NOW))),
        "purpose": ("fault_purpose", lambda: page.check("#purpose-TREAT")),
        "days": ("fault_days", lambda: page.fill("#days", "30")),
        "times": ("fault_times", lambda: page.fill("#times", "")),
    }
    page.fill("#last", "1999")
    page.fill("#days", "0")
    page.fill("#times", "often")
    for field, (key, mend) in wrong.items():
        page.click("#permit-show")
        visit.told("#permit-problem", words[key])
        assert page.get_attribute(f"#{field}", "aria-invalid") == "true"
        mend()
    page.select_option("#recipient", "*")
    page.click("#permit-show")
    visit.told("#permit-problem", words["fault_everybody"])
    assert page.is_hidden("#permit-preview")


@pytest.mark.long
def test_body_that_is_down_is_named_and_taking_back_goes_on_later(visit: Visit, sharer: Inhabitant) -> None:
    """W3: the others have deleted; what is still in force, and what to do next."""
    page = visit.page
    visit.sign_in(sharer)
    visit.go("sharing")
    down = "**/relay/oversight/*"
    page.route(down, _unavailable)
    visit.go("history")
    visit.go("sharing")
    visit.told("#sharing-problem", "Oversight body does not answer at the moment")
    refusal = page.locator("#directives > li", has_text="Everybody").filter(
        has_text=f"{SPAN.first} to {SPAN.last}"
    )
    refusal.get_by_role("button", name="Take back").click()
    visit.answer(SIGNING)
    visit.told("#steps", "Not done yet at: Oversight body.")
    assert "✗ Oversight body has not confirmed it; there it still stands." in page.inner_text("#steps")
    visit.told(
        "#sharing-problem", "Oversight body does not answer at the moment"
    )  # the page has looked again
    page.unroute(down)
    visit.go("history")
    visit.go("sharing")
    visit.told("#directives", "not all three bodies hold it")
    refusal.get_by_role("button", name="Take back").click()
    visit.answer(SIGNING)
    visit.told("#steps", "Done: it is taken back everywhere")


@pytest.mark.long
def test_what_bodies_show_as_a_permission_is_signed_anew_only_if_the_person_gave_it_and_it_stands(
    visit: Visit, sharer: Inhabitant
) -> None:
    """W4: a dishonest body shows what was taken back as in force; all of them show what the wallet never signed."""
    page, person = visit.page, sharer.person
    kinds = (Category.CHECKUP, Category.LABORATORY, Category.IMAGING)
    withdraw(person, lay_down(person, medical_terms("hospital-a", categories=frozenset(kinds), years=SPAN)))
    for count in (2, 3):
        lay_down(person, medical_terms("clinic-b", categories=frozenset(kinds[:count]), years=SPAN))
    before = {each.terms for each in active(sharer)}
    visit.sign_in(sharer)
    page.route("**/relay/identity/directives", lambda route: _shown(route, revive=True))
    taken = _takes_one_back(visit)
    assert taken == "✓"
    page.unroute_all(behavior="wait")
    page.route("**/relay/*/directives", lambda route: _shown(route, revive=False))
    assert _takes_one_back(visit) == "✗"
    left = {each.terms for each in active(sharer)}
    assert left < before, "the page signed what nobody had asked for"
    assert len(before - left) == 2


def _takes_one_back(visit: Visit) -> str:
    """Take the newest permission for clinic B back; return the mark of the step that rolls keys."""
    page = visit.page
    visit.go("history")
    visit.go("sharing")
    page.locator("#directives > li", has_text="clinic-b").first.get_by_role(
        "button", name="Take back"
    ).click()
    page.evaluate("document.getElementById('steps').replaceChildren()")  # those of the last time
    visit.answer(SIGNING)
    visit.told("#steps", "Done: it is taken back everywhere")
    return page.locator("#steps li").all_inner_texts()[3][0]


def _shown(route: Route, *, revive: bool) -> None:
    """Pass on what a body lists, with what was taken back as in force, or with a permission that nobody signed."""
    if route.request.method != "GET":
        return route.continue_()
    answer = route.fetch()
    told = answer.json()
    if revive:
        for each in told["directives"]:
            each["state"] = "active"
    else:
        real = next(
            each["jws"] for each in told["directives"] if b'"effect":"permit"' in _payload(each["jws"])
        )
        header, _, signature = real.split(".")
        said = json.loads(_payload(real))
        terms = {**said["terms"], "recipient": "hospital-a", "purposes": ["HRESCH"]}
        terms["scope"]["categories"] = sorted(each.value for each in Category)
        forged = json.dumps({**said, "id": "f", "terms": terms, "issued_at": "2026-01-01T00:00:00Z"})
        jws = f"{header}.{base64url.encode(forged.encode())}.{signature}"
        told["directives"].append({**told["directives"][0], "id": "f", "jws": jws, "state": "active"})
    return route.fulfill(response=answer, json=told)


def _payload(jws: str) -> bytes:
    return base64url.decode(jws.split(".")[1])


def _unavailable(route: Route) -> None:
    route.fulfill(status=503, json={"code": "unavailable", "body": "oversight"})
