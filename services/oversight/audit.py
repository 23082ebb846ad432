"""The scan of stored rows: the register's entries open, the directives are as signed and logged."""

from collections.abc import Iterator

from sqlalchemy import Connection

from services.directives.audit import scan_directives
from services.directives.service import Directives
from services.kit.log.audit import Finding
from services.oversight.errors import RegisterChangedError
from services.oversight.store import RegisterStore
from services.oversight.tables import register_entry


def scan(store: RegisterStore, directives: Directives, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many rows were looked at, and every row that does not fit."""
    rows, found = scan_directives(directives, conn)
    return rows + len(store.keys(conn)), [*found, *_entries(store, conn)]


def _entries(store: RegisterStore, conn: Connection) -> Iterator[Finding]:
    for kind, key in store.keys(conn):
        try:
            store.require_readable(conn, kind, key)
        except RegisterChangedError:
            yield Finding(register_entry.name, f"kind={kind} key={key}", "was edited outside the program")
