"""What the steps of an emergency have in common: who is meant, what stands in the way, what is logged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, TypedDict

from sqlalchemy import Connection

from consent.compartments import YearSpan
from consent.decision import AccessRequest, Permit, decide
from consent.emergency import Professional, VerifiedSecond
from consent.emergency_reason import copied_fault, substance_fault
from consent.explanations import RefusalCode
from consent.identifiers import OperatorId, Pseudonym
from consent.recipients import Reader
from consent.statements import Selection, token_digest
from consent.vocabulary import Body, Category, Purpose
from services.contracts.emergency_evidence import SECOND_WITHIN
from services.contracts.oversight.emergencies import EmergencyState, SecondEmergency, ShownEmergency
from services.contracts.oversight.register import Directory, Kind, Role
from services.directives.service import Directives
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError, VerifiedPseudonym
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.problems import ReplayError
from services.oversight.emergency_errors import (
    Code,
    EmergencyFault,
    EmergencyRefusedError,
    UnknownEmergencyError,
)
from services.oversight.emergency_store import Case, EmergencyStore
from services.oversight.settings import Settings

DAY_SECONDS: Final = 86_400
RELAY_READS_AT: Final = frozenset({Body.MEDICAL, Body.OVERSIGHT})


@dataclass(frozen=True, slots=True)
class Emergencies:
    """What the workflows work with."""

    directives: Directives
    store: EmergencyStore
    settings: Settings

    @property
    def context(self) -> BodyContext:
        """The running body."""
        return self.directives.context

    @property
    def now(self) -> int:
        """The present second."""
        return epoch_seconds(self.context.clock())

    def directory(self) -> Directory:
        """Return the present register."""
        return self.directives.directory()


class Told(TypedDict):
    """What of a request an event says."""

    categories: tuple[str, ...]
    years: tuple[int, int]


def event_of(kind: EventKind, caller: OperatorCaller) -> Event:
    """Return an event by a caller, refused until it is known better."""
    return by_operator(caller, kind, outcome=Outcome.REFUSED, purpose=Purpose.ETREAT.value)


def told_of(selection: Selection) -> Told:
    """Return what is asked for, as events say it."""
    years = (selection.years.first, selection.years.last)
    return Told(categories=tuple(sorted(selection.categories)), years=years)


def notice(event: Event, case: Case) -> Event:
    """Return what the person is told at once: who, why, what, until when, and by when it is reviewed."""
    return replace(
        event,
        outcome=Outcome.PERMITTED,
        categories=case.categories,
        years=case.years,
        detail={
            "case": case.id,
            "professionals": [each.pseudonym for each in case.masks],
            "why": case.reason,
            "until": case.ends,
            "review_due": case.due,
        },
    )


def named(emergencies: Emergencies, caller: OperatorCaller, token: str) -> VerifiedPseudonym | None:
    """Return whom the caller means, if it is anybody."""
    issuer = emergencies.directory().token_key()
    try:
        return emergencies.context.whom(token, issuer=issuer, organisation=caller.organisation)
    except PseudonymTokenError:
        return None


def use(emergencies: Emergencies, conn: Connection, patient: VerifiedPseudonym) -> None:
    """Use a token up. Raises: EmergencyRefusedError."""
    try:
        emergencies.context.replays.use(
            conn, kind="pseudonym token", value=patient.jti, expires=patient.expires, now=emergencies.now
        )
    except ReplayError:
        raise EmergencyRefusedError(RefusalCode.SUBJECT_UNKNOWN) from None


def own(emergencies: Emergencies, conn: Connection, caller: OperatorCaller, name: str) -> Case:
    """Return a case of the caller's organisation. Raises: UnknownEmergencyError."""
    case = emergencies.store.own(conn, name, caller.organisation)
    if case is None:
        raise UnknownEmergencyError
    return case


def not_theirs(by: Professional, caller: OperatorCaller) -> Code | None:
    """U1: whether the one who sends is the one who signed."""
    same = (by.organisation, by.operator, by.terminal) == (
        caller.organisation,
        caller.operator,
        caller.terminal,
    )
    return None if same else RefusalCode.EMERGENCY_UNPROVEN


def other_patient(said: str, token: str) -> Code | None:
    """U1: whether the signed text names the token that came with it."""
    return None if said == token_digest(token) else EmergencyFault.OTHER_PATIENT


def second_fault(
    found: VerifiedSecond, asked: SecondEmergency, *, case: Case, caller: OperatorCaller
) -> Code | None:
    """U5: whether the second signed this very request, about the same patient, with these details."""
    second = found.second
    fault = not_theirs(second.by, caller) or other_patient(second.patient, asked.patient)
    if fault is not None:
        return fault
    whole = second.request == case.digest and second.details == token_digest(asked.details)
    return None if whole and second.tokens.keys() == RELAY_READS_AT else EmergencyFault.OTHER_REQUEST


def obstacle(emergencies: Emergencies, conn: Connection, case: Case, directory: Directory) -> Code | None:
    """U2 to U4 for a new request."""
    fault = substance_fault(case.reason)
    if fault is not None:
        return fault
    most = emergencies.settings.emergency_reasons_compared
    newest = emergencies.store.newest(conn, case.organisation, most=most)
    earlier = [each.reason for each in newest if not _in_vain(each, case)]
    fault = copied_fault(case.reason, earlier)
    if fault is not None:
        return fault
    return not_permitted(emergencies, conn, case, directory) or too_many(emergencies, conn, case)


def _in_vain(earlier: Case, case: Case) -> bool:
    """Whether an earlier request for this very patient opened nothing: asking again is no copying."""
    if earlier.pseudonym != case.pseudonym:
        return False
    late = case.asked - earlier.asked > SECOND_WITHIN.total_seconds()
    return earlier.state is EmergencyState.FAILED or (earlier.state is EmergencyState.ASKED and late)


def not_permitted(
    emergencies: Emergencies, conn: Connection, case: Case, directory: Directory
) -> RefusalCode | None:
    """U3: what the person chose for emergencies, by the same decision that the relay's read will meet."""
    code = RefusalCode.NOT_ACCREDITED
    for each in directory.register.organisations:
        if each.kind is not Kind.EMERGENCY_RELAY or directory.organisation(each.id) is None:
            continue
        reader = Reader(each.id, OperatorId(""), frozenset({Role.EMERGENCY_RELAY.value}))
        selection, now = selection_of(case), emergencies.context.clock()
        wanted = AccessRequest(reader, selection.categories, selection.years, Purpose.ETREAT, now)
        held = emergencies.directives.store.of_person_for(conn, case.pseudonym, each.id)
        decision = decide(wanted, [one.held for one in held])
        if isinstance(decision, Permit):
            return None
        code = decision.code
    return code


def too_many(emergencies: Emergencies, conn: Connection, case: Case) -> EmergencyFault | None:
    """U4: whether the last who signed took part for as many other patients today as one may."""
    human = case.humans[-1]
    today = emergencies.store.since(conn, emergencies.now - DAY_SECONDS)
    others = {each.pseudonym for each in today if human in each.humans} - {case.pseudonym}
    full = len(others) >= emergencies.settings.emergency_patients_per_day
    return EmergencyFault.TOO_MANY_PATIENTS if full else None


def selection_of(case: Case) -> Selection:
    """Return what was asked for."""
    return Selection(frozenset(Category(each) for each in case.categories), YearSpan(*case.years))


def shown(case: Case) -> ShownEmergency:
    """Return an emergency as its two professionals see it."""
    return ShownEmergency(
        case=case.id,
        state=case.state,
        request=case.request,
        asked=case.asked,
        ends=case.ends,
        refused=case.refused,
    )


@contextmanager
def deciding(emergencies: Emergencies, event: Event, person: Pseudonym) -> Iterator[Connection]:
    """One transaction, after all others; its refusal rolls it back and is an entry of its own."""
    try:
        with emergencies.context.database.write() as conn:
            emergencies.context.journal.tree.queue(conn)
            yield conn
    except EmergencyRefusedError as refusal:
        _log(emergencies, refusal.code, event=event, person=person)
        raise


def require(code: Code | None) -> None:
    """Raises: EmergencyRefusedError for a code."""
    if code is not None:
        raise EmergencyRefusedError(code)


def refuse(
    emergencies: Emergencies, code: Code, *, event: Event, patient: VerifiedPseudonym | None
) -> EmergencyRefusedError:
    """Log a refusal and return it."""
    _log(emergencies, code, event=event, person=None if patient is None else patient.pseudonym)
    return EmergencyRefusedError(code)


def _log(emergencies: Emergencies, code: Code, *, event: Event, person: Pseudonym | None) -> None:
    refused = replace(event, outcome=Outcome.REFUSED, reason=code.value)
    with emergencies.context.database.write() as conn:
        emergencies.context.journal.record(conn, person=person, event=refused)
