"""Telling a body names of people by a coming sector key, some hundred at a time."""

from sqlalchemy import Connection

from consent.vocabulary import Body
from services.identity import egress_names, sector_store
from services.identity.centre import IdentityCentre
from services.identity.sector_store import Sector
from services.kit.events import Event, EventKind, Outcome

AT_ONCE = 500
BATCHES = 20
"""In one run: told bodies in turn, and not too long a piece of work when the centre stops."""


def tell_some(centre: IdentityCentre, body: Body, coming: int) -> bool:
    """S2: tell a body the coming names of some who wait; tell whether there were any. Raises: UnavailableError."""
    with centre.context.database.read() as conn:
        people = sector_store.waiting(conn, body, AT_ONCE)
        linkages = [centre.store.person(conn, each).linkage for each in people]
    if not people:
        return False
    egress_names.renew_names(centre, body, coming=coming, linkages=linkages)
    with centre.context.database.write() as conn:
        if sector_store.lock(conn, body).coming == coming:  # else they wait for other names by now
            sector_store.told(conn, body, people)
    return True


def record(centre: IdentityCentre, conn: Connection, changed: Sector, *, key: int, step: str) -> None:
    """Log a step of a change."""
    event = Event(
        kind=EventKind.SECTOR_KEY_CHANGED,
        outcome=Outcome.DONE,
        detail={"sector": changed.body.value, "key": key, "step": step},
    )
    centre.context.journal.record(conn, person=None, event=event)
