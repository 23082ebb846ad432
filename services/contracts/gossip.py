"""Bodies tell each other which signed heads of which logs they saw, so that a log with two faces is found (IT2).

G1 From time to time a body asks every other one for its views, and for the head that the log itself publishes.
G2 Each note that is new is held against what this body saw of the same log (`services.kit.log.views`), and a note of
   this body's own log against the log itself.
G3 Two notes that contradict each other are kept, logged, and shown to everybody at `/log/views`.
G4 A log that signed a size and does not serve it is asked again; at the third time that counts as a contradiction.
"""

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.contracts.oversight.register import BodyEntry
from services.contracts.oversight.register_view import DirectorySource
from services.contracts.published import LogViews, PublishedClient
from services.kit.context import BodyContext
from services.kit.egress import egress
from services.kit.events import Event, EventKind, Outcome
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.log.checkpoint import Checkpoint
from services.kit.log.errors import LogError
from services.kit.log.note import NoteVerifier, UnverifiedNote
from services.kit.log.seen_notes import SeenNote, contradicts, seen_note
from services.kit.log.tiles import TileReader
from services.kit.problems import ProblemError

TRIES = 3
UNREACHED = (PeerUnavailableError, RemoteProblemError, ProblemError)

logger = logging.getLogger("sekisho")


def record_contradiction(context: BodyContext, origin: str, pair: tuple[str, str]) -> None:
    """G3: keep and log two notes, once. The two signed notes prove it to anybody."""
    event = Event(
        kind=EventKind.LOG_SPLIT_FOUND,
        outcome=Outcome.REFUSED,
        detail={"origin": origin, "known": pair[0], "submitted": pair[1]},
    )
    with context.database.write() as conn:
        if context.views.record(conn, origin, pair, now=context.clock()):
            context.journal.record(conn, person=None, event=event)
            logger.error("the log %s contradicts itself; both notes are kept", origin)


class Published(Protocol):
    """What of a body's publications is needed (`PublishedClient`)."""

    def views(self) -> LogViews:
        """Return what the body has seen of all logs."""

    def tiles(self, size: int) -> TileReader:
        """Return the body's own log at a size."""


@dataclass
class Gossip:
    """One body's part in it. `published` reaches what a body publishes."""

    context: BodyContext
    register: DirectorySource
    published: Callable[[BodyEntry], Published]
    _unserved: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """G1: ask all others once; one that is down is asked the next time."""
        bodies = {each.log_origin: each for each in self.register.directory().register.bodies}
        for body in bodies.values():
            if body.body is not self.context.body:
                for note in self._told(body):
                    self._hold(bodies, note)

    @egress(
        to="every body",
        fields="nothing but the question",
        purpose="that no log can show different things to different bodies",
        ground="what is asked for is published",
    )
    def _told(self, body: BodyEntry) -> list[str]:
        try:
            return self.published(body).views().notes
        except UNREACHED as error:
            logger.warning("%s did not tell its views: %s", body.body.value, type(error).__name__)
            return []

    def _hold(self, bodies: Mapping[str, BodyEntry], note: str) -> None:
        """G2."""
        try:
            log = bodies[Checkpoint.parse(UnverifiedNote.parse(note).text).origin]
            key = NoteVerifier.parse(log.log_key)
            told = seen_note(note, log=key)  # nobody can put words into a log's mouth
        except (LogError, KeyError):
            return
        if log.body is self.context.body:
            self._hold_own(told)
            return
        with self.context.database.read() as conn:
            known = {each for origin, each in self.context.views.notes(conn) if origin == log.log_origin}
            newest = self.context.views.newest(conn, log.log_origin)
        if note in known and newest is not None:
            return
        seen = [seen_note(each, log=key) for each in known - {note}]
        if all(self._one_history(log, each, told) for each in seen):
            self._take(told, [each for each in seen if each.note == newest])

    def _hold_own(self, told: SeenNote) -> None:
        journal, size = self.context.journal, told.checkpoint.size
        with self.context.database.read() as conn:
            own = journal.checkpoints.latest(conn)
            reached = journal.tree.size(conn) >= size
            whole = reached and journal.tree.roots(conn, [size]) == [told.checkpoint.root]
        if not whole and own is not None:
            record_contradiction(self.context, journal.origin, (own.note, told.note))

    def _one_history(self, log: BodyEntry, seen: SeenNote, told: SeenNote) -> bool:
        """Whether that is shown; G3, G4 where the opposite is."""
        try:
            if not contradicts(seen, told, self.published(log).tiles):
                self._unserved.pop(told.note, None)
                return True
        except UNREACHED:
            return False
        except LogError:
            self._unserved[told.note] += 1
            if self._unserved[told.note] < TRIES:
                return False
        record_contradiction(self.context, log.log_origin, (seen.note, told.note))
        return False

    def _take(self, told: SeenNote, newest: Sequence[SeenNote]) -> None:
        if all(told.checkpoint.size > each.checkpoint.size for each in newest):
            with self.context.database.write() as conn:
                self.context.views.keep(conn, told)


def gossip(context: BodyContext, register: DirectorySource) -> Gossip:
    """Return a body's part in it over the body's own connections."""
    return Gossip(context, register, lambda body: PublishedClient(context.http(body.url)))
