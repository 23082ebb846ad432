"""SC4: acting for a ward in the page, over real bodies: for whom is on every page, and bodies judge by the rules."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import pytest
from support.page_audit import AUDIT
from support.portal_browser import NEEDS_UMBRAL, Visit

from consent.guardians import RULES, Act, Capacity, LegalState, Matter
from consent.identifiers import OrganisationId
from consent.receipt_facts import LaidDown
from consent.vocabulary import PROXIES, Body
from services.contracts.identity.guardianships import Evidence, RegisterGuardianship
from services.contracts.identity.messages import Application
from services.demo.scene import PINS, Scene
from services.gateway import guardians
from services.gateway.cards import save_card
from services.gateway.clinical import BasicItems
from services.gateway.errors import RefusedError
from services.gateway.history import trust_of
from services.gateway.people import enrol
from services.gateway.person import Person
from services.gateway.receipts import make_receipt, read_proof
from services.gateway.supervisor import Pair
from services.gateway.wallet_actions import Permission, permissions
from services.kit.clock import system_clock
from services.portal.pages import LANGUAGES, load_words

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SIGNING = PINS[Application.SIGNATURE]
DOCUMENT = sha256(b"a scan").hexdigest()
YEAR = system_clock().year
OWN_PARTS = ("records", "emergency", "watch", "recalls", "cards", "links", "banks", "number")
WARD_PARTS = ("history", "sharing", "permit", "guardian")
T = TypeVar("T")


@dataclass
class Family:
    """A mother with a card, her child without one, and the file that she keeps."""

    scene: Scene
    card: Path
    file: Path
    mother: Person
    reference: str
    kept: guardians.WardFile

    @property
    def child(self) -> Person:
        """The child, as the mother acts for them."""
        return guardians.acting(self.mother, self.kept)

    def active(self) -> list[Permission]:
        """Return what is in force."""
        return [each for each in permissions(self.child, bodies=PROXIES) if each.active(system_clock())]

    def end(self) -> None:
        """Have the municipality end it."""
        counter = self.scene.organisation("municipality")
        guardians.end(
            counter,
            self.reference,
            self.kept.guardianship,
            evidence=Evidence.COURT_DECISION,
            document=DOCUMENT,
        )


def family(scene: Scene, folder: Path, *, age: int) -> Family:
    """Enrol both, have the mother entered by two supervisors, and make the child's wallet known."""
    counter = scene.organisation("municipality")
    adult = BasicItems("母 花", "みなと市 1-1", "female", "1990-05-06")
    child = BasicItems("子 一", "みなと市 1-1", "male", f"{YEAR - age}-01-01")
    made, reference = enrol(counter, adult, pins=PINS), guardians.enrol_ward(counter, child)
    guardians.look_up(counter, reference)
    text, kept = guardians.offer(made.person, OrganisationId("municipality"), Capacity.PARENT)
    asked = RegisterGuardianship(
        reference=reference, offer=text, evidence=Evidence.FAMILY_REGISTER, document=DOCUMENT
    )
    pair = Pair(scene.organisation("municipality-2"), scene.organisation("municipality-3"))
    pair.decide(Body.IDENTITY, "register-guardianship", asked, reason="birth")
    card, file = folder / "mother.json", folder / "child.json"
    save_card(made.card, card)
    guardians.save_ward(kept, file)
    found = Family(scene, card, file, made.person, reference, kept)
    heard(lambda: guardians.begin(found.child))
    return found


def heard(act: Callable[[], T]) -> T:
    """Do something as soon as the bodies have heard of the guardian; the tests' own limit ends this."""
    while True:
        try:
            return act()
        except RefusedError as refused:
            if refused.code != "guardian_unknown":
                raise
            time.sleep(0.2)


def sign_in(visit: Visit, found: Family) -> None:
    visit.present(found.card)
    visit.rows.first.wait_for()
    visit.go("guardian")


def act_for(visit: Visit, found: Family, *, name: str = "", file: Path | None = None) -> None:
    """Choose the ward, and wait until the page acts."""
    page = visit.page
    page.select_option("#act-ward", found.kept.guardianship)
    page.fill("#act-name", name)
    if file is not None:
        page.set_input_files("#act-file", str(file))
    page.click("#act-button")
    page.locator("#acting:not([hidden])").wait_for()
    page.locator("#guardian-heading:focus").wait_for()


def test_for_whom_one_acts_is_on_every_page_and_what_one_may_not_do_is_said(
    visit: Visit, deployment: Scene, tmp_path: Path
) -> None:
    """Without the ward's file one looks and signs nothing; both languages, a narrow and a wide screen."""
    page, found = visit.page, family(deployment, tmp_path, age=3)
    sign_in(visit, found)
    assert "Nobody acts for you." in page.inner_text("#over-me ~ p, #guardian-own")
    wrong = {"choosing": page.evaluate(AUDIT)}
    own = visit.cells("what")
    act_for(visit, found, name="Ichiro")
    for language in LANGUAGES:
        page.click(f'[data-language="{language}"]')
        words = load_words()[language]
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            for part in WARD_PARTS:
                visit.go(part)
                said = page.inner_text("#acting-who")
                assert "Ichiro" in said
                assert words["legal_states"]["child"] in said
                assert page.title().startswith(said)
                wrong[f"{part}, {language}, {width}"] = page.evaluate(AUDIT)
    assert {place: each for place, each in wrong.items() if each} == {}
    assert not any(page.is_visible(f'[data-part="{each}"]') for each in OWN_PARTS)
    page.click('[data-language="en"]')
    _shows_the_rules_of(visit, LegalState.CHILD)
    visit.go("history")
    visit.show("all")
    assert "guardian signed in" in " ".join(page.locator("#entries tbody").all_inner_texts())
    visit.go("sharing")
    assert page.is_hidden("#may-part")
    assert page.is_visible("#sharing-without-file")
    visit.go("permit")
    assert page.is_disabled("#permit-show")
    page.click("#stop-acting")
    page.locator("#guardian-heading:focus").wait_for()
    assert page.is_hidden("#acting")
    assert "Ichiro" not in page.content() + page.title() + page.input_value("#act-name")
    assert all(page.is_visible(f'[data-part="{each}"]') for each in OWN_PARTS)
    visit.go("history")
    assert len(visit.cells("what")) >= len(own)


def _shows_the_rules_of(visit: Visit, state: LegalState) -> None:
    words = load_words()["en"]
    shown = visit.page.locator("[data-rules]:not([hidden])")
    assert shown.count() == 1
    cells = [each.inner_text() for each in shown.locator("tbody tr").all()]
    expected = [
        [words["acts"][act], *(words["needs"][RULES[state][matter][act]] for matter in Matter)] for act in Act
    ]
    assert [each.split("\t") for each in cells] == expected
    assert "comes of age" in shown.inner_text()


@NEEDS_UMBRAL
def test_a_guardian_permits_refuses_takes_back_and_proves_with_the_own_pin(
    visit: Visit, deployment: Scene, tmp_path: Path
) -> None:
    """SC4, SC2, R19: the ward's wallet signs, the guardian's key beside it; a former guardian does nothing more."""
    page, found = visit.page, family(deployment, tmp_path, age=3)
    stranger = tmp_path / "other.json"
    _, others = guardians.offer(found.mother, OrganisationId("municipality"), Capacity.PARENT)
    guardians.save_ward(others, stranger)
    sign_in(visit, found)
    page.select_option("#act-ward", found.kept.guardianship)
    for file, said in ((found.card, "not a file of a ward"), (stranger, "for another ward")):
        page.set_input_files("#act-file", str(file))
        page.click("#act-button")
        visit.told("#act-problem", said)
        assert page.get_attribute("#act-file", "aria-invalid") == "true"
    act_for(visit, found, file=found.file)
    for effect, status in (("permit", "Permitted."), ("deny", "Refused.")):
        _sign(visit, effect)
        visit.told("#status", status)
        visit.go("history")  # and then another one from an empty form
    laid = {str(each.terms.effect): each for each in found.active()}
    assert laid.keys() == {"permit", "deny"}
    for each in laid.values():
        signatures = [copy.verified.directive.guardian for held in each.copies.values() for copy in held]
        assert [signature.capacity for signature in signatures if signature] == [Capacity.PARENT] * 3
        assert len({signature.kid for signature in signatures if signature}) == 3
    visit.go("sharing")
    _takes_back(visit)
    assert [str(each.terms.effect) for each in found.active()] == ["deny"]
    _proves(visit, found)
    found.end()
    page.click("#sign-out")
    sign_in(visit, found)
    visit.told("#wards li", "ended: the municipality entered the end")
    assert page.is_hidden("#act-for")


def _fill_in(visit: Visit, effect: str) -> None:
    page = visit.page
    page.check(f"#effect-{effect}")
    page.select_option("#recipient", "clinic-b")
    page.check("#category-checkup")
    page.fill("#first", str(YEAR))
    page.fill("#last", str(YEAR))
    page.check("#purpose-TREAT")


def _sign(visit: Visit, effect: str) -> None:
    visit.go("permit")
    _fill_in(visit, effect)
    visit.page.click("#permit-show")
    visit.page.locator("#permit-preview-heading:focus").wait_for()
    visit.page.click("#permit-sign")
    visit.told("#confirm-for", "You act for number")
    visit.answer(SIGNING)


def _takes_back(visit: Visit) -> None:
    permit = visit.page.locator("#directives li", has_text="may read")
    permit.get_by_role("button", name="Take back").click()
    visit.answer(SIGNING)
    visit.told("#steps", "it is taken back everywhere")
    permit.wait_for(state="detached")


def _proves(visit: Visit, found: Family) -> None:
    visit.page.locator("#directives li").get_by_role("button", name="Receipt").click()
    with visit.page.expect_download() as download:
        visit.answer(SIGNING)
    file = visit.folder / "proof.json"
    download.value.save_as(file)
    proof = read_proof(file.read_bytes())
    assert proof is not None
    assert isinstance(make_receipt(proof, trust_of(found.mother)).fact, LaidDown)
