"""The scan of stored rows: every sealed cell opens in its place."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from consent.errors import MalformedError
from consent.identifiers import Pseudonym
from services.kit.columns import ColumnError
from services.kit.log.audit import Finding
from services.registry.store import Store
from services.registry.tables import resident, resident_history

DOES_NOT_OPEN = "a sealed cell does not open: it was changed or moved"


def scan(store: Store, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many rows were looked at, and every row that does not fit."""
    checked = list(_check(store, conn))
    return len(checked), [finding for finding in checked if finding is not None]


def _check(store: Store, conn: Connection) -> Iterator[Finding | None]:
    for person in conn.execute(select(resident.c.pseudonym)).scalars().all():
        try:
            store.resident(conn, Pseudonym(person))
        except (ColumnError, MalformedError):
            yield Finding(resident.name, f"pseudonym={person}", DOES_NOT_OPEN)
        else:
            yield None
    for row in conn.execute(select(resident_history)).all():
        try:
            store.open_history(row.id, person=row.pseudonym, until=row.until, items=row.items)
        except (ColumnError, MalformedError, ValueError):
            yield Finding(resident_history.name, f"id={row.id}", DOES_NOT_OPEN)
        else:
            yield None
