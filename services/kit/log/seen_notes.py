"""A log's signed notes as one body was shown them, and when two of them cannot both be true."""

from collections.abc import Callable
from dataclasses import dataclass

from services.kit.log.checkpoint import Checkpoint, verify_checkpoint
from services.kit.log.note import NoteVerifier, UnverifiedNote
from services.kit.log.tiles import TileReader


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
