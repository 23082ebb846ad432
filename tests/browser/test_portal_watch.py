"""How closely use is watched, what stood out, and finding out who acted, in the page over real bodies."""

from dataclasses import replace

import pytest
from support.page_audit import AUDIT
from support.portal_browser import Visit
from support.waiting import until

from consent.compartments import YearSpan
from consent.identifiers import OperatorId
from consent.recipients import Recipient
from consent.vocabulary import Body, Category, Purpose
from services.contracts.medical.relationships import WatchChoice
from services.contracts.oversight.emergencies import ReviewOutcome
from services.contracts.oversight.unmasking import UNMASK, Tell, UnmaskingState, UnmaskStaff
from services.demo.scene import Inhabitant, Scene, medical_terms
from services.gateway import unmasking
from services.gateway.clinic import open_records
from services.gateway.clinical import ClinicalRecord
from services.gateway.history import history
from services.gateway.hospital import deposit, link
from services.gateway.relationships import chosen_watch, review_use, use_reviews
from services.gateway.wallet_actions import lay_down
from services.kit.clock import system_clock
from services.kit.events import EventKind
from services.portal.pages import load_words

pytestmark = [pytest.mark.browser, pytest.mark.processes]
WATCHED = 12
NOW = system_clock().year
WHY = "I never was at this clinic"
COMMENT = "looked out of curiosity"


@pytest.fixture(scope="module")
def watched(deployment: Scene) -> Inhabitant:
    """Somebody whose records clinic B may read."""
    someone, hospital = deployment.people[WATCHED], deployment.organisation("hospital-a")
    record = ClinicalRecord("his", Category.MEDICATION, NOW, "MedicationRequest/1", b"{}")
    deposit(hospital, link(hospital, someone.person), [record])
    terms = medical_terms("clinic-b", categories=[Category.MEDICATION], years=YearSpan(NOW - 1, NOW))
    lay_down(someone.person, terms)
    return someone


def wait_for(someone: Inhabitant, kind: EventKind) -> None:
    """The watch is a background task."""
    until(lambda: any(each.kind == kind for each in history(someone.person).entries))


def test_watch_is_chosen_and_what_stood_out_and_who_it_was_are_told(
    visit: Visit, watched: Inhabitant
) -> None:
    """M3, M5, Q1 to Q5, IL4: chosen, flagged, reviewed; asked from the history's own entry, decided by two."""
    page, clinic = visit.page, visit.scene.organisation("clinic-b")
    visit.sign_in(watched)
    visit.go("watch")
    assert page.inner_text("#watch-now") == "Watched as usual."
    assert "Nothing stood out." in page.inner_text("#watch")
    assert "There is no entry" in page.inner_text("#unmask-none")
    page.click("#watch-change")
    visit.told("#status", "watched closely")
    assert page.inner_text("#watch-now") == "Watched closely."
    assert page.inner_text("#watch-change") == "Watch as usual"
    assert chosen_watch(watched.person) is WatchChoice.CLOSELY
    open_records(
        clinic,
        link(clinic, watched.person),
        categories=frozenset({Category.MEDICATION}),
        years=YearSpan(NOW - 1, NOW),
        purpose=Purpose.TREAT,
    )
    wait_for(watched, EventKind.USE_CASE_OPENED)
    for review in use_reviews(visit.scene.officials):
        review_use(visit.scene.officials, review.case, ReviewOutcome.NOT_JUSTIFIED, comment=COMMENT)
    wait_for(watched, EventKind.USE_REVIEWED)
    page.click('[data-part="history"]')
    page.click("#refresh")
    reading = page.locator("#entries tr", has=page.locator("[data-ask]")).first
    reading.wait_for()
    entry = reading.get_attribute("data-entry")
    reading.locator("[data-ask]").click()
    page.locator("#watch-heading:focus").wait_for()
    assert page.input_value("#unmask-entry") == entry
    _tells_what_stood_out(visit)
    page.click("#unmask-ask")
    visit.told("#unmask-problem", "at least 10 characters")
    page.fill("#unmask-why", WHY)
    page.click("#unmask-ask")
    visit.told("#unmaskings li", "two officials have not decided yet")
    assert WHY in page.inner_text("#unmaskings")
    (case,) = unmasking.own(watched.person)
    assert (f"{case.body}/{case.index}", case.state) == (entry, UnmaskingState.ASKED)
    told = UnmaskStaff(case=case.case, tell=Tell.NAME)
    visit.scene.both_officials.decide(Body.OVERSIGHT, UNMASK, told, reason="the person never was there")
    visit.go("history")
    visit.go("watch")
    visit.told("#unmaskings li", "the oversight body knows who it was")
    assert page.locator("#unmaskings dt", has_text="Name").count() == 1


def test_history_says_what_explains_a_read_and_who_answers_for_what_no_card_signed(
    visit: Visit, watched: Inhabitant
) -> None:
    """OP1, the control: a permission that names the professional; R15: whose deposit it was; in both languages."""
    page, clinic = visit.page, visit.scene.organisation("clinic-b")
    # of a kind that no wider permission covers, so that this one is what the read relies on
    terms = medical_terms("clinic-b", categories=[Category.CHECKUP], years=YearSpan(NOW - 1, NOW))
    by_name = Recipient(clinic.id, professional=OperatorId(clinic.credentials.operator))
    lay_down(watched.person, replace(terms, recipient=by_name))
    before = _reads(watched)
    open_records(
        clinic,
        link(clinic, watched.person),
        categories=frozenset({Category.CHECKUP}),
        years=YearSpan(NOW - 1, NOW),
        purpose=Purpose.TREAT,
    )
    until(lambda: _reads(watched) > before)  # a witness has to see it before it is in a history
    visit.sign_in(watched)
    for language in ("ja", "en"):
        page.click(f'[data-language="{language}"]')
        words = load_words()[language]
        visit.told("#entries", words["explanations"]["permission"])
        visit.told("#entries", words["log"]["answers"].replace("{centre}", words["bodies"]["medical"]))
        assert page.evaluate(AUDIT) == []


def _reads(someone: Inhabitant) -> int:
    """Count the reads in a history."""
    return sum(each.kind == EventKind.RECORDS_READ for each in history(someone.person).entries)


def _tells_what_stood_out(visit: Visit) -> None:
    """In both languages, for everybody."""
    page = visit.page
    for language in ("ja", "en"):
        page.click(f'[data-language="{language}"]')
        words = load_words()[language]
        shown = page.inner_text("#watch-told")
        kinds = ("use_flagged", "use_case_opened", "use_reviewed", "watch_chosen")
        expected = [words["kinds"][each] for each in kinds]
        expected += [words["rules"]["well_known"], words["findings"]["not_justified"], COMMENT]
        assert [each for each in expected if each not in shown] == []
        assert page.evaluate(AUDIT) == []
