"""SC4: a youth and a guardian permit together in the page; a guardian opens a child's records there."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Response
from support.page_audit import AUDIT
from support.portal_browser import NEEDS_UMBRAL, Visit
from support.portal_family import YEAR, act_for, family_with_cards, sign_in

from consent.guardians import Capacity
from consent.vocabulary import PROXIES, Category
from services.contracts.identity.messages import Application
from services.demo.scene import PINS, Scene
from services.gateway.approvals import read_approval
from services.gateway.cards import save_card
from services.gateway.clinical import ClinicalRecord
from services.gateway.hospital import deposit, link
from services.gateway.wallet_actions import permissions

pytestmark = [pytest.mark.browser, pytest.mark.processes, pytest.mark.long, NEEDS_UMBRAL]

SIGNING = PINS[Application.SIGNATURE]
SECRET = "ペニシリン canary-3c77"


def _approve(visit: Visit) -> Path:
    """As the guardian, without the ward's file: approve that a clinic reads checkups."""
    page = visit.page
    visit.go("permit")
    assert page.is_visible("#permit-both")
    page.check("#effect-permit")
    page.select_option("#recipient", "clinic-b")
    page.check("#category-checkup")
    page.fill("#first", str(YEAR))
    page.fill("#last", str(YEAR))
    page.check("#purpose-TREAT")
    page.click("#permit-show")
    page.locator("#permit-preview-heading:focus").wait_for()
    assert page.inner_text("#permit-sign") == "Approve, for the person to sign"
    page.click("#permit-sign")
    with page.expect_download() as download:
        visit.answer(SIGNING)
    visit.told("#status", "Until then nothing is permitted.")
    file = visit.folder / "approval.json"
    download.value.save_as(file)
    return file


def _show(visit: Visit, file: Path) -> None:
    visit.page.set_input_files("#joint-file", str(file))
    visit.page.click("#joint-show")


def test_a_youth_permits_with_the_own_card_what_a_guardian_approved(
    visit: Visit, deployment: Scene, tmp_path: Path
) -> None:
    """SC4, G2: neither alone permits; each body has both signatures; the history says that it was both."""
    page = visit.page
    found, youth = family_with_cards(deployment, tmp_path, age=16)
    sign_in(visit, found)
    act_for(visit, found)
    approval = _approve(visit)
    assert read_approval(approval.read_bytes()).signatures.keys() == set(PROXIES)
    assert found.active() == []
    page.click("#sign-out")
    card = tmp_path / "youth.json"
    save_card(youth.card, card)
    visit.present(card)
    visit.rows.first.wait_for()
    visit.go("guardian")
    _refuses_what_is_no_approval(visit, approval)
    _show(visit, approval)
    page.locator("#joint-preview-heading:focus").wait_for()
    assert "clinic-b" in page.inner_text("#joint-terms")
    assert visit.faults() == {}
    page.click('[data-language="en"]')
    page.click("#joint-sign")
    visit.answer(SIGNING)
    visit.told("#status", "Permitted.")
    (permission,) = permissions(youth.person, bodies=PROXIES)
    signatures = [copy.verified.directive.guardian for held in permission.copies.values() for copy in held]
    assert [each.capacity for each in signatures if each] == [Capacity.PARENT] * 3
    visit.go("history")
    visit.show("all")
    told = {
        what.split("\n")[0]: who for what, who in zip(visit.cells("what"), visit.cells("who"), strict=True)
    }
    assert told["A permission or refusal was laid down"].startswith(
        "You, with a guardian (holder of parental authority)"
    )
    assert told["A guardian signed in for the person"] == "A guardian (holder of parental authority)"


def _refuses_what_is_no_approval(visit: Visit, approval: Path) -> None:
    """A file of something else; one whose text nobody here was shown; wider terms than the guardian signed."""
    page, told = visit.page, json.loads(approval.read_text())
    file = visit.folder / "changed.json"

    def changed(**terms: Any) -> Path:
        file.write_text(json.dumps({**told, "terms": {**told["terms"], **terms}}))
        return file

    for terms, said in (
        ({"effect": "deny"}, "not an approval by a guardian"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "over already"),
        ({"notice": {**told["terms"]["notice"], "sha256_of_text": "0" * 64}}, "not one of this page"),
    ):
        _show(visit, changed(**terms))
        visit.told("#joint-problem", said)
        assert page.get_attribute("#joint-file", "aria-invalid") == "true"
    _show(visit, changed(purposes=["HRESCH", "TREAT"]))
    page.locator("#joint-preview-heading:focus").wait_for()
    page.click("#joint-sign")
    visit.answer(SIGNING)
    visit.told("#confirm-problem", "This is no guardian of the person.")
    page.click("#confirm-no")


def test_a_guardian_opens_a_childs_records_and_the_child_sees_it_later(
    visit: Visit, deployment: Scene, tmp_path: Path
) -> None:
    """UC2, K7: what passes the portal is sealed; nothing is left when acting ends; the history says who."""
    page, passed = visit.page, list[bytes]()

    def keep(answer: Response) -> None:
        if "/relay/" in answer.url:
            passed.append(answer.body())

    found, child = family_with_cards(deployment, tmp_path, age=3)
    hospital = deployment.organisation("hospital-a")
    prescription = {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"text": SECRET}}
    content = json.dumps(prescription, ensure_ascii=False).encode()
    record = ClinicalRecord("p", Category.MEDICATION, YEAR, "rx", content)
    deposit(hospital, link(hospital, child.person), [record])
    page.on("response", keep)
    sign_in(visit, found)
    act_for(visit, found, name="Ichiro", file=found.file)
    visit.go("records")
    page.click("#records-open")
    assert "that a guardian fetched the records" in page.inner_text("#confirm-effects")
    visit.answer(SIGNING)
    visit.told("#status", "1 records opened")
    assert SECRET in page.inner_text("#own-records")
    assert not any(SECRET.encode() in each for each in passed)
    assert page.evaluate(AUDIT) == []
    page.click("#stop-acting")
    page.locator("#guardian-heading:focus").wait_for()
    assert SECRET not in page.content()
    page.click("#sign-out")
    card = tmp_path / "child-card.json"
    save_card(child.card, card)
    visit.present(card)
    visit.rows.first.wait_for()
    row = visit.rows.filter(has_text="The person's own records were fetched").first
    assert "A guardian (holder of parental authority)" in row.inner_text()
