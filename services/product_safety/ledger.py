"""Writes a row together with the journal entry that holds its digest, so that a changed row is found (R7)."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import rfc8785
from pydantic import JsonValue
from sqlalchemy import Connection, Table, insert, update

from consent import base64url
from consent.identifiers import Pseudonym
from services.kit.events import Event
from services.kit.journal import DatedEvent, Journal
from services.product_safety import tables
from services.product_safety.model import Entity, Notice, Ownership, Product, Recall, TradeItem

TABLE_OF: dict[type[Entity], Table] = {
    TradeItem: tables.trade_item,
    Product: tables.product,
    Ownership: tables.ownership,
    Recall: tables.recall,
    Notice: tables.notice,
}
DIGEST = "row"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it shall be, and the event of its history that makes it so."""

    row: Entity
    person: Pseudonym | None
    event: Event


def row_digest(table: Table, columns: dict[str, JsonValue]) -> str:
    """Return the digest of a row: SHA-256 over the canonical form of all its columns but `log_index`."""
    return base64url.encode(hashlib.sha256(rfc8785.dumps([table.name, columns])).digest())


class Ledger:
    """Guarantees: row and journal entry are in the database together or not at all."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def add(self, conn: Connection, entries: Sequence[Entry]) -> None:
        """Insert rows of one table in one batch."""
        if entries:
            rows = self._record(conn, entries)
            conn.execute(insert(TABLE_OF[type(entries[0].row)]), rows)

    def add_bulk(self, conn: Connection, summary: Event, entries: Sequence[Entry]) -> None:
        """Insert rows of one table that are about many people; the log gets one leaf, each person their part of it."""
        if entries:
            rows = [_columns(each) for each in entries]
            recorded = self._journal.record_bulk(conn, summary, _dated(entries, rows))
            stored = [row | {"log_index": recorded.index} for row in rows]
            conn.execute(insert(TABLE_OF[type(entries[0].row)]), stored)

    def change(self, conn: Connection, entry: Entry) -> None:
        """Replace the row of the same primary key."""
        table = TABLE_OF[type(entry.row)]
        values = self._record(conn, [entry])[0]
        same = [column == values[column.name] for column in table.primary_key.columns]
        conn.execute(update(table).where(*same).values(values))

    def note(self, conn: Connection, *, person: Pseudonym | None, event: Event) -> None:
        """Record an event that changes no row, such as a refusal."""
        self._journal.record(conn, person=person, event=event)

    def _record(self, conn: Connection, entries: Sequence[Entry]) -> list[dict[str, JsonValue]]:
        rows = [_columns(each) for each in entries]
        recorded = self._journal.record_all(conn, _dated(entries, rows))
        return [row | {"log_index": each.index} for row, each in zip(rows, recorded, strict=True)]


def _columns(entry: Entry) -> dict[str, JsonValue]:
    return asdict(entry.row)


def _dated(entries: Sequence[Entry], rows: Sequence[dict[str, JsonValue]]) -> list[DatedEvent]:
    return [DatedEvent(each.person, _with_digest(each, row)) for each, row in zip(entries, rows, strict=True)]


def _with_digest(entry: Entry, row: dict[str, JsonValue]) -> Event:
    digest = row_digest(TABLE_OF[type(entry.row)], row)
    return replace(entry.event, detail={**(entry.event.detail or {}), DIGEST: digest})
