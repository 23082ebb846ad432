"""The choice for emergencies, and what comes of one, in the page over real bodies."""

import pytest
from support.page_audit import AUDIT
from support.portal_browser import NEEDS_UMBRAL, Visit

from consent.compartments import YearSpan
from consent.terms import Effect, RecordScope
from consent.vocabulary import Category
from services.contracts.identity.messages import Application
from services.contracts.oversight.emergencies import ReviewOutcome
from services.demo.scene import PINS, Inhabitant, Scene
from services.gateway.clinical import ClinicalRecord
from services.gateway.emergencies import declare, open_emergency, review, second
from services.gateway.emergency_choice import choices
from services.gateway.emergency_relay import relay_waiting
from services.gateway.hospital import deposit, link
from services.kit.clock import system_clock
from services.portal.pages import load_words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.processes,
    pytest.mark.long,
    NEEDS_UMBRAL,
]
SIGNING = PINS[Application.SIGNATURE]
PATIENT = 13
NOW = system_clock().year
WHY = "Found unconscious after a fall at the station; bleeding, anticoagulants unknown"
COMMENT = "the reason was checked with the ambulance"


@pytest.fixture(scope="module")
def patient(deployment: Scene) -> Inhabitant:
    """Somebody with one prescription at hospital A."""
    someone, hospital = deployment.people[PATIENT], deployment.organisation("hospital-a")
    record = ClinicalRecord("his", Category.MEDICATION, NOW, "MedicationRequest/1", b"{}")
    deposit(hospital, link(hospital, someone.person), [record])
    return someone


def test_choice_for_emergencies_is_made_and_changed_and_cases_are_shown(
    visit: Visit, patient: Inhabitant
) -> None:
    """R18: yes for some kinds, then no; the newest stands alone."""
    page = visit.page
    visit.sign_in(patient)
    visit.go("emergency")
    assert "You have not chosen yet." in page.inner_text("#emergency-now")
    assert "Nobody asked for your records in an emergency." in page.inner_text("#emergency")
    page.check("#choice-yes")
    page.click("#emergency-show")
    visit.told("#emergency-problem", "Choose at least one kind of records.")
    page.check("#emergency-category-summary")
    page.click("#emergency-show")
    visit.answer(SIGNING)
    visit.told("#status", "Your choice is in force")
    (chosen,) = choices(patient.person)
    assert isinstance(chosen.terms.scope, RecordScope)
    assert (chosen.terms.effect, chosen.terms.scope.categories) == (
        Effect.PERMIT,
        frozenset({Category.SUMMARY}),
    )
    assert "In an emergency may be read: summary." in page.inner_text("#emergency-now")
    page.check("#choice-no")
    page.click("#emergency-show")
    visit.answer(SIGNING)
    visit.told("#status", "Your no is in force")
    (chosen,) = choices(patient.person)
    assert (chosen.terms.effect, chosen.terms.recipient.organisation) == (Effect.DENY, None)


CASES = """async (told) => {
  const { cases } = await import("/emergency_cases.js");
  const entry = ([second, kind, outcome, event]) => ({
    body: "oversight",
    at: `2026-11-20T03:00:0${second}Z`,
    organisation: "hospital-a",
    verdict: second === 4 ? "inclusion" : "proved",
    event: { kind: `emergency_${kind}`, outcome, ...event },
  });
  return cases(told.map(entry).reverse());
}"""


def test_case_is_put_together_with_its_review_and_a_refused_one_stands_alone(visit: Visit) -> None:
    """R18: what was refused at once opened nothing; who, why, until when, and what the review found of the other."""
    detail = {
        "case": "c",
        "why": "found unconscious",
        "professionals": ["a", "b"],
        "until": 60,
        "review_due": 120,
    }
    told = [
        (1, "asked", "refused", {"reason": "emergency_reason_empty"}),
        (2, "asked", "done", {"detail": {"case": "c"}}),
        (3, "declared", "refused", {"detail": {"case": "c"}, "reason": "emergency_same_human"}),
        (4, "declared", "permitted", {"detail": detail, "categories": ["summary"], "years": [2024, 2026]}),
        (5, "reviewed", "refused", {"detail": {"case": "c"}, "reason": "emergency_reviewer_involved"}),
        (
            6,
            "reviewed",
            "done",
            {"detail": {"case": "c", "finding": "not_justified", "comment": "no", "late": True}},
        ),
    ]
    case, refused = visit.page.evaluate(CASES, told)
    assert (refused["declared"], refused["finding"], len(refused["steps"])) == (False, None, 1)
    assert (case["declared"], case["why"], case["professionals"]) == (True, "found unconscious", ["a", "b"])
    assert (case["until"], case["due"], case["categories"], case["years"]) == (
        60,
        120,
        ["summary"],
        [2024, 2026],
    )
    assert (case["finding"], case["comment"], case["late"]) == ("not_justified", "no", True)
    assert [each["refused"] for each in case["steps"]] == [False, True, False, True, False]
    assert [each["proved"] for each in case["steps"]] == [True, True, False, True, True]


def test_emergency_is_told_while_it_lasts_and_with_its_review(visit: Visit, patient: Inhabitant) -> None:
    """R18, UC1: chosen in the page; two professionals sign, the relay reads, an official reviews; all in words."""
    page, scene = visit.page, visit.scene
    visit.sign_in(patient)
    visit.go("emergency")
    page.check("#choice-yes")
    page.check("#emergency-category-medication")
    page.click("#emergency-show")
    visit.answer(SIGNING)
    visit.told("#status", "Your choice is in force")
    doctor, nurse = scene.organisation("hospital-a-2"), scene.organisation("hospital-a-3")
    reference = link(scene.organisation("hospital-a"), patient.person)
    asked = declare(
        doctor,
        reference,
        categories=frozenset({Category.MEDICATION}),
        years=YearSpan(NOW - 1, NOW),
        reason=WHY,
    )
    second(nurse, reference, asked.case)
    assert [each.documents for each in relay_waiting(scene.organisation("emergency-relay"))] == [1]
    opened = open_emergency(nurse, asked.case).records
    assert opened is not None
    assert len(opened.documents) == 1
    _tells(visit, "due", WHY, "kind_asked", "kind_declared", "kind_relayed")
    review(scene.officials, asked.case, ReviewOutcome.JUSTIFIED, comment=COMMENT)
    _tells(visit, "found_justified", WHY, COMMENT, "kind_reviewed")


def _tells(visit: Visit, *expected: str) -> None:
    """Read the page anew, in both languages, also narrow; a word's key stands for the word."""
    page = visit.page
    visit.go("history")
    page.click("#refresh")
    visit.told("#status", "entries loaded")
    visit.go("emergency")
    for language, width in (("ja", 320), ("en", 1280)):
        page.set_viewport_size({"width": width, "height": 900})
        page.click(f'[data-language="{language}"]')
        words = load_words()[language]["emergency"]
        shown = page.inner_text("#cases")
        told = [words.get(each, each).split("{")[0] for each in expected]
        assert [each for each in told if each not in shown] == []
        assert words["not_proved"] not in shown
        assert page.evaluate(AUDIT) == []
