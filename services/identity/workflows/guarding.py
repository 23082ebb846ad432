"""Who acts for whom: entered, ended, told to the bodies. The steps:

H1 a guardian's own card offers, for one municipality and in one capacity, a key for each body; it is verified while
   it is fresh (stops somebody who is entered without knowing, and keys that are not the guardian's);
H2 two supervisors enter it on evidence that suits the capacity (stops one official who makes somebody a guardian);
H3 whatever ends it (another guardian, majority, a death) stops the guardian's tokens in the same transaction;
H4 every body that keeps directives is told, again and again until it has answered; each learns its own key only;
H5 the registry, which alone knows birth dates, is asked once a day how far age lets a minor act;
H6 a death that was wrong is taken back by two, and brings nothing back that it ended (`death_corrections.py`).
"""

from dataclasses import replace

from sqlalchemy import Connection

from consent.guardians import Change, LegalState
from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.identity.guardianships import (
    AskWard,
    EndGuardianship,
    EnteringDeath,
    EnteringGuardianship,
    GuardianshipView,
    OwnGuardianships,
    WardShown,
)
from services.directives.errors import StoredDirectiveChangedError
from services.directives.service import Directives
from services.identity import egress, egress_guardians
from services.identity.centre import IdentityCentre
from services.identity.errors import NotResidentError, UnknownGuardianshipError
from services.identity.guardianships import Guardianship, LegalStanding
from services.identity.holding import hold_person
from services.identity.workflows.card_standing import revoke_own
from services.identity.workflows.cards import holder_of
from services.identity.workflows.guardian_ends import changed, end_guardianship, note_age, today
from services.identity.workflows.revocation import passkey_ground
from services.kit.columns import ColumnError
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.credentials.passkeys import spelled
from services.kit.dual_control.kinds import Shown
from services.kit.dual_control.model import Approval
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.problems import UnavailableError
from services.kit.unknown_names import noting_unknown

TOLD_AT_ONCE = 200


def ward(centre: IdentityCentre, caller: OperatorCaller, message: AskWard) -> WardShown:
    """Return how far the person of a reference acts alone.

    Raises: UnknownReferenceError (logged), NotResidentError.
    """
    someone = holder_of(centre, caller, message.reference, kind=EventKind.GUARDIANSHIPS_LOOKED_UP)
    present = egress.ask_presence(centre, someone)
    if not present.registered:
        raise NotResidentError("the registry does not know the person yet")
    event = by_operator(caller, EventKind.GUARDIANSHIPS_LOOKED_UP, outcome=Outcome.DONE)
    with centre.context.database.write() as conn:
        note_age(centre, conn, someone.pseudonym, present.state or LegalState.OF_AGE)
        centre.context.journal.record(conn, person=someone.pseudonym, event=event)
        return _shown(centre, conn, someone.pseudonym)


def own(centre: IdentityCentre, caller: PersonCaller) -> OwnGuardianships:
    """Return the person's own guardianships, as guardian and as ward."""
    with centre.context.database.read() as conn:
        mine = centre.guardianships.of_guardian(conn, caller.pseudonym)
        over_me = centre.guardianships.of_ward(conn, caller.pseudonym)
        seen = [_view(centre, conn, each, seen_as="guardian") for each in mine]
        return OwnGuardianships(
            guardianships=[*seen, *(_view(centre, conn, each, seen_as="ward") for each in over_me)]
        )


def register(
    centre: IdentityCentre, conn: Connection, asked: EnteringGuardianship, approval: Approval
) -> Shown:
    """H2: enter a guardian, in the transaction of the approval."""
    person, guardian = Pseudonym(asked.ward), Pseudonym(asked.guardian)
    hold_person(conn, person)
    new = Guardianship(
        id=asked.guardianship,
        ward=person,
        guardian=guardian,
        capacity=asked.capacity,
        keys=asked.keys,
        organisation=OrganisationId(asked.organisation),
        evidence=asked.evidence,
        document=asked.document,
        since=centre.seconds(),
    )
    centre.guardianships.add(conn, new)
    changed(centre, conn, person)
    event = Event(
        kind=EventKind.GUARDIANSHIP_REGISTERED,
        outcome=Outcome.DONE,
        organisation=asked.organisation,
        terminal=approval.terminal,
        detail={"guardianship": new.id, "capacity": new.capacity.value, "evidence": new.evidence.value},
    )
    for whose in (person, guardian):
        centre.context.journal.record(conn, person=whose, event=event)
    return {"guardianship": new.id}


def end(centre: IdentityCentre, caller: OperatorCaller, message: EndGuardianship) -> WardShown:
    """H3: end a guardianship at the counter; in force at once.

    Raises: UnknownReferenceError, UnknownGuardianshipError; both are logged.
    """
    by = by_operator(
        caller,
        EventKind.GUARDIANSHIP_ENDED,
        outcome=Outcome.DONE,
        detail={"evidence": message.evidence.value, "document": message.document},
    )
    someone = holder_of(centre, caller, message.reference, kind=by.kind)
    unknown, person = UnknownGuardianshipError, someone.pseudonym
    with (
        noting_unknown(centre.context, by, person=person, unknown=unknown),
        centre.context.database.write() as conn,
    ):
        hold_person(conn, person)
        found = centre.guardianships.over(conn, message.guardianship, person)
        if found is None or found.ended is not None:
            raise UnknownGuardianshipError
        end_guardianship(centre, conn, found, Change.GUARDIAN_CHANGED, by=by)
        changed(centre, conn, person)
        return _shown(centre, conn, person)


def register_death(
    centre: IdentityCentre, conn: Connection, asked: EnteringDeath, approval: Approval
) -> Shown:
    """H3: enter a death, in the transaction of the approval: nobody signs in as the person, or for them, any more."""
    person = Pseudonym(asked.person)
    hold_person(conn, person)
    known = centre.guardianships.standing(conn, person) or LegalStanding(person)
    over = [each for each in centre.guardianships.of_ward(conn, person) if each.ended is None]
    for each in over:
        end_guardianship(centre, conn, each, Change.PERSON_DIED)
    wards = [each for each in centre.guardianships.of_guardian(conn, person) if each.ended is None]
    for each in wards:
        end_guardianship(centre, conn, each, Change.GUARDIAN_DIED)
        changed(centre, conn, each.ward)
    _stop(centre, conn, person)
    ended = tuple(each.id for each in (*over, *wards))
    centre.guardianships.put_standing(conn, replace(known, deceased=True, ended=ended), day=today(centre))
    event = Event(
        kind=EventKind.DEATH_REGISTERED,
        outcome=Outcome.DONE,
        organisation=asked.organisation,
        terminal=approval.terminal,
        detail={"document": asked.document},
    )
    centre.context.journal.record(conn, person=person, event=event)
    return {"guardianships_ended": len(over) + len(wards)}


def carry_on(centre: IdentityCentre, directives: Directives) -> None:
    """H4: tell bodies what they have not been told. Raises: UnavailableError when one does not answer."""
    with centre.context.database.read() as conn:
        waiting = centre.guardianships.waiting(conn, most=TOLD_AT_ONCE)
    silent: set[str] = set()
    for standing, bodies in waiting:
        told = []
        for body in bodies:
            try:
                egress_guardians.tell_state(centre, directives, standing, body=body)
                told.append(body)
            except (
                UnavailableError,
                ColumnError,
                StoredDirectiveChangedError,
            ):  # one person's rows keep nobody else waiting
                silent.add(body.value)
        with centre.context.database.write() as conn:
            centre.guardianships.told(conn, standing, told)
    if silent:
        raise UnavailableError(f"not told yet who acts for whom: {', '.join(sorted(silent))}")


def look_at_ages(centre: IdentityCentre) -> None:
    """H5: ask the registry about some of those whose age was not asked for today.

    Raises: UnavailableError when it does not say of one; the others were asked about all the same.
    """
    with centre.context.database.read() as conn:
        found = centre.guardianships.to_look(conn, day=today(centre), most=centre.settings.ages_at_once)
    unknown = 0
    for standing in found:
        try:
            with centre.context.database.read() as conn:
                someone = centre.store.person(conn, standing.person)
            present = egress.ask_presence(centre, someone)
        except (UnavailableError, ColumnError):  # one person's rows keep nobody else a minor
            unknown += 1
            continue
        with centre.context.database.write() as conn:
            # who moved away keeps what was known last
            note_age(centre, conn, standing.person, present.state or standing.by_age)
    if unknown:
        raise UnavailableError(f"the registry did not say of {unknown} people how old they are")


def _stop(centre: IdentityCentre, conn: Connection, person: Pseudonym) -> None:
    revoke_own(centre, conn, person)
    for each in centre.passkeys.of(conn, person):
        centre.tokens.stop_ground(conn, passkey_ground(spelled(each.id)), now=centre.seconds())


def _shown(centre: IdentityCentre, conn: Connection, person: Pseudonym) -> WardShown:
    found = centre.guardianships.of_ward(conn, person)
    return WardShown(
        state=_state(centre, conn, person),
        guardianships=[_view(centre, conn, each, seen_as="municipality") for each in found],
    )


def _view(centre: IdentityCentre, conn: Connection, held: Guardianship, *, seen_as: str) -> GuardianshipView:
    return GuardianshipView.model_validate(
        {
            "guardianship": held.id,
            "seen_as": seen_as,
            "capacity": held.capacity,
            "state": _state(centre, conn, held.ward),
            "since": held.since,
            "ended": held.ended,
        }
    )


def _state(centre: IdentityCentre, conn: Connection, person: Pseudonym) -> LegalState:
    known = centre.guardianships.standing(conn, person)
    return (known or LegalStanding(person)).state(centre.guardianships.of_ward(conn, person))
