"""What a person finds in their inbox about emergencies: who may read what and why, until when, and the review."""

from datetime import UTC, datetime

from consent.compartments import YearSpan
from consent.emergency_words import TITLE, EmergencyTold, emergency_in_words
from consent.identifiers import OrganisationId
from consent.vocabulary import Category
from consent.words import Word
from services.contracts.oversight.emergencies import EmergencyState
from services.contracts.oversight.emergency_notices import EmergencyNotice, EmergencyNotices, Said
from services.kit.credentials.callers import PersonCaller
from services.kit.egress import egress
from services.oversight.emergency_rules import Emergencies
from services.oversight.emergency_store import Case


@egress(
    to="the person whom an emergency is about",
    fields="which hospital may read what and why, until when, what the review found",
    purpose="telling the person at once",
    ground="the person is signed in",
    answers=("GET /emergency-notices",),
)
def notices(emergencies: Emergencies, caller: PersonCaller) -> EmergencyNotices:
    """Return the emergencies about the caller that were ever in force, the newest first."""
    with emergencies.context.database.read() as conn:
        found = emergencies.store.of_person(conn, caller.pseudonym)
    declared = [each for each in found if each.state is not EmergencyState.ASKED]
    declared.sort(key=lambda each: (each.seconded, each.id), reverse=True)
    return EmergencyNotices(notices=[_notice(emergencies, each) for each in declared])


def _notice(emergencies: Emergencies, case: Case) -> EmergencyNotice:
    told = EmergencyTold(
        hospital=_name(emergencies, case.organisation),
        categories=[Category(each) for each in case.categories],
        span=YearSpan(*case.years),
        why=case.reason,
        until=datetime.fromtimestamp(case.ends, UTC),
        due=datetime.fromtimestamp(case.due, UTC),
        finding=None if case.reviewed is None else case.reviewed.value,
    )
    return EmergencyNotice(
        case=case.id,
        organisation=case.organisation,
        declared=case.seconded,
        ends=case.ends,
        review_due=case.due,
        finding=case.reviewed,
        title=_said(TITLE),
        text=_said(emergency_in_words(told)),
    )


def _name(emergencies: Emergencies, organisation: OrganisationId) -> str:
    """Return the hospital's name in the register, also of one that is no longer accredited."""
    register = emergencies.directory().register
    return next((each.name for each in register.organisations if each.id == organisation), organisation)


def _said(word: Word) -> Said:
    return Said(ja=word.ja, en=word.en)
