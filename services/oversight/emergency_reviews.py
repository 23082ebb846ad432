"""Every emergency is reviewed: by an official who took no part, by a deadline, with an outcome that the person sees."""

from dataclasses import replace

from services.contracts.oversight.emergencies import (
    DecideReview,
    EmergencyState,
    ReviewCase,
    ReviewCases,
    Reviewed,
)
from services.kit.credentials.callers import OperatorCaller
from services.kit.egress import egress
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.unknown_names import note_unknown
from services.oversight.emergency_errors import AlreadyDoneError, EmergencyFault, UnknownEmergencyError
from services.oversight.emergency_rules import Emergencies, deciding, require


@egress(
    to="reviewers of the oversight body",
    fields="who declared an emergency, why, for which categories, when it is due; not whom it was about",
    purpose="supervision of emergency access",
    ground="the role auditor at the oversight body",
    answers=("GET /emergency-reviews", "POST /emergency-reviews/{case}"),
)
def reviews(emergencies: Emergencies, caller: OperatorCaller) -> ReviewCases:
    """Return the emergencies that wait for a finding, first due first; those past the deadline say so.

    Who looked, and at how many, is logged before anything is shown.
    """
    now, context = emergencies.now, emergencies.context
    with context.database.read() as conn:
        found = emergencies.store.unreviewed(conn)
    event = by_operator(caller, EventKind.EMERGENCIES_LISTED, outcome=Outcome.DONE, count=len(found))
    with context.database.write() as conn:
        context.journal.record(conn, person=None, event=event)
    return ReviewCases(
        cases=[
            ReviewCase(
                case=each.id,
                organisation=each.organisation,
                professionals=list(each.operators),
                reason=each.reason,
                categories=list(each.categories),
                declared=each.seconded,
                due=each.due,
                overdue=each.due <= now,
                state=each.state,
            )
            for each in found
        ]
    )


def decide_review(
    emergencies: Emergencies, caller: OperatorCaller, *, name: str, asked: DecideReview
) -> Reviewed:
    """Decide whether an emergency was one; the person is told in the same transaction.

    Raises: EmergencyRefusedError for somebody who took part; UnknownEmergencyError (both logged), AlreadyDoneError.
    """
    event = by_operator(caller, EventKind.EMERGENCY_REVIEWED, outcome=Outcome.REFUSED, detail={"case": name})
    official = emergencies.directory().operator(caller.organisation, caller.operator)
    tag = None if official is None else official.person_tag
    with emergencies.context.database.read() as conn:
        case = emergencies.store.get(conn, name)
    if case is None or case.state is EmergencyState.ASKED:
        note_unknown(emergencies.context, event)
        raise UnknownEmergencyError
    with deciding(emergencies, event, case.pseudonym) as conn:
        case = emergencies.store.get(conn, name)
        if case is None or case.reviewed is not None:
            raise AlreadyDoneError
        require(EmergencyFault.INVOLVED if tag is None or tag in case.humans else None)
        late = case.due <= emergencies.now
        emergencies.store.put(conn, replace(case, reviewed=asked.outcome))
        told = {"case": name, "finding": asked.outcome.value, "comment": asked.comment, "late": late}
        done = replace(event, outcome=Outcome.DONE, detail={**told})
        emergencies.context.journal.record(conn, person=case.pseudonym, event=done)
    return Reviewed(case=name, outcome=asked.outcome, late=late)
