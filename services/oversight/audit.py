"""The scan of stored rows: the register's entries are what the log says last, directives as signed and logged."""

from collections.abc import Iterator

from sqlalchemy import Connection

from services.directives.audit import logged_openings, scan_directives
from services.directives.service import Directives
from services.kit.log.audit import Finding
from services.oversight.emergency_store import EmergencyStore
from services.oversight.errors import RegisterChangedError
from services.oversight.register_log import Digests, told
from services.oversight.store import RegisterStore
from services.oversight.tables import EMERGENCY, UNMASKING, register_entry
from services.oversight.unmasking_store import UnmaskingStore


def scan(store: RegisterStore, directives: Directives, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many rows were looked at, and every row that does not fit."""
    rows, found = scan_directives(directives, conn)
    return rows + len(store.keys(conn)), [*found, *_entries(store, conn, logged=_logged(directives, conn))]


def scan_emergencies(store: EmergencyStore, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many emergencies were looked at, and every one that was edited outside the program."""
    names, found = store.ids(conn), []
    for each in names:
        try:
            store.get(conn, each)
            store.answer(conn, each)
        except RegisterChangedError:
            found.append(Finding(EMERGENCY.name, f"id={each}", "was edited outside the program"))
    return len(names), found


def scan_unmaskings(store: UnmaskingStore, conn: Connection) -> tuple[int, list[Finding]]:
    """Return how many unmaskings were looked at, and every one that was edited outside the program."""
    names, found = store.ids(conn), []
    for each in names:
        try:
            store.get(conn, each)
        except RegisterChangedError:
            found.append(Finding(UNMASKING.name, f"id={each}", "was edited outside the program"))
    return len(names), found


def _entries(store: RegisterStore, conn: Connection, *, logged: Digests) -> Iterator[Finding]:
    missing = set(logged)
    for kind, key in store.keys(conn):
        missing.discard((kind, key))
        try:
            last = logged.get((kind, key)) == store.digest(conn, kind, key)
        except RegisterChangedError:
            yield Finding(register_entry.name, f"kind={kind} key={key}", "was edited outside the program")
            continue
        if not last:
            yield Finding(register_entry.name, f"kind={kind} key={key}", "is not what the log says last")
    for name, key in sorted(missing):
        yield Finding(register_entry.name, f"kind={name} key={key}", "missing, though the log has it")


def _logged(directives: Directives, conn: Connection) -> Digests:
    """Return the last digest that the log has of every entry."""
    last: Digests = {}
    for _, opening in logged_openings(directives, conn):
        last |= told(opening)
    return last
