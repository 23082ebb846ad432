"""The scan of stored rows: every sealed cell opens in its place."""

from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy import Connection, select

from consent.errors import MalformedError
from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.kit.columns import ColumnError
from services.kit.log.audit import Finding
from services.registry.centre import Registry
from services.registry.insurance import membership
from services.registry.matching import KEY_COLUMN, match_key, open_handle
from services.registry.store import Store
from services.registry.tables import (
    insurance,
    look_up_card,
    look_up_entry,
    resident,
    resident_history,
    resident_match,
)

NOT_INDEXED = "cannot be looked up by all forms: entries of the index are missing"
NOT_THEIRS = "an entry of the index finds nobody, or somebody else than it must"
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
    yield from _check_identification(store, conn)
    for row in conn.execute(select(resident_history)).all():
        try:
            store.open_history(row.id, person=row.pseudonym, until=row.until, items=row.items)
            if row.reason is not None:
                store.open_reason(row.id, until=row.until, due=row.due, reason=row.reason)
        except (ColumnError, MalformedError, ValueError):
            yield Finding(resident_history.name, f"id={row.id}", DOES_NOT_OPEN)
        else:
            yield None


def scan_look_ups(registry: Registry, conn: Connection) -> tuple[int, list[Finding]]:
    """Compare the blind index with the residents, and open every card's counts."""
    index, findings, wanted, absent = registry.look_ups, [], 0, 0
    for person in map(Pseudonym, conn.execute(select(resident.c.pseudonym)).scalars().all()):
        try:
            someone = registry.store.resident(conn, person)
        except (ColumnError, MalformedError):
            continue  # named by the other scan; what finds them is a stranger below
        number, missing = (0, 0) if someone is None else index.missing(conn, person, someone)
        wanted, absent = wanted + number, absent + missing
        if missing:
            findings.append(Finding(resident.name, f"pseudonym={person}", NOT_INDEXED))
    entries = index.count(conn)
    if entries != wanted - absent:  # only then is there an entry to be looked for
        found = index.strangers(conn)
        findings += [Finding(look_up_entry.name, f"key={key.hex()}", NOT_THEIRS) for key in found]
    try:
        list(registry.throttle.stopped(conn))
    except (ColumnError, ValueError):
        findings.append(Finding(look_up_card.name, "state", DOES_NOT_OPEN))
    return entries, findings


def _check_identification(store: Store, conn: Connection) -> Iterator[Finding | None]:
    columns = (resident_match.c.pseudonym, resident_match.c.key, resident_match.c.handle)
    for person, key, handle in conn.execute(select(*columns)).all():
        yield _finding(
            resident_match.name, person, partial(_match_fits, store, conn, Pseudonym(person), key, handle)
        )
    for person in conn.execute(select(insurance.c.pseudonym)).scalars().all():
        yield _finding(insurance.name, person, partial(_insured, store, conn, Pseudonym(person)))


def _match_fits(store: Store, conn: Connection, person: Pseudonym, key: bytes, handle: bytes | None) -> bool:
    open_handle(store.cipher, person, handle)
    store.cipher.open_lookup(key, column=KEY_COLUMN)
    try:
        items = store.resident(conn, person)
    except (ColumnError, MalformedError):
        return True  # the resident's own row is named already
    if items is None:
        return False
    name, birth_date = items.items[BasicItem.NAME], items.items[BasicItem.BIRTH_DATE]
    return match_key(store.cipher, name, birth_date) == key


def _insured(store: Store, conn: Connection, person: Pseudonym) -> bool:
    return membership(conn, store.cipher, person) is not None


def _finding(table: str, person: str, holds: Callable[[], bool]) -> Finding | None:
    try:
        fits = holds()
    except (ColumnError, MalformedError, ValueError):
        fits = False
    return None if fits else Finding(table, f"pseudonym={person}", DOES_NOT_OPEN)
