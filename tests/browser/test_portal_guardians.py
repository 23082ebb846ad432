"""SC4: acting for a ward in the page, over real bodies: for whom is on every page, and bodies judge by the rules."""

from pathlib import Path

import pytest
from support.page_audit import AUDIT
from support.portal_browser import NEEDS_UMBRAL, Visit
from support.portal_family import Family, act_for, family, sign_in

from consent.guardians import RULES, Act, Capacity, LegalState, Matter
from consent.identifiers import OrganisationId
from consent.receipt_facts import LaidDown
from services.contracts.identity.messages import Application
from services.demo.scene import PINS, Scene
from services.gateway import guardians
from services.gateway.history import trust_of
from services.gateway.receipts import make_receipt, read_proof
from services.kit.clock import system_clock
from services.portal.pages import LANGUAGES, load_words

pytestmark = [pytest.mark.browser, pytest.mark.processes]

SIGNING = PINS[Application.SIGNATURE]
YEAR = system_clock().year
OWN_PARTS = ("emergency", "watch", "recalls", "cards", "links", "banks", "number")
WARD_PARTS = ("history", "records", "sharing", "permit", "guardian")


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
    _says_who_acted(visit)
    visit.go("sharing")
    assert page.is_hidden("#may-part")
    assert page.is_visible("#sharing-without-file")
    visit.go("records")
    assert page.is_visible("#records-without-file")
    assert page.is_hidden("#records-open")
    assert page.is_hidden("#records-add")
    visit.go("permit")
    assert page.is_disabled("#permit-show")
    page.click("#stop-acting")
    page.locator("#guardian-heading:focus").wait_for()
    assert page.is_hidden("#acting")
    assert "Ichiro" not in page.content() + page.title() + page.input_value("#act-name")
    assert all(page.is_visible(f'[data-part="{each}"]') for each in OWN_PARTS)
    visit.go("history")
    assert len(visit.cells("what")) >= len(own)


def _says_who_acted(visit: Visit) -> None:
    """What the mother did for the child is neither the child's doing nor the centre's, in the page as in the log."""
    page = visit.page
    assert page.is_visible("#history-of-ward")
    found = list(zip(visit.cells("what"), visit.cells("who"), strict=True))
    told = {(what.split("\n")[0], who) for what, who in found}
    for what in (
        "A guardian signed in for the person",
        "The key of the person's wallet was registered",
        "Keys for sealing the person's records were published",
        "A part of the person's wallet was laid down, so that it can be recovered",
    ):
        assert (what, "A guardian (holder of parental authority)") in told
    assert not {who for _, who in told} & {"You", "The person themselves"}


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
