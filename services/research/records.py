"""Writes rows together with the journal entry that holds their digests, so that a changed row is found (R7)."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import rfc8785
from pydantic import JsonValue
from sqlalchemy import Connection, Table, insert, select

from consent import base64url
from services.kit.columns import ColumnError
from services.kit.events import Event
from services.kit.journal import Journal
from services.kit.log.audit import Finding
from services.kit.log.errors import LogError
from services.research import tables
from services.research.model import Entity, Job, StoredRelease

TABLE_OF: Final[Mapping[type[Entity], Table]] = {Job: tables.job, StoredRelease: tables.release}
DIGESTS: Final = "rows"
LOG_INDEX: Final = "log_index"
ROWS_AT_ONCE: Final = 500


def row_digest(table: Table, columns: Mapping[str, Any]) -> str:
    """Return the digest of a row: SHA-256 over the canonical form of all its columns but `log_index`."""
    plain = {
        name: base64url.encode(value) if isinstance(value, bytes) else value
        for name, value in columns.items()
    }
    return base64url.encode(hashlib.sha256(rfc8785.dumps([table.name, plain])).digest())


class Records:
    """Guarantees: rows and journal entry are in the database together or not at all."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def add(self, conn: Connection, rows: Sequence[Entity], *, event: Event) -> None:
        """Insert at most one row for each table, in order, under one event."""
        columns = [(TABLE_OF[type(row)], asdict(row)) for row in rows]
        digests: dict[str, JsonValue] = {table.name: row_digest(table, told) for table, told in columns}
        index = self.note(conn, event=replace(event, detail={**(event.detail or {}), DIGESTS: digests}))
        for table, told in columns:
            conn.execute(insert(table).values({**told, LOG_INDEX: index}))

    def note(self, conn: Connection, *, event: Event) -> int:
        """Record an event that writes no row; return where it stands in the log."""
        return self._journal.record(conn, person=None, event=event).index

    def changed(self, conn: Connection, table: Table, *, identifier: str) -> list[Finding]:
        """Compare one row with its journal entry."""
        row = conn.execute(select(table).where(table.c.id == identifier)).one()
        return list(self._compare(conn, table, [dict(row._mapping)]))

    def scan(self, conn: Connection) -> tuple[int, list[Finding]]:
        """Compare all rows; return how many there are, and every one that is not as it was written."""
        seen = 0
        found: list[Finding] = []
        for table in TABLE_OF.values():
            for rows in conn.execute(select(table).order_by(table.c.id)).partitions(ROWS_AT_ONCE):
                seen += len(rows)
                found += self._compare(conn, table, [dict(row._mapping) for row in rows])
        return seen, found

    def _compare(self, conn: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> Iterator[Finding]:
        logged = self._logged(conn, [each[LOG_INDEX] for each in rows])
        for each in rows:
            position, where = each.pop(LOG_INDEX), f"id={each['id']}"
            if position not in logged:
                yield Finding(table.name, where, f"its journal entry {position} is missing or does not open")
            elif logged[position].get(table.name) != row_digest(table, each):
                yield Finding(table.name, where, f"is not what journal entry {position} says")

    def _logged(self, conn: Connection, positions: list[int]) -> dict[int, Mapping[str, JsonValue]]:
        try:
            found = self._journal.openings(conn, positions)
        except (ColumnError, LogError):
            found = {}
            for position in positions:  # one entry was changed: find the others one by one
                try:
                    found |= self._journal.openings(conn, [position])
                except (ColumnError, LogError):
                    continue
        return {position: _digests(opening.event) for position, opening in found.items()}


def _digests(event: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    detail = event.get("detail")
    digests = detail.get(DIGESTS) if isinstance(detail, dict) else None
    return digests if isinstance(digests, dict) else {}
