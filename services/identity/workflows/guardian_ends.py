"""What ends a guardianship, and what age has to do with it (H3, H5 of `guarding.py`)."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

from consent.guardians import FATES, Change, Fate, Given, Giver, LegalState
from consent.identifiers import Pseudonym
from services.identity.centre import IdentityCentre
from services.identity.guardianships import Guardianship, LegalStanding
from services.identity.holding import hold_person
from services.identity.workflows.revocation import card_ground
from services.kit.clock import JAPAN
from services.kit.events import Event, EventKind, Outcome


def note_age(centre: IdentityCentre, conn: Connection, person: Pseudonym, by_age: LegalState) -> None:
    """H5: keep what age gives, and let it end what it ends."""
    hold_person(conn, person)
    known = centre.guardianships.standing(conn, person)
    day = today(centre)
    if known is None:
        if by_age is not LegalState.OF_AGE:
            centre.guardianships.put_standing(conn, LegalStanding(person, by_age), day=day)
        return
    centre.guardianships.looked(conn, person, day=day)
    if known.by_age is by_age or known.deceased:
        return
    if by_age is LegalState.OF_AGE:
        for each in centre.guardianships.of_ward(conn, person):
            end_guardianship(centre, conn, each, Change.MAJORITY_REACHED)
    centre.guardianships.put_standing(conn, replace(known, by_age=by_age), day=day)


def changed(centre: IdentityCentre, conn: Connection, person: Pseudonym) -> None:
    """H4: have every body told anew how far a person acts alone."""
    known = centre.guardianships.standing(conn, person) or LegalStanding(person)
    centre.guardianships.put_standing(conn, known, day=today(centre))


def end_guardianship(
    centre: IdentityCentre,
    conn: Connection,
    held: Guardianship,
    change: Change,
    *,
    by: Event | None = None,
) -> None:
    """H3: end a guardianship, and its guardian's tokens, in the caller's transaction; one that has ended stays so."""
    if held.ended is not None:
        return
    confirmed = FATES[change][Giver.GUARDIAN][Given.PERMISSION] is Fate.CONFIRM
    until = centre.seconds() + centre.settings.confirmation_days * 86_400 if confirmed else None
    centre.guardianships.replace(conn, replace(held, ended=change, confirm_until=until))
    card = centre.cards.own(conn, held.guardian)
    if card is not None:  # a guardian's tokens rest on the guardian's own card
        centre.tokens.stop_ground(conn, card_ground(card.id), now=centre.seconds())
    base = by or Event(kind=EventKind.GUARDIANSHIP_ENDED, outcome=Outcome.DONE)
    detail = {**(base.detail or {}), "guardianship": held.id, "capacity": held.capacity.value}
    event = replace(base, reason=change.value, detail=detail)
    for whose in (held.ward, held.guardian):
        centre.context.journal.record(conn, person=whose, event=event)


def today(centre: IdentityCentre) -> str:
    """Return the day in Japan."""
    return centre.now().astimezone(JAPAN).date().isoformat()


def in_force(found: Iterable[Guardianship]) -> list[Guardianship]:
    """Return those that have not ended."""
    return [each for each in found if each.ended is None]
