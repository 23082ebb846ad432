"""Patient numbers, banks and personal number in My Portal: one journey each, and one look at all parts of the page."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Route
from support.page_audit import AUDIT, BREAK
from support.portal_browser import PIN, Visit
from support.waiting import until

from consent.conditions import Conditions, Frequency, FrequencyUnit
from consent.directives import BasicScope
from consent.identifiers import OrganisationId
from consent.recipients import Recipient
from consent.vocabulary import BasicItem, Body, ConfirmationReason
from consent.withdrawals import verify_deletion_receipt
from services.contracts.identity.messages import Application, StaffCheck
from services.demo.products import GTIN, OWN_RECALL
from services.demo.scene import PINS, Inhabitant, Scene, basic_terms
from services.gateway import numbers
from services.gateway.accounts import Opening, agree, offer_account, open_account
from services.gateway.bank import confirm
from services.gateway.errors import RefusedError
from services.gateway.history import inbox
from services.gateway.hospital import link
from services.gateway.links import own_links
from services.gateway.reception import Patient, StaffWord, link_patient
from services.gateway.shop import read_recall, register_purchase, register_trade_item, start_recall
from services.gateway.wallet_actions import lay_down

pytestmark = [pytest.mark.browser, pytest.mark.processes]

LIVED = 5
SIGNING = PINS[Application.SIGNATURE]
CONTRACT, WHY = "loan 17", ConfirmationReason.MAIL_RETURNED


@pytest.fixture(scope="module")
def lived(deployment: Scene) -> Inhabitant:
    """Somebody with a linked patient number, an account, a permission for a bank, and a question of that bank."""
    someone, bank = deployment.people[LIVED], deployment.organisation("bank")
    items = someone.patient.items
    link_patient(
        deployment.organisation("clinic-b"),
        Patient("P-0001", items.name, items.birth_date),
        StaffWord(StaffCheck.PIN),
        person=someone.person,
    )
    offer = offer_account(bank, CONTRACT, [BasicItem.NAME, BasicItem.ADDRESS], good_for=timedelta(minutes=10))
    signed = agree(someone.person, offer, frozenset({BasicItem.ADDRESS}))
    open_account(bank, Opening(offer, signed), begun=None, keep=lambda _: None)
    scope = BasicScope(frozenset({BasicItem.ADDRESS}), CONTRACT, frozenset({WHY}))
    lay_down(someone.person, basic_terms("bank", scope))
    _ask(deployment, someone)
    return someone


@pytest.fixture(scope="module")
def warned(deployment: Scene, lived: Inhabitant) -> Inhabitant:
    """The same person, who has an article that was recalled and was told so."""
    maker, retailer = deployment.organisation("maker"), deployment.organisation("retailer")
    register_trade_item(maker, GTIN, "heater")
    register_purchase(retailer, link(retailer, lived.person), GTIN, serial="1")
    start_recall(maker, read_recall(OWN_RECALL), GTIN)
    until(lambda: bool(inbox(lived.person)))
    return lived


def _ask(scene: Scene, someone: Inhabitant) -> None:
    bank = scene.organisation("bank")
    known = {BasicItem.ADDRESS: someone.patient.items.address}
    confirm(bank, link(bank, someone.person), known, contract=CONTRACT, reason=WHY)


def test_a_session_that_ended_leads_back_to_signing_in_from_every_part(
    visit: Visit, lived: Inhabitant
) -> None:
    visit.sign_in(lived)
    visit.page.context.clear_cookies()
    visit.page.click('[data-part="banks"]')
    visit.told("#status", "you were signed out")
    assert visit.page.is_visible("#signing-in")
    assert CONTRACT not in visit.page.content()


@pytest.mark.parametrize(("language", "width"), [("ja", 320), ("en", 1280)])
def test_every_part_is_for_everybody(visit: Visit, warned: Inhabitant, language: str, width: int) -> None:
    """Names, order, headings, lists, tables, contrast, targets, one column on a narrow screen; dialogues, too."""
    page = visit.page
    page.set_viewport_size({"width": width, "height": 900})
    page.click(f'[data-language="{language}"]')
    found = {"signing in": page.evaluate(AUDIT)}
    visit.sign_in(warned)
    titles = set()
    for part, asks in {
        "history": None,
        "records": "#records-open",
        "sharing": None,
        "permit": None,
        "emergency": None,
        "watch": None,
        "recalls": None,
        "cards": "#stop-card",
        "links": "#own-links button",
        "banks": "#permissions button",
        "guardian": None,
        "number": "#change-number",
    }.items():
        visit.go(part)
        titles.add(page.title())
        assert page.get_attribute(f'[data-part="{part}"]', "aria-current") == "page"
        found[part] = page.evaluate(AUDIT)
        if asks is not None:
            page.locator(asks).first.press("Enter")
            page.locator("#confirm[open] :focus").wait_for()
            found[f"{part}, asking"] = page.evaluate(AUDIT)
            page.keyboard.press("Escape")
            assert page.locator(asks).first.evaluate("each => each === document.activeElement")
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
    assert len(titles) == 12
    page.evaluate(BREAK)
    rules = {each.split(":")[0] for each in page.evaluate(AUDIT)}
    assert {
        "id twice",
        "no name",
        "faint text",
        "aria-describedby names nothing",
        "order of its own",
    } <= rules
    assert any("wider than the screen" in each for each in rules)


def test_a_recall_is_read_and_the_notice_says_what_to_do(visit: Visit, warned: Inhabitant) -> None:
    (notice,) = inbox(warned.person)
    visit.sign_in(warned)
    visit.go("recalls")
    shown = visit.page.inner_text("#notices")
    for text in (notice.title, notice.product, notice.hazard, notice.remedy, notice.contact, "not yet"):
        assert text in shown
    assert visit.page.get_attribute("#notices a", "href") == notice.url
    visit.page.click("#notices button")
    visit.told("#status", "It is noted that you have read it.")
    assert "not yet" not in visit.page.inner_text("#notices")
    assert inbox(warned.person)[0].read_at is not None
    visit.go("history")
    read = visit.rows.filter(has_text="You read a recall notice")
    assert read.locator('td[data-column="who"]').inner_text() == "You"


def test_a_wrong_link_is_cut_by_whom_it_names(visit: Visit, lived: Inhabitant) -> None:
    page = visit.page
    visit.sign_in(lived)
    visit.go("links")
    (shown,) = page.locator("#own-links li").all_inner_texts()
    assert "Clinic B" in shown
    assert "Your card, opened with its PIN." in shown
    page.click("#own-links button")
    assert "Records that came under it are set apart" in page.inner_text("#confirm-effects")
    visit.answer()
    visit.told("#status", "The link is cut.")
    assert page.locator("#own-links button").count() == 0
    undone = page.locator("#links-told tbody tr", has_text="was undone").inner_text()
    assert "You said that this link is not yours." in undone
    assert "You" in undone.splitlines()
    assert "about B 診療所 / Clinic B (clinic-b)" in undone
    (held,) = own_links(lived.person)
    assert held.state in ("undoing", "undone")


def test_a_permission_of_a_bank_is_ended_with_the_signature_pin(visit: Visit, lived: Inhabitant) -> None:
    """UC8, UC9: what was disclosed, what was asked, and the end, which the registry signs."""
    page = visit.page
    visit.sign_in(lived)
    visit.go("banks")
    (shown,) = page.locator("#permissions li").all_inner_texts()
    for text in ("Tsubame Bank (bank) may ask", "address", CONTRACT, "a letter to you came back", "in force"):
        assert text in shown
    asked, told = (page.locator(f"#{each} tbody").inner_text() for each in ("banks-asked", "banks-told"))
    assert "✓ Permitted" in asked
    assert "Contract: loan 17; why: a letter to you came back." in asked
    assert "Kinds: address. Contract: loan 17" in told
    assert page.locator("#banks-asked [data-proof=proved]").count() == 1
    page.click("#permissions button")
    visit.answer("")
    visit.told("#confirm-problem", "Enter your PIN.")
    visit.answer("wrong1234")
    visit.told("#confirm-problem", "Wrong PIN. Tries left: 4.")
    visit.answer(SIGNING)
    visit.told("#status", "Ended. The registry's signed receipt is checked")
    assert "ended by you" in page.inner_text("#permissions")
    receipt = json.loads(visit.saved("#permissions button", "receipt.json").read_text())["receipt"]
    key = lived.person.directory().signing_key(Body.REGISTRY)
    assert verify_deletion_receipt(receipt, key).body is Body.REGISTRY
    with pytest.raises(RefusedError, match="withdrawn"):
        _ask(visit.scene, lived)


def test_a_receipt_that_the_registry_did_not_sign_is_reported(visit: Visit, lived: Inhabitant) -> None:
    scope = BasicScope(frozenset({BasicItem.NAME}), "another", frozenset({WHY}))
    bound = Conditions(Frequency(2, FrequencyUnit.WEEK))
    recipient = Recipient(OrganisationId("bank"), "confirmer")
    lay_down(lived.person, replace(basic_terms("bank", scope), recipient=recipient, conditions=bound))
    page = visit.page

    def forge(route: Route) -> None:
        answer = route.fetch()
        if not answer.ok:  # the centre asks for its nonce first
            route.fulfill(response=answer)
            return
        header, payload, signature = answer.json()["receipt"].split(".")
        other = ("B" if signature[0] == "A" else "A") + signature[1:]
        route.fulfill(json={"receipt": f"{header}.{payload}.{other}"})

    page.route("**/relay/registry/withdrawals", forge)
    visit.sign_in(lived)
    visit.go("banks")
    ending = page.locator("#permissions li", has_text="another")
    assert "(bank), only: who confirms basic items may ask" in ending.inner_text()
    assert "at most 2 times a week" in ending.inner_text()
    ending.get_by_role("button").click()
    visit.answer(SIGNING)
    visit.told("#confirm-problem", "does not carry the right signature")


def test_the_number_is_changed_with_the_pin_each_time(visit: Visit, lived: Inhabitant) -> None:
    """J5: the old number stops, and all else stays."""
    page, before = visit.page, numbers.own_number(lived.person)
    visit.sign_in(lived)
    visit.go("number")
    assert before not in page.content().replace(" ", "")
    page.click("#show-number")
    visit.told("#own-number", f"{before[:4]} {before[4:8]} {before[8:]}")
    page.click("#change-number")
    assert "Nobody is told the new number." in page.inner_text("#confirm-effects")
    visit.answer("0000")
    visit.told("#confirm-problem", "Wrong PIN. Tries left: 2.")
    assert numbers.own_number(lived.person) == before
    visit.answer(PIN)
    visit.told("#status", "Your number was changed.")
    now = numbers.own_number(lived.person)
    assert now != before
    assert page.inner_text("#own-number").replace(" ", "") == f"Yournumber:{now}"
    visit.go("history")
    changed = visit.rows.filter(has_text="Your personal number was changed")
    assert changed.count() == 1
    assert changed.locator('td[data-column="who"]').inner_text() == "You"
    assert "✓ Proved" in changed.inner_text()
    page.click("#sign-out")
    assert now not in page.content().replace(" ", "")
