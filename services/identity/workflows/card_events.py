"""How what happens to cards is told in the holder's history."""

from dataclasses import replace

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.contracts.identity.messages import Application
from services.identity.card_rows import MEMBER
from services.identity.centre import IdentityCentre
from services.kit.events import Event, EventKind, Outcome


def at_home(
    kind: EventKind, outcome: Outcome, *, application: Application, reason: str | None = None
) -> Event:
    """Return the event of what somebody with the card file did, or was refused."""
    return Event(kind=kind, outcome=outcome, reason=reason, detail={"application": application.value})


def record_card(
    centre: IdentityCentre, conn: Connection, holder: Pseudonym | None, *, card_id: str, event: Event
) -> None:
    """Log an event with what it left of the card's rows: last in its transaction."""
    told = centre.card_rows.told(conn, card_id)
    if told is not None:
        event = replace(event, detail={**(event.detail or {}), MEMBER: told.member()})
    centre.context.journal.record(conn, person=holder, event=event)
