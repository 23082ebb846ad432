"""A witness (C2SP tlog-witness): co-signs a log's checkpoint only if it provably extends the last one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, Connection, bindparam, select, update

from services.kit.clock import epoch_seconds
from services.kit.log.checkpoint import Checkpoint, VerifiedCheckpoint, verify_checkpoint
from services.kit.log.errors import (
    CheckpointConflictError,
    ConsistencyError,
    LogFormatError,
    LogProofError,
    SplitViewError,
    UnknownLogError,
)
from services.kit.log.merkle import EMPTY_ROOT, verify_consistency
from services.kit.log.note import (
    Cosigner,
    NoteVerifier,
    UnverifiedNote,
)
from services.kit.log.tables import LogTables, insert_if_absent
from services.kit.prepared import Prepared

KnownLogs = Callable[[str], NoteVerifier | None]


@dataclass(frozen=True, slots=True)
class Shown:
    """A checkpoint that a known log signed; made by `Witness.look_at` only."""

    note: str
    text: str
    verified: VerifiedCheckpoint

    @property
    def checkpoint(self) -> Checkpoint:
        """What the log signed."""
        return self.verified.checkpoint


class Witness:
    """One witness over all logs it knows. Guarantees: checks and keeps in the caller's transaction.

    The caller's transaction must hold SQLite's write lock from its beginning (BEGIN IMMEDIATE) and must be
    committed before the cosignature is handed out; on PostgreSQL the log's row is locked here.
    """

    def __init__(self, tables: LogTables, *, cosigner: Cosigner, known_logs: KnownLogs) -> None:
        self._table, row = tables.witnessed, tables.witnessed.c
        of_log = row.origin == bindparam("of_log")
        self._wanted = Prepared(select(row.size, row.root, row.note).where(of_log).with_for_update())
        kept: dict[str, BindParameter[object]] = {
            name: bindparam(f"new_{name}") for name in ("size", "root", "note", "at")
        }
        self._replace = Prepared(update(self._table).where(of_log).values(kept))
        self._cosigner = cosigner
        self._known_logs = known_logs

    def look_at(self, note: str) -> "Shown":
        """Check what can be checked of a checkpoint without a transaction: whose log it is of, and that it signed it.

        The numbers are those of the protocol's checks; each one's refusal has its own error.
        Raises: LogFormatError, UnknownLogError, CheckpointSignatureError.
        """
        unverified = UnverifiedNote.parse(note)
        # 1. The origin is known: nobody else's log can fill this table.
        log = self._known_logs(Checkpoint.parse(unverified.text).origin)
        if log is None:
            raise UnknownLogError
        # 2. The log itself signed it: a conflict found below is then the log's own doing.
        return Shown(note, unverified.text, verify_checkpoint(unverified, log=log))

    def add_checkpoint(
        self, conn: Connection, shown: "Shown", *, old_size: int, proof: Sequence[bytes], now: datetime
    ) -> str:
        """Compare a checkpoint with what is known of its log, keep it, and return the cosignature line.

        Raises: LogFormatError, CheckpointConflictError (SplitViewError: two roots for one size), ConsistencyError.
        """
        checkpoint = shown.checkpoint
        if old_size > checkpoint.size:
            raise LogFormatError("the old size is greater than the checkpoint's: submit the newer checkpoint")
        # 3. It starts from what was co-signed last: a rolled-back log and a late request are refused.
        known = self._lock(conn, checkpoint.origin)
        if old_size != known.size:
            raise CheckpointConflictError(known.size)
        # 4. It extends that: a rewritten or forked log is refused.
        self._require_extension(known, checkpoint, proof=proof, note=shown.note)
        # 5. Kept before anybody sees the cosignature.
        self._keep(conn, checkpoint, note=shown.note, now=now)
        return self._cosigner.cosign(shown.text, now=now).format()

    def known_size(self, conn: Connection, origin: str) -> int:
        """Read the size last co-signed for a log, 0 where there was none."""
        size = conn.execute(select(self._table.c.size).where(self._table.c.origin == origin))
        return size.scalar_one_or_none() or 0

    def _lock(self, conn: Connection, origin: str) -> "_Known":
        row = self._wanted.row(conn, {"of_log": origin})
        if row is None:
            # a first row to lock, so that two first requests queue instead of both being the first
            empty = {"origin": origin, "size": 0, "root": EMPTY_ROOT, "note": "", "at": 0}
            insert_if_absent(conn, self._table, empty)
            row = self._wanted.row(conn, {"of_log": origin}) or (0, EMPTY_ROOT, "")
        return _Known(*row)

    def _require_extension(
        self, known: "_Known", submitted: Checkpoint, *, proof: Sequence[bytes], note: str
    ) -> None:
        if known.size == submitted.size and known.root != submitted.root:
            raise SplitViewError(known.size, known_note=known.note, submitted_note=note)
        if known.size == 0 < submitted.size:
            # the first checkpoint of a log is trusted as it is; from nothing there is nothing to prove
            if proof:
                raise ConsistencyError
            return
        try:
            verify_consistency(
                old_size=known.size,
                new_size=submitted.size,
                old_root=known.root,
                new_root=submitted.root,
                proof=proof,
            )
        except LogProofError as error:
            raise ConsistencyError from error

    def _keep(self, conn: Connection, checkpoint: Checkpoint, *, note: str, now: datetime) -> None:
        kept = {"new_size": checkpoint.size, "new_root": checkpoint.root, "new_note": note}
        self._replace.run(conn, kept | {"new_at": epoch_seconds(now), "of_log": checkpoint.origin})


@dataclass(frozen=True, slots=True)
class _Known:
    size: int
    root: bytes
    note: str
