"""A person's own records in My Portal: opened in the browser alone, added to, taken home, refused when false."""

import json
from dataclasses import dataclass

import pytest
from playwright.sync_api import Route
from support.command_line import within
from support.page_audit import AUDIT
from support.portal_browser import NEEDS_UMBRAL, Visit

from consent import base64url
from consent.identifiers import BundleId, DocumentId
from consent.sealing import ContentKey, PlainDocument, begin_bundle, complete_bundle
from consent.vocabulary import Body, Category
from consent.wallet import Wallet
from services.contracts.identity.messages import Application
from services.demo.scene import PINS, Inhabitant, Scene
from services.gateway.clinical import ClinicalRecord
from services.gateway.hospital import FHIR_JSON, deposit, find_keys, hand_over, link
from services.gateway.large_documents import LargeFile, deposit_file
from services.gateway.measurements import MEASURES
from services.gateway.organisation import Organisation
from services.gateway.own_records import own_records
from services.kit.clock import system_clock, system_randomness
from services.portal.pages import FOLDER

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    NEEDS_UMBRAL,
]
ITS_OWN = 14
SIGNING = PINS[Application.SIGNATURE]
YEAR = system_clock().year
SECRET = "ワルファリン 2mg canary-8d1f"
STUDY = bytes(range(251)) * 9_000


@dataclass(frozen=True)
class Recorded:
    """Somebody with a prescription, a measurement by the hospital, and a study too large for one answer."""

    who: Inhabitant
    resources: tuple[dict[str, object], ...]


@pytest.fixture(scope="module")
def recorded(deployment: Scene, tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    who, hospital = deployment.people[ITS_OWN], deployment.organisation("hospital-a")
    reference = link(hospital, who.person)
    prescription: dict[str, object] = {
        "resourceType": "MedicationRequest",
        "id": "rx",
        "medicationCodeableConcept": {"text": SECRET},
        "authoredOn": f"{YEAR}-02-03",
    }
    measured: dict[str, object] = {
        "resourceType": "Observation",
        "id": "hb",
        "code": {"text": "Hemoglobin"},
        "valueQuantity": {"value": 13.5, "unit": "g/dL"},
    }
    records = [
        ClinicalRecord("p", category, YEAR, name, json.dumps(each, ensure_ascii=False).encode())
        for category, name, each in (
            (Category.MEDICATION, "rx", prescription),
            (Category.LABORATORY, "hb", measured),
        )
    ]
    deposit(hospital, reference, records)
    study = tmp_path_factory.mktemp("study") / "chest.dcm"
    study.write_bytes(STUDY)
    deposit_file(hospital, reference, LargeFile(study, "application/dicom"), place=(Category.IMAGING, YEAR))
    return Recorded(who, (prescription, measured))


def open_records(visit: Visit) -> None:
    """Go to the records and open them with the PIN for signatures."""
    if not visit.page.is_visible("#records"):
        visit.go("records")
    visit.page.click("#records-open")
    visit.answer(SIGNING)


def test_records_are_opened_in_the_browser_and_nowhere_else(visit: Visit, recorded: Recorded) -> None:
    """UC2, K7: what passes the portal is sealed; nothing is left when the records are closed."""
    passed: list[bytes] = []
    visit.page.on(
        "response", lambda answer: passed.append(answer.body()) if "/relay/" in answer.url else None
    )
    visit.sign_in(recorded.who)
    open_records(visit)
    visit.told("#status", "3 records opened")
    shown = visit.page.inner_text("#own-records")
    assert f"Prescription: {SECRET}" in shown
    assert "Measurement: Hemoglobin" in shown
    assert "13.5 g/dL" in shown
    assert "hospital-a" in shown
    assert "chest.dcm" in shown
    assert not any(SECRET.encode() in each for each in passed)
    assert any(b"ciphertext" in each for each in passed)
    visit.page.locator("#own-records summary").last.press("Enter")
    visit.told("#own-records pre", "medicationCodeableConcept")
    for width in (1280, 320):
        visit.page.set_viewport_size({"width": width, "height": 900})
        assert visit.page.evaluate(AUDIT) == []

    visit.page.select_option("#records-choose", Category.LABORATORY.value)
    assert visit.page.locator("#own-records > li").count() == 1
    bundle = json.loads(visit.saved("#records-save", "records.json").read_text())
    resources = [each["resource"] for each in bundle["entry"]]
    assert all(each in resources for each in recorded.resources)
    assert [each["resourceType"] for each in resources].count("Provenance") == 3

    visit.page.click('[data-language="ja"]')
    assert "ヘモグロビン" not in visit.page.inner_text("#own-records")  # records are not translated
    visit.page.click("#records-close")
    assert SECRET not in visit.page.content()
    visit.page.click('[data-language="en"]')
    visit.go("history")
    assert "You fetched your own records" in visit.page.inner_text("#entries")


def test_a_large_file_is_fetched_and_is_what_the_hospital_sealed(visit: Visit, recorded: Recorded) -> None:
    visit.sign_in(recorded.who)
    open_records(visit)
    visit.told("#status", "records opened")
    visit.page.select_option("#records-choose", Category.IMAGING.value)
    assert visit.saved("#own-records button", "chest.dcm").read_bytes() == STUDY


def test_an_own_measurement_is_sealed_here_and_read_by_other_software(
    visit: Visit, recorded: Recorded
) -> None:
    visit.sign_in(recorded.who)
    visit.go("records")
    visit.page.select_option("#measure-what", "body_weight")
    for wrong in ("", "heavy", "-1", "701"):
        visit.page.fill("#measure-value", wrong)
        visit.page.click("#measure-button")
        visit.told("#measure-problem", "from 0 to 700")
        assert visit.page.get_attribute("#measure-value", "aria-invalid") == "true"
    visit.page.fill("#measure-value", "６２，５")
    visit.page.click("#measure-button")
    visit.answer(SIGNING)
    visit.told("#status", "Added, and the receipt was checked: body weight: 62.5 kg")
    (found,) = own_records(recorded.who.person, categories={Category.CHECKUP})
    told = json.loads(found.document.content)
    assert (told["resourceType"], told["valueQuantity"]["value"]) == ("Observation", 62.5)
    open_records(visit)
    visit.told("#status", "4 records opened")
    visit.page.select_option("#records-choose", Category.CHECKUP.value)
    assert "you" in visit.page.inner_text("#own-records")


def seal_to_nobody(hospital: Organisation, reference: str) -> None:
    """Deposit, properly signed, what no key of the person opens, and what another key than theirs opens."""
    place = (Category.IMAGING, YEAR)
    known = find_keys(hospital, hospital.name_person(reference, Body.MEDICAL), [place])
    compartment, theirs = known.keys[place]
    stranger = Wallet.create(system_randomness).compartment_public_key(compartment)
    for key, media_type in ((stranger, FHIR_JSON), (theirs, "text/plain")):
        meta, content_key = begin_bundle(
            subject=known.subject,
            compartment=compartment,
            compartment_key=key,
            author=hospital.id,
            bundle_id=BundleId(base64url.encode(system_randomness(16))),
            randomness=system_randomness,
        )
        plain = PlainDocument(DocumentId(base64url.encode(system_randomness(16))), 1, media_type, b"{}")
        other = content_key if key == stranger else ContentKey(bytes(32))
        bundle = complete_bundle(
            meta, other, [plain], author_key=hospital.author_key, randomness=system_randomness
        )
        hand_over(hospital, hospital.name_person(reference, Body.MEDICAL), [bundle])


def test_a_record_that_its_writer_sealed_to_nobody_is_named_and_shuts_no_other(
    visit: Visit, deployment: Scene
) -> None:
    """T2-2: one accredited writer would lock the person out of all records."""
    who, hospital = deployment.people[ITS_OWN + 2], deployment.organisation("hospital-a")
    reference = link(hospital, who.person)
    content = json.dumps({"resourceType": "Condition", "code": {"text": "a readable one"}}).encode()
    deposit(hospital, reference, [ClinicalRecord("p", Category.SUMMARY, YEAR, "c", content)])
    seal_to_nobody(hospital, reference)
    visit.sign_in(who)
    open_records(visit)
    visit.told("#status", "1 records opened")
    assert "a readable one" in visit.page.inner_text("#own-records")
    named = visit.page.locator("#records-left-out > li")
    assert named.count() == 2
    assert "hospital-a" in named.first.inner_text()
    assert str(YEAR) in named.last.inner_text()
    for width in (1280, 320):
        visit.page.set_viewport_size({"width": width, "height": 900})
        assert visit.page.evaluate(AUDIT) == []
    visit.page.click('[data-language="ja"]')
    assert "開けない記録" in named.first.inner_text()
    visit.page.click("#records-close")
    assert named.count() == 0


@pytest.mark.parametrize("changed", ["ciphertext", "signature", "nonce", "media_type"])
def test_a_record_that_is_not_what_was_sealed_is_not_shown(
    visit: Visit, recorded: Recorded, changed: str
) -> None:
    """R7, IT5: a changed byte on the way, or in the centre, ends the opening with a plain word."""

    def change(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        document = told["bundles"][0]["documents"][0]
        document[changed] = ("B" if document[changed][0] == "A" else "A") + document[changed][1:]
        route.fulfill(response=answer, json=told)

    visit.sign_in(recorded.who)
    visit.page.route("**/relay/medical/own-records", change)
    open_records(visit)
    assert visit.page.locator("#records-problem:not(:empty)").inner_text()
    assert visit.page.locator("#own-records > li").count() == 0


def test_a_wrong_pin_opens_nothing_and_says_how_many_tries_are_left(visit: Visit, recorded: Recorded) -> None:
    visit.sign_in(recorded.who)
    visit.go("records")
    visit.page.click("#records-open")
    visit.answer("kaki0000")
    visit.told("#confirm-problem", "left")
    visit.answer(SIGNING)
    visit.told("#status", "records opened")


def test_a_portal_without_umbral_says_so(visit: Visit, recorded: Recorded) -> None:
    visit.page.route("**/umbral.wasm", lambda route: route.fulfill(status=404, body=""))
    visit.sign_in(recorded.who)
    open_records(visit)
    visit.told("#records-problem", "a part of its page is missing")
    assert any("wasm" in each.lower() for each in visit.complaints)
    visit.complaints.clear()


def test_records_sealed_to_the_wallet_before_are_opened_with_the_one_that_followed(
    visit: Visit, deployment: Scene
) -> None:
    """The author signed for the former wallet's key; that it was the person's, both wallets said."""
    who, hospital = deployment.people[ITS_OWN + 1], deployment.organisation("hospital-a")
    content = json.dumps({"resourceType": "Condition", "code": {"text": "before the new seed"}}).encode()
    deposit(hospital, link(hospital, who.person), [ClinicalRecord("p", Category.SUMMARY, YEAR, "c", content)])
    card = visit.card_of(who)
    pins = {f"SEKISHO_PIN_{name.value.upper()}": pin for name, pin in PINS.items()}
    done = within("renew-wallet", "--card", card, environment=pins)
    assert done.returncode == 0, done.stderr
    visit.sign_in(who)
    open_records(visit)
    visit.told("#status", "1 records opened")
    assert "before the new seed" in visit.page.inner_text("#own-records")


def test_what_can_be_measured_is_the_same_list_everywhere() -> None:
    module = (FOLDER / "measures.js").read_text()
    told = json.loads(module[module.index("{") : module.index("};") + 1])
    assert told == {
        name.value: {
            "loinc": each.loinc,
            "unit": each.unit,
            "ja": each.ja,
            "en": each.en,
            "least": each.least,
            "most": each.most,
        }
        for name, each in MEASURES.items()
    }
