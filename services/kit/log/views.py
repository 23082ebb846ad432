"""What a body has seen of other logs, and the contradictions that it found in them (IT2).

A note counts only if the log's own key signed it. Two notes of one size name one root, or the log itself signed that
it shows two histories. Two notes of different sizes are of one history if the log's tiles give both roots. Only a note
that passed becomes what was seen.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, select

from services.kit.clock import epoch_seconds
from services.kit.columns import clear
from services.kit.log.seen_notes import Contradiction, SeenNote
from services.kit.log.tables import insert_if_absent, put

PUBLISHED = "signed tree heads, which are published"


@dataclass(frozen=True, slots=True)
class ViewTables:
    """The newest note seen of each other log, and pairs of notes that contradict each other."""

    view: Table
    contradiction: Table


def view_tables(metadata: MetaData) -> ViewTables:
    """Define the tables on a body's metadata; call once for each metadata."""
    return ViewTables(
        view=Table(
            "log_view",
            metadata,
            Column("origin", String, primary_key=True, info=clear("the name of a log")),
            Column("note", String, nullable=False, info=clear(PUBLISHED)),
        ),
        contradiction=Table(
            "log_contradiction",
            metadata,
            Column("id", String, primary_key=True, info=clear("digest of the two notes")),
            Column("origin", String, nullable=False, info=clear("the name of a log")),
            Column("one", String, nullable=False, info=clear(PUBLISHED)),
            Column("other", String, nullable=False, info=clear(PUBLISHED)),
            Column("at", BigInteger, nullable=False, info=clear("when it was found")),
        ),
    )


class Views:
    """The stored views and contradictions, within the caller's transaction."""

    def __init__(self, tables: ViewTables, *, witnessed: Table) -> None:
        self._view, self._contradiction = tables.view, tables.contradiction
        self._witnessed = witnessed

    def notes(self, conn: Connection) -> list[tuple[str, str]]:
        """Return (origin, note): the newest note seen of each log, and the one that this body co-signed last."""
        view, witnessed = self._view.c, self._witnessed.c
        co_signed = select(witnessed.origin, witnessed.note).where(witnessed.note != "")
        told = conn.execute(select(view.origin, view.note).union(co_signed)).all()
        return sorted((origin, note) for origin, note in told)

    def newest(self, conn: Connection, origin: str) -> str | None:
        """Return the newest note seen of a log, co-signed or not by this body."""
        return conn.execute(select(self._view.c.note).where(self._view.c.origin == origin)).scalar()

    def keep(self, conn: Connection, seen: SeenNote) -> None:
        """Keep a note in the place of the one before."""
        put(conn, self._view, [{"origin": seen.checkpoint.origin, "note": seen.note}])

    def record(self, conn: Connection, origin: str, pair: tuple[str, str], *, now: datetime) -> bool:
        """Keep two notes that contradict each other; tell whether that is news."""
        one, other = sorted(pair)
        row = {
            "id": sha256(f"{one}\0{other}".encode()).hexdigest(),
            "origin": origin,
            "one": one,
            "other": other,
            "at": epoch_seconds(now),
        }
        return insert_if_absent(conn, self._contradiction, row)

    def contradictions(self, conn: Connection) -> list[Contradiction]:
        """Return all contradictions, the oldest first."""
        row = self._contradiction.c
        found = conn.execute(select(row.origin, row.one, row.other, row.at).order_by(row.at, row.id))
        return [Contradiction(origin, one, other, at) for origin, one, other, at in found]
