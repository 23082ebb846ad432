"""The scan of stored rows: each against its journal entry, each release against its digest, the ledger's seals."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from anonymize import LedgerError
from services.kit.log.audit import Finding
from services.research import store, tables
from services.research.centre import Centre
from services.research.errors import StoredDataChangedError
from services.research.model import ReleaseId
from services.research.workflows import open_release


def scan(centre: Centre, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many rows were looked at, and every row that is not as it was written."""
    seen, found = centre.records.scan(conn)
    found += _contents(centre, conn)
    try:
        seen += centre.ledger(conn).verify()
    except LedgerError:
        found.append(Finding(tables.LEDGER.entry.name, "chain", "an entry or who it is about was changed"))
    return seen, found


def _contents(centre: Centre, conn: Connection) -> Iterator[Finding]:
    for identifier in conn.execute(select(tables.release.c.id)).scalars().all():
        stored = store.find_release(conn, ReleaseId(identifier))
        try:
            if stored is not None:
                open_release(centre, stored)
        except StoredDataChangedError as error:
            yield Finding(tables.release.name, f"id={identifier}", error.detail)
