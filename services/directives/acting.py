"""Saying in the person's history that a guardian acted and not the person: in which capacity, and nothing else."""

from dataclasses import replace

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.directives.store import DirectiveStore
from services.kit.events import A_GUARDIAN, ACTING, Event


def acted(
    store: DirectiveStore, conn: Connection, person: Pseudonym, event: Event, *, guardian: str | None
) -> Event:
    """Return an entry that says who acted; `guardian` is the key of the guardian who is signed in for the person."""
    if guardian is None:
        return event
    known = store.wards.get(conn, person).guardian(guardian)
    by = A_GUARDIAN if known is None else known.capacity.value
    return replace(event, detail={**(event.detail or {}), ACTING: by})
