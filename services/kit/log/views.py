"""What a body has seen of other logs, and the contradictions that it found in them (IT2).

A note counts only if the log's own key signed it. Two notes of one size name one root, or the log itself signed that
it shows two histories. Two notes of different sizes are of one history if the log's tiles give both roots. Only a note
that passed becomes what was seen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import BigInteger, Column, Connection, MetaData, String, Table, select

from services.kit.clock import epoch_seconds
from services.kit.columns import clear
from services.kit.log.checkpoint import Checkpoint, verify_checkpoint
from services.kit.log.note import NoteVerifier, UnverifiedNote
from services.kit.log.tables import insert_if_absent, put
from services.kit.log.tiles import TileReader

PUBLISHED = "signed tree heads, which are published"


@dataclass(frozen=True, slots=True)
class ViewTables:
    """The newest note seen of each other log, and pairs of notes that contradict each other."""

    view: Table
    contradiction: Table


@dataclass(frozen=True, slots=True)
class SeenNote:
    """A tree head that its own log signed, with the note that says so; made by `seen_note` only."""

    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two notes that one log signed and that cannot both be true. Units: `at` epoch seconds."""

    origin: str
    one: str
    other: str
    at: int


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


def seen_note(note: str, *, log: NoteVerifier) -> SeenNote:
    """Return a note that its log signed. Raises: CheckpointSignatureError, LogFormatError."""
    return SeenNote(verify_checkpoint(UnverifiedNote.parse(note), log=log).checkpoint, note)


def contradicts(one: SeenNote, other: SeenNote, tiles: Callable[[int], TileReader]) -> bool:
    """Whether two notes of one log are of different histories; `tiles` reads the log at a size.

    Raises: LogFormatError, LogRangeError when the log does not serve what it signed; what else reading tiles raises.
    """
    smaller, larger = sorted((one.checkpoint, other.checkpoint), key=lambda each: each.size)
    if smaller.size == larger.size:
        return smaller.root != larger.root
    log = tiles(larger.size)
    return (log.root(smaller.size), log.root(larger.size)) != (smaller.root, larger.root)


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
