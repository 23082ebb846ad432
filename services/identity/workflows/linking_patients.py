"""An organisation's own patient number becomes a link to a person, on independent evidence and on nothing less."""

from pydantic import JsonValue
from sqlalchemy import Connection

from consent import base64url
from consent.explanations import RefusalCode
from consent.vocabulary import Body
from services.contracts.identity.messages import LinkedPatient, LinkPatient, StaffCheck
from services.identity import egress_patients as egress
from services.identity.centre import IdentityCentre
from services.identity.errors import (
    ConfirmationError,
    IdentityError,
    IdentityMismatchError,
    PatientNumberTakenError,
    PresentationError,
    RoleMissingError,
    TooManyChecksError,
)
from services.identity.model import Person
from services.identity.patient_links import LinkState, PatientLink
from services.identity.workflows.linking_evidence import Evidence, confirmed, evidence, identified
from services.kit.clock import JAPAN
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.permissions import policies

REASONS: dict[type[IdentityError], str] = {
    RoleMissingError: RefusalCode.ROLE_MISSING.value,
    ConfirmationError: "confirmation_refused",
    PresentationError: "presentation_refused",
    TooManyChecksError: "too_many_checks",
    IdentityMismatchError: "identity_mismatch",
    PatientNumberTakenError: "patient_number_taken",
}


def link_patient(centre: IdentityCentre, caller: OperatorCaller, message: LinkPatient) -> LinkedPatient:
    """Link a patient number to the person who is there; the same link again is the same link.

    Raises: RoleMissingError, ConfirmationError, PresentationError, TooManyChecksError, IdentityMismatchError,
    PatientNumberTakenError, each logged and in the history of whose card it is; ReplayError, UnavailableError.
    """
    shown: Evidence | None = None
    try:
        if not policies().permits(caller.roles, "receive-patients", Body.IDENTITY):
            raise RoleMissingError
        shown = evidence(centre, caller, message, confirmed(centre, caller, message))  # E1, E2
        _use_up(centre, caller, shown)
        holder = identified(centre, caller, message, shown)  # E3
    except IdentityError as refusal:
        known = shown.card.card.holder if shown is not None and shown.card is not None else None
        _record_refusal(centre, caller, known, refusal)
        raise
    held = _store(centre, caller, message, holder=holder, shown=shown)
    if held is None:
        taken = PatientNumberTakenError()
        _record_refusal(centre, caller, holder, taken)
        raise taken
    return egress.identified_patient(centre, holder, held, caller=caller)


def _use_up(centre: IdentityCentre, caller: OperatorCaller, shown: Evidence) -> None:
    """Have the evidence count for this one question, whatever comes of it. Raises: ReplayError, TooManyChecksError."""
    # one card that was shown, or one word of the staff, could else go through names and birth dates
    now, allowed = centre.seconds(), True
    with centre.context.database.write() as conn:
        for challenge, expires in shown.challenges:
            centre.context.replays.use(conn, kind="challenge", value=challenge, expires=expires, now=now)
        if shown.check is not StaffCheck.PIN:
            day = centre.now().astimezone(JAPAN).date().isoformat()
            most = centre.settings.identity_checks_per_day
            operator = _human(centre, caller)
            allowed = centre.patients.count_try(conn, operator, day=day, most=most)
    if not allowed:
        raise TooManyChecksError


def _human(centre: IdentityCentre, caller: OperatorCaller) -> str:
    # whatever account a human uses counts as the first of them
    organisation, name = centre.register.directory().accounts(caller.organisation, caller.operator)[0]
    return f"{organisation}\n{name}"


def _store(
    centre: IdentityCentre, caller: OperatorCaller, message: LinkPatient, *, holder: Person, shown: Evidence
) -> PatientLink | None:
    """Link; None when the number means somebody else."""
    links, now = centre.patients, centre.seconds()
    new = PatientLink(
        id=base64url.encode(centre.context.randomness(16)),
        holder=holder.pseudonym,
        organisation=caller.organisation,
        number=message.patient_number,
        reference=base64url.encode(centre.context.randomness(32)),
        state=LinkState.LINKED,
        linked_at=now,
        check=shown.check,
        proofs=shown.proofs,
    )
    with centre.context.database.write() as conn:
        held = _present(centre, conn, caller, message)
        if held is None and links.add(conn, new):
            held = new
            centre.store.add_link(
                conn, organisation=caller.organisation, reference=new.reference, someone=holder
            )
        # on PostgreSQL another request may have linked it between the look and the writing
        held = held or _present(centre, conn, caller, message)
        if held is None or held.holder != holder.pseudonym:
            return None
        told: dict[str, JsonValue] = {"link": held.id, "check": shown.check.value}
        event = by_operator(caller, EventKind.PATIENT_LINKED, outcome=Outcome.DONE, detail=told)
        centre.context.journal.record(conn, person=holder.pseudonym, event=event)
    return held


def _present(
    centre: IdentityCentre, conn: Connection, caller: OperatorCaller, message: LinkPatient
) -> PatientLink | None:
    found = centre.patients.of_number(conn, caller.organisation, message.patient_number)
    held = None if found is None else centre.patients.hold(conn, found)
    return held if held is not None and held.state is LinkState.LINKED else None


def _record_refusal(
    centre: IdentityCentre, caller: OperatorCaller, known: Person | None, refusal: IdentityError
) -> None:
    event = by_operator(
        caller, EventKind.PATIENT_LINKED, outcome=Outcome.REFUSED, reason=REASONS[type(refusal)]
    )
    with centre.context.database.write() as conn:
        centre.context.journal.record(conn, person=known.pseudonym if known else None, event=event)
