"""A death that was entered by mistake is taken back by two supervisors (H6 of `guarding.py`).

What had ended stays ended: the card is revoked, permissions for care have no fragments any more, guardianships are
over. The person gets another card, permits anew, and guardians are entered anew. Nothing comes back by itself that
somebody else could use meanwhile.
"""

from dataclasses import replace

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.contracts.identity.guardianships import CorrectDeath, CorrectingDeath
from services.identity.centre import IdentityCentre
from services.identity.errors import NotDeceasedError
from services.identity.guardianships import NEVER, Guardianship, LegalStanding
from services.identity.holding import hold_person
from services.identity.workflows.guardian_offers import referred
from services.kit.credentials.callers import OperatorCaller
from services.kit.dual_control.kinds import Shown, read_parameters
from services.kit.dual_control.model import Approval
from services.kit.events import Event, EventKind, Outcome


def settle_correction(
    centre: IdentityCentre, conn: Connection, caller: OperatorCaller, parameters: Shown
) -> CorrectingDeath:
    """Keep whose death it is not. Raises: MalformedRequestError, UnknownReferenceError."""
    asked = read_parameters(CorrectDeath, parameters, kind="correct-death")
    person = referred(centre, conn, caller, asked.reference).pseudonym
    return CorrectingDeath(organisation=caller.organisation, person=person, document=asked.document)


def preview_correction(centre: IdentityCentre, conn: Connection, asked: CorrectingDeath) -> Shown:
    """Tell what would be, and what stays ended. Raises: NotDeceasedError."""
    known = _deceased(centre, conn, Pseudonym(asked.person))
    held = centre.guardianships.of_ward(conn, known.person)
    return {
        "document": asked.document,
        "state": replace(known, deceased=False).state(held).value,
        "standing": known.number,  # another death, entered meanwhile, is another one to be looked at
        "guardianships_stay_ended": len(known.ended),
    }


def correct(centre: IdentityCentre, conn: Connection, asked: CorrectingDeath, approval: Approval) -> Shown:
    """H6: take a death back, in the transaction of the approval; everybody whom it ended something for is told."""
    person = Pseudonym(asked.person)
    hold_person(conn, person)
    known = _deceased(centre, conn, person)
    alive = replace(known, deceased=False, ended=())
    # the years have gone on: whose age matters is asked for again at once
    centre.guardianships.put_standing(conn, alive, day=NEVER)
    event = Event(
        kind=EventKind.DEATH_CORRECTED,
        outcome=Outcome.DONE,
        organisation=asked.organisation,
        terminal=approval.terminal,
        count=len(known.ended),
        detail={"document": asked.document},
    )
    centre.context.journal.record(conn, person=person, event=event)
    for each in _ended(centre, conn, known):
        other = each.guardian if each.ward == person else each.ward
        told = replace(event, count=None, detail={"guardianship": each.id, "capacity": each.capacity.value})
        centre.context.journal.record(conn, person=other, event=told)
    return {"guardianships_stay_ended": len(known.ended)}


def _deceased(centre: IdentityCentre, conn: Connection, person: Pseudonym) -> LegalStanding:
    known = centre.guardianships.standing(conn, person)
    if known is None or not known.deceased:
        raise NotDeceasedError
    return known


def _ended(centre: IdentityCentre, conn: Connection, known: LegalStanding) -> list[Guardianship]:
    found = [centre.guardianships.get(conn, each) for each in known.ended]
    return [each for each in found if each is not None]
