"""Emergencies: two professionals declare one, a relay reads for it, it ends by itself.

U1 the first professional's card signed the request, in time, from this terminal; token and request name one patient;
U2 the reason has substance and is no earlier one of the organisation;
U3 the person chose that an emergency may open these categories (stops what a person refused);
U4 neither professional takes part for too many patients in a day (stops a sweep);
U5 somebody else signed this very request, about the same patient, within minutes; only now it is in force, and the
   person is told: the entry is in their history in the same transaction;
U6 a relay reads once, by the tokens that the second named; its answer is deleted when the emergency ends.
"""

from dataclasses import replace

from consent import base64url
from consent.explanations import RefusalCode
from consent.identifiers import OperatorId
from consent.vocabulary import Body
from services.contracts.emergency_evidence import (
    SECOND_WITHIN,
    EmergencyUnprovenError,
    signed_request,
    signed_second,
    two_humans,
)
from services.contracts.oversight.emergencies import (
    DeclareEmergency,
    EmergencyState,
    SecondEmergency,
    ShownEmergency,
)
from services.directives.release import STATEMENT_AGE
from services.kit.credentials.callers import OperatorCaller
from services.kit.egress import egress
from services.kit.events import EventKind, Outcome
from services.kit.unknown_names import noting_unknown
from services.oversight.emergency_errors import AlreadyDoneError, EmergencyFault
from services.oversight.emergency_rules import (
    DAY_SECONDS,
    Emergencies,
    deciding,
    event_of,
    named,
    not_permitted,
    not_theirs,
    notice,
    obstacle,
    other_patient,
    own,
    refuse,
    require,
    second_fault,
    shown,
    told_of,
    too_many,
    use,
)
from services.oversight.emergency_store import Case

HOUR_SECONDS = 3600
ID_BYTES = 16


def declare(emergencies: Emergencies, caller: OperatorCaller, asked: DeclareEmergency) -> ShownEmergency:
    """U1 to U4: take a request; it opens nothing before a second professional signs. Raises: EmergencyRefusedError."""
    context, directory = emergencies.context, emergencies.directory()
    event = event_of(EventKind.EMERGENCY_ASKED, caller)
    patient = named(emergencies, caller, asked.patient)
    try:
        found, operator = signed_request(
            asked.request, directory=directory, now=context.clock(), max_age=STATEMENT_AGE
        )
    except EmergencyUnprovenError:
        raise refuse(emergencies, RefusalCode.EMERGENCY_UNPROVEN, event=event, patient=patient) from None
    request = found.request
    event = replace(event, **told_of(request.selection))
    code = not_theirs(request.by, caller) or other_patient(request.patient, asked.patient)
    if code is not None or patient is None:
        code = code or RefusalCode.SUBJECT_UNKNOWN
        raise refuse(emergencies, code, event=event, patient=patient)
    event = replace(event, staff=request.staff)
    case = Case(
        id=base64url.encode(context.randomness(ID_BYTES)),
        pseudonym=patient.pseudonym,
        organisation=caller.organisation,
        state=EmergencyState.ASKED,
        asked=emergencies.now,
        request=asked.request,
        digest=found.digest,
        reason=request.reason,
        categories=tuple(sorted(request.selection.categories)),
        years=(request.selection.years.first, request.selection.years.last),
        operators=(caller.operator,),
        humans=(operator.person_tag or "",),
        staff=(request.staff.payload(),),
    )
    with deciding(emergencies, event, patient.pseudonym) as conn:
        use(emergencies, conn, patient)
        require(obstacle(emergencies, conn, case, directory))
        require(None if operator.person_tag else EmergencyFault.SAME_HUMAN)
        emergencies.store.add(conn, case)
        done = replace(event, outcome=Outcome.DONE, detail={"case": case.id})
        context.journal.record(conn, person=case.pseudonym, event=done)
    return shown(case)


def second(
    emergencies: Emergencies, caller: OperatorCaller, *, name: str, asked: SecondEmergency
) -> ShownEmergency:
    """U5: put an emergency in force by the second professional's signature.

    Raises: EmergencyRefusedError, UnknownEmergencyError; both are logged.
    """
    context, directory = emergencies.context, emergencies.directory()
    event = replace(event_of(EventKind.EMERGENCY_DECLARED, caller), detail={"case": name})
    patient = named(emergencies, caller, asked.patient)
    with noting_unknown(context, event), context.database.read() as conn:
        known = own(emergencies, conn, caller, name)
    try:
        found, operator = signed_second(
            asked.second, directory=directory, now=context.clock(), max_age=STATEMENT_AGE
        )
    except EmergencyUnprovenError:
        raise refuse(emergencies, RefusalCode.EMERGENCY_UNPROVEN, event=event, patient=patient) from None
    first = directory.operator(known.organisation, OperatorId(known.operators[0]))
    code = second_fault(found, asked, case=known, caller=caller)
    if code is None:
        event = replace(event, staff=found.second.staff)
    if code is None and (first is None or not two_humans(first, operator)):
        code = EmergencyFault.SAME_HUMAN
    if code is None and (patient is None or patient.pseudonym != known.pseudonym):
        code = EmergencyFault.OTHER_PATIENT
    if code is not None or patient is None:
        raise refuse(emergencies, code or EmergencyFault.OTHER_PATIENT, event=event, patient=patient)
    with deciding(emergencies, event, patient.pseudonym) as conn:
        case = own(emergencies, conn, caller, name)
        if case.state is not EmergencyState.ASKED:
            raise AlreadyDoneError
        now = emergencies.now
        late = now - case.asked > SECOND_WITHIN.total_seconds()
        require(EmergencyFault.ENDED if late else None)
        both = replace(
            case,
            operators=(*case.operators, caller.operator),
            humans=(*case.humans, operator.person_tag or ""),
            staff=(*case.staff, found.second.staff.payload()),
        )
        use(emergencies, conn, patient)
        require(not_permitted(emergencies, conn, both, directory))
        require(too_many(emergencies, conn, both))
        settings = emergencies.settings
        declared = replace(
            both,
            state=EmergencyState.DECLARED,
            seconded=now,
            ends=now + settings.emergency_hours * HOUR_SECONDS,
            due=now + settings.emergency_review_days * DAY_SECONDS,
            second=asked.second,
            details=asked.details,
            token=found.second.tokens[Body.OVERSIGHT],
        )
        emergencies.store.put(conn, declared)
        context.journal.record(conn, person=case.pseudonym, event=notice(event, declared))
    return shown(declared)


@egress(
    to="a professional of the hospital or clinic that asked",
    fields="the own organisation's request as it was signed, its state, when it ends",
    purpose="emergency treatment",
    ground="the caller's own organisation has this case",
    answers=("GET /emergencies/{case}", "POST /emergencies", "POST /emergencies/{case}/second"),
)
def show(emergencies: Emergencies, caller: OperatorCaller, name: str) -> ShownEmergency:
    """Return an emergency of the caller's organisation. Raises: UnknownEmergencyError."""
    with emergencies.context.database.read() as conn:
        return shown(own(emergencies, conn, caller, name))
