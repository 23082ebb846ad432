"""The journal against itself: every entry against its leaf, every history against what was counted."""

from collections.abc import Iterator

from sqlalchemy import Connection

from consent import base64url
from consent.identifiers import Pseudonym
from services.kit.columns import ColumnError
from services.kit.entry_tags import WHOLE, Place
from services.kit.histories import Histories, HistoryState, Roll
from services.kit.journal_rows import JournalRows
from services.kit.journal_tables import JournalTables
from services.kit.log.audit import Finding
from services.kit.log.entry import Event, LogLeaf
from services.kit.log.errors import LogCorruptError, LogError
from services.kit.log.history import BULK, BULK_ROOT, BULK_SIZE, HISTORY, ROLL_ROOT
from services.kit.log.small_tree import root_of_hashes
from services.kit.staff import fits

NOT_COMMITTED = "does not open, or is not what its leaf commits to"
OTHER_STAFF = "names another operator than its leaf commits to"
UNREADABLE = (ColumnError, LogError, ValueError, KeyError)


def audit_entries(conn: Connection, rows: JournalRows, tables: JournalTables) -> Iterator[Finding]:
    """Name every entry, and every part of a bulk entry, that is not what the log commits to."""
    name, part_name = tables.entry.name, tables.part.name
    tags: list[tuple[int, bytes]] = []
    parts = rows.stored_parts(conn)
    for position, data, tag, stored in rows.stored(conn):
        where = f"position={position}"
        own = parts.pop(position, [])
        tags += [(position, each[1]) for each in own]
        if stored is None:
            yield Finding(name, where, "missing")
            continue
        try:
            kept = rows.open(stored, Place(position, WHOLE), tag, LogLeaf.parse(data))
            opening = kept.opening
            if not fits(opening.event, kept.acted):
                yield Finding(name, where, OTHER_STAFF)
        except UNREADABLE:
            yield Finding(name, where, NOT_COMMITTED)
        else:
            bulk = opening.event.get(BULK)
            if bulk is not None and bulk != _bulk([each[2] for each in own]):
                yield Finding(part_name, where, "the parts are not those that the entry commits to")
        yield from _audit_parts(rows, own, part_name)
        if tag is not None:
            tags.append((position, tag))
    for position in parts:
        yield Finding(part_name, f"position={position}", "lies beyond the log's head")
    for at, problem in rows.tags.faults(tags):
        yield Finding(name, "person" if at is None else f"position={at}", problem)


def audit_histories(
    conn: Connection, rows: JournalRows, histories: Histories, tables: JournalTables
) -> Iterator[Finding]:
    """Name every history whose count is not that of its entries, and a roll that counts otherwise."""
    roll = histories.last_roll(conn)
    now: dict[Pseudonym, HistoryState] = {}
    then: dict[Pseudonym, HistoryState] = {}
    for place, person, _number, leaf in rows.tagged(conn, since=0):
        now[person] = now.get(person, HistoryState(0, histories.start(person))).after(leaf)
        if roll is not None and place.position < roll.position:
            then[person] = now[person]
    stored = histories.stored(conn)
    counted: dict[int, bytes] = {}
    wrong = len(stored) - len(now)
    for person, state in now.items():
        try:
            kept = histories.opened(person, stored)
        except LogCorruptError:
            kept = None
        if kept is None or (kept.count, kept.head) != (state.count, state.head):
            wrong += 1
        elif person in then and kept.row is not None:
            counted[kept.row] = then[person].leaf
    if wrong:
        yield Finding(tables.history.state.name, f"{abs(wrong)} rows", "do not count the entries as they are")
    if roll is not None:
        yield from _audit_roll(conn, rows, histories, tables, roll=roll, counted=counted)


def _audit_roll(
    conn: Connection,
    rows: JournalRows,
    histories: Histories,
    tables: JournalTables,
    *,
    roll: Roll,
    counted: dict[int, bytes],
) -> Iterator[Finding]:
    where = f"position={roll.position}"
    try:
        told = rows.openings(conn, [roll.position])[roll.position].event
        whole = sorted(counted) == list(range(roll.rows)) and _told_root(told) == root_of_hashes(
            [counted[row] for row in range(roll.rows)]
        )
    except UNREADABLE:
        whole = False
    if not whole:
        yield Finding(tables.history.roll.name, where, "does not count the histories as they are")
    elif histories.changed_nodes(conn, roll, counted):
        yield Finding(tables.history.node.name, where, "is not the tree of what was counted")


def _audit_parts(
    rows: JournalRows, own: list[tuple[Place, bytes, bytes, bytes]], name: str
) -> Iterator[Finding]:
    for place, tag, leaf, stored in own:
        where = f"position={place.position} slot={place.slot}"
        try:
            kept = rows.open(stored, place, tag, LogLeaf.parse(leaf))
            if not fits(kept.opening.event, kept.acted):
                yield Finding(name, where, OTHER_STAFF)
        except UNREADABLE:
            yield Finding(name, where, NOT_COMMITTED)


def _bulk(leaves: list[bytes]) -> dict[str, object] | None:
    try:
        hashes = [LogLeaf.parse(leaf).hash for leaf in leaves]
    except LogError:
        return None
    return {BULK_SIZE: len(hashes), BULK_ROOT: base64url.encode(root_of_hashes(hashes))}


def _told_root(event: Event) -> bytes:
    detail = event.get("detail")
    root = detail.get(ROLL_ROOT) if isinstance(detail, dict) else None
    if not isinstance(root, str) or HISTORY in event:
        raise ValueError("this entry counts nothing")
    return base64url.decode(root)
