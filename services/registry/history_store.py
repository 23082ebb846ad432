"""Every query about former entries. Each function works within the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, bindparam, delete, func, select

from consent.identifiers import Pseudonym
from services.registry.tables import resident_history

_DUE = (
    select(resident_history.c.id, resident_history.c.pseudonym, resident_history.c.until)
    .where(resident_history.c.due <= bindparam("today"))
    .order_by(resident_history.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class DueEntry:
    """A former entry that must go, and until when it was right."""

    id: str
    person: Pseudonym
    until: str


def due(conn: Connection, today: date, *, most: int) -> list[DueEntry]:
    """Return entries that are due, each to one process at a time."""
    rows = conn.execute(_DUE, {"today": today.isoformat(), "most": most}).all()
    return [DueEntry(row.id, Pseudonym(row.pseudonym), row.until) for row in rows]


def erase(conn: Connection, entries: Sequence[DueEntry]) -> None:
    """Delete entries."""
    conn.execute(delete(resident_history).where(resident_history.c.id.in_([each.id for each in entries])))


def counts(conn: Connection, today: date, *, before: date) -> tuple[int, int, int]:
    """Return how many entries there are, how many of them are too old or due, and how many have no end."""
    column = resident_history.c
    overdue = (column.due <= today.isoformat()) | (
        column.due.is_not(None) & (column.until < before.isoformat())
    )
    every = select(func.count()).select_from(resident_history)
    told = [
        conn.execute(each).scalar_one()
        for each in (every, every.where(overdue), every.where(column.due.is_(None)))
    ]
    return told[0], told[1], told[2]
