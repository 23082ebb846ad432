"""U6: a relay reads once for an emergency in force; the two professionals open its answer until the emergency ends."""

from collections.abc import Callable
from dataclasses import replace

from consent.errors import MalformedError
from consent.staff import StaffMask
from consent.statements import AccessStatement, Selection, TokenSubject
from consent.vocabulary import Body, Purpose
from services.contracts.emergency_evidence import READ_WITHIN, claimed_professional
from services.contracts.oversight.emergencies import (
    EmergencyState,
    RelayedAnswer,
    ShownEmergency,
    WaitingEmergencies,
    WaitingEmergency,
)
from services.directives.release import OnBehalf
from services.kit.credentials.callers import OperatorCaller
from services.kit.egress import egress
from services.kit.events import EventKind, Outcome
from services.kit.unknown_names import noting_unknown
from services.oversight.emergency_errors import AlreadyDoneError, EmergencyFault, UnknownEmergencyError
from services.oversight.emergency_rules import (
    Emergencies,
    deciding,
    event_of,
    own,
    require,
    selection_of,
    shown,
)
from services.oversight.emergency_store import Case


@egress(
    to="an accredited emergency relay",
    fields="both signed texts, and what the hospital sealed to the relay",
    purpose="emergency treatment",
    ground="an emergency in force that two professionals signed minutes ago",
    answers=("GET /relay-emergencies",),
)
def waiting(emergencies: Emergencies) -> WaitingEmergencies:
    """U6: return what waits for a relay, while its tokens live."""
    since = emergencies.now - READ_WITHIN.total_seconds()
    with emergencies.context.database.read() as conn:
        found = [each for each in emergencies.store.waiting(conn) if each.seconded > since]
    return WaitingEmergencies(
        waiting=[
            WaitingEmergency(case=each.id, request=each.request, second=each.second, details=each.details)
            for each in found
        ]
    )


def take_answer(
    emergencies: Emergencies, caller: OperatorCaller, *, name: str, answer: RelayedAnswer
) -> ShownEmergency:
    """U6: keep a relay's answer until the emergency ends. Raises: UnknownEmergencyError (logged), AlreadyDoneError."""
    if (answer.refused is None) == (answer.sealed is None or answer.signature is None):
        raise MalformedError("An answer is sealed and signed, or it says why it was refused.")
    asked = replace(event_of(EventKind.EMERGENCY_RELAYED, caller), detail={"case": name})
    with noting_unknown(emergencies.context, asked), emergencies.context.database.write() as conn:
        emergencies.context.journal.tree.queue(conn)
        case = emergencies.store.get(conn, name)
        if case is None or case.state is EmergencyState.ASKED:
            raise UnknownEmergencyError
        if case.state is not EmergencyState.DECLARED or case.ends <= emergencies.now:
            raise AlreadyDoneError
        state = EmergencyState.FAILED if answer.refused else EmergencyState.RELAYED
        case = replace(case, state=state, refused=answer.refused)
        emergencies.store.put(conn, case)
        if answer.refused is None:
            emergencies.store.put_answer(conn, case.id, answer.model_dump_json().encode())
        outcome = Outcome.REFUSED if answer.refused else Outcome.DONE
        told = replace(asked, outcome=outcome, reason=answer.refused)
        emergencies.context.journal.record(conn, person=case.pseudonym, event=told)
    return shown(case)


@egress(
    to="one of the two professionals who signed",
    fields="what the relay sealed to their organisation's receiving key",
    purpose="emergency treatment",
    ground="an emergency in force that the caller signed; its answer is logged in the same transaction",
    answers=("GET /emergencies/{case}/answer",),
)
def fetch(emergencies: Emergencies, caller: OperatorCaller, name: str) -> RelayedAnswer:
    """Return the relay's answer while the emergency lasts.

    Raises: EmergencyRefusedError, UnknownEmergencyError; both are logged.
    """
    event = replace(event_of(EventKind.EMERGENCY_OPENED, caller), detail={"case": name})
    end(emergencies)
    with noting_unknown(emergencies.context, event), emergencies.context.database.read() as conn:
        case = own(emergencies, conn, caller, name)
    with deciding(emergencies, event, case.pseudonym) as conn:
        case = own(emergencies, conn, caller, name)
        require(None if caller.operator in case.operators else EmergencyFault.NOT_YOURS)
        require(EmergencyFault.ENDED if case.state is EmergencyState.ENDED else None)
        answer = emergencies.store.answer(conn, name)
        if answer is None:
            refused = case.refused if case.state is EmergencyState.FAILED else None
            return RelayedAnswer(refused=refused)
        told = replace(event, outcome=Outcome.PERMITTED, staff=_mask(case, caller))
        emergencies.context.journal.record(conn, person=case.pseudonym, event=told)
    return RelayedAnswer.model_validate_json(answer)


def _mask(case: Case, caller: OperatorCaller) -> StaffMask | None:
    """Return how the person is shown who fetches: as they signed, from the terminal that their mask's opening names.

    From another one that opening would not fit the entry, and the hospital would be found to have sealed a false one.
    """
    by = [claimed_professional(each) for each in (case.request, case.second)]
    terminals = {each.operator: each.terminal for each in by}
    return case.mask(caller.operator) if terminals.get(caller.operator) == caller.terminal else None


def end(emergencies: Emergencies) -> None:
    """Delete the answers of emergencies that are over; done before each answer, and again and again."""
    with emergencies.context.database.read() as conn:
        over = [each.id for each in emergencies.store.past(conn, emergencies.now)]
    for name in over:
        with emergencies.context.database.write() as conn:
            emergencies.context.journal.tree.queue(conn)
            case = emergencies.store.get(conn, name)
            if case is not None and case.state is not EmergencyState.ENDED:
                emergencies.store.put(conn, replace(case, state=EmergencyState.ENDED))
                emergencies.store.put_answer(conn, name, None)


def on_behalf(emergencies: Emergencies) -> Callable[[AccessStatement], OnBehalf | None]:
    """Return how the second proxy finds the emergency that a relay's statement is for (R7b)."""

    def found(statement: AccessStatement) -> OnBehalf | None:
        subject, selection = statement.subject, statement.selection
        if not isinstance(subject, TokenSubject) or not isinstance(selection, Selection):
            return None
        with emergencies.context.database.read() as conn:
            case = emergencies.store.of_token(conn, subject.tokens.get(Body.OVERSIGHT, ""))
        if case is None or case.state is not EmergencyState.DECLARED or case.ends <= emergencies.now:
            return None
        same = statement.purpose is Purpose.ETREAT and selection == selection_of(case)
        return OnBehalf(case.organisation, case.pseudonym) if same else None

    return found
