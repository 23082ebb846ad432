"""The exchange between a body's log and one witness of it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection

from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.journal import Journal
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.checkpoint_store import StoredCheckpoint
from services.kit.log.errors import CheckpointConflictError
from services.kit.log.note import NoteVerifier

T = TypeVar("T")
CONFLICT_TRIES = 4


@dataclass(frozen=True, slots=True)
class Submission:
    """What a witness is shown: a signed head, and the inclusion proof of one leaf if one was asked for."""

    origin: str
    size: int
    request: AddCheckpoint
    inclusion: tuple[bytes, ...]


class WitnessLink:
    """The exchange with one witness: one at a time in this process, from the size it last co-signed."""

    def __init__(self, journal: Journal, *, database: Database, clock: Clock) -> None:
        self._journal = journal
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._known_size = 0

    def exchange(
        self,
        ask: Callable[[Submission], tuple[str, T]],
        *,
        witness: Callable[[], NoteVerifier],
        index: int | None = None,
    ) -> T:
        """Show the witness a signed head, keep its cosignature, return its answer: with `index` one that has this leaf,
        else the newest.

        `ask` sends the submission and returns (signature lines, answer); it raises CheckpointConflictError when the
        witness knows another size, and is then called again with a proof from that size.
        Raises: what `ask` raises; LogError when the answer is not the witness's cosignature.
        """
        with self._lock:
            for remaining in reversed(range(CONFLICT_TRIES)):
                submission = self._submission(index)
                try:
                    response, answer = ask(submission)
                except CheckpointConflictError as conflict:
                    if not remaining:
                        raise
                    self._known_size = conflict.known_size
                    continue
                with self._database.write_lightly() as conn:  # a witness co-signs again what is lost
                    self._journal.checkpoints.record_cosignature(
                        conn, size=submission.size, response=response, witness=witness()
                    )
                self._known_size = submission.size
                return answer
        raise AssertionError("unreachable: the last try returns or raises")

    def _submission(self, index: int | None) -> Submission:
        journal = self._journal
        if index is not None:
            with self._database.read() as conn:
                signed = journal.checkpoints.latest(conn)
                if signed is not None and index < signed.checkpoint.size:
                    return self._shown(conn, signed, index)
        with self._database.write() as conn:
            return self._shown(conn, journal.checkpoints.sign_head(conn, now=self._clock()), index)

    def _shown(self, conn: Connection, signed: StoredCheckpoint, index: int | None) -> Submission:
        journal, size = self._journal, signed.checkpoint.size
        request = journal.checkpoints.submission_of(conn, signed, known_size=self._known_size)
        inclusion = journal.tree.inclusion(conn, index, size) if index is not None else []
        return Submission(journal.origin, size, request, tuple(inclusion))
