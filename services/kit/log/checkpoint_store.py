"""What a log signs and keeps: its own checkpoints, the request to its witnesses, and their cosignatures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, NoReturn

from sqlalchemy import Connection, bindparam, select, update

from services.kit.clock import epoch_seconds
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.audit import Finding
from services.kit.log.checkpoint import Checkpoint, verify_checkpoint, verify_cosigned
from services.kit.log.errors import (
    CheckpointSignatureError,
    LogCorruptError,
    LogFormatError,
    LogProofError,
    LogRangeError,
)
from services.kit.log.merkle import verify_consistency
from services.kit.log.note import DASH, NoteSignature, NoteSigner, NoteVerifier, UnverifiedNote
from services.kit.log.tables import LogTables, insert_if_absent
from services.kit.log.tree import LogTree, TreeHead
from services.kit.prepared import Prepared

ROWS_AT_ONCE = 200
NOTES_KEPT = 64


class StoredRow(NamedTuple):
    """A row of the table as it is, not verified."""

    size: int
    note: str
    cosigned_note: str | None
    at: int


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A checkpoint that this log signed; ``cosigned_note`` carries the cosignatures received so far."""

    checkpoint: Checkpoint
    note: str
    cosigned_note: str | None


class CheckpointStore:
    """The checkpoints of one log. Guarantees: signs only heads that extend the one signed before."""

    def __init__(self, tables: LogTables, *, tree: LogTree, signer: NoteSigner) -> None:
        self._table = tables.checkpoint
        newest_first = select(self._table).order_by(self._table.c.size.desc()).limit(1)
        self._latest = Prepared(newest_first)
        self._latest_cosigned = Prepared(newest_first.where(self._table.c.cosigned_note.is_not(None)))
        size = self._table.c.size
        self._of_size = Prepared(select(self._table).where(size == bindparam("of_size")).with_for_update())
        cosigned = update(self._table).where(size == bindparam("of_size"))
        self._cosign = Prepared(cosigned.values(cosigned_note=bindparam("with_cosignature")))
        self._tree = tree
        self._signer = signer
        self._verified: dict[str, Checkpoint] = {}

    def sign_head(self, conn: Connection, *, now: datetime) -> StoredCheckpoint:
        """Sign and store the present head; a head signed before is returned as it is.

        Raises: LogCorruptError when the tree does not extend the last signed checkpoint; nothing is signed.
        """
        head = self._tree.head(conn)
        last = self.latest(conn)
        if last is not None:
            self._require_extension(conn, last.checkpoint, head)
            if last.checkpoint.size == head.size:
                return last
        checkpoint = Checkpoint(self._signer.verifier.name, head.size, head.root)
        note = self._signer.sign(checkpoint.format()).format()
        self._remember(note, checkpoint)
        row = {"size": head.size, "note": note, "cosigned_note": None, "at": epoch_seconds(now)}
        insert_if_absent(conn, self._table, row)
        return StoredCheckpoint(checkpoint, note, None)

    def latest(self, conn: Connection) -> StoredCheckpoint | None:
        """Read the last signed checkpoint, its signature checked again. Raises: LogCorruptError."""
        row = self._latest.row(conn)
        return None if row is None else self._load(StoredRow(*row))

    def latest_cosigned(self, conn: Connection) -> StoredCheckpoint | None:
        """Read the last checkpoint that has a cosignature. Raises: LogCorruptError."""
        row = self._latest_cosigned.row(conn)
        return None if row is None else self._load(StoredRow(*row))

    def submission(self, conn: Connection, *, known_size: int) -> AddCheckpoint:
        """Make the request for a witness that last co-signed ``known_size`` (0: none yet).

        Raises: LogCorruptError when the witness knows more than this log signed: the log was rolled back;
        LogRangeError when nothing is signed yet.
        """
        last = self.latest(conn)
        if last is None:
            raise LogRangeError("this log has signed no checkpoint: sign its head first")
        return self.submission_of(conn, last, known_size=known_size)

    def submission_of(self, conn: Connection, signed: StoredCheckpoint, *, known_size: int) -> AddCheckpoint:
        """Make the request for this very checkpoint, also when a newer one was signed meanwhile.

        Raises: LogCorruptError as `submission`.
        """
        if known_size > signed.checkpoint.size:
            raise LogCorruptError("the witness knows a greater size than this log: restore the lost entries")
        proof = self._tree.consistency(conn, known_size, signed.checkpoint.size)
        return AddCheckpoint(known_size, tuple(proof), signed.note)

    def record_cosignature(
        self, conn: Connection, *, size: int, response: str, witness: NoteVerifier
    ) -> StoredCheckpoint:
        """Keep a witness's answer for the checkpoint of ``size``; lines of other keys are dropped.

        Raises: CheckpointSignatureError when no line is this witness's valid cosignature; LogFormatError;
        LogRangeError when no such checkpoint was signed.
        """
        row = self._of_size.row(conn, {"of_size": size})
        if row is None:
            raise LogRangeError("this log has signed no checkpoint of that size: sign its head first")
        stored = self._load(StoredRow(*row))
        note = UnverifiedNote.parse(stored.cosigned_note or stored.note)
        for signature in parse_signature_lines(response):
            if signature.key == (witness.name, witness.key_id):
                note = note.with_signature(signature)
        if witness.verify_cosigned(note) is None or witness.public_key == self._signer.verifier.public_key:
            raise CheckpointSignatureError
        self._cosign.run(conn, {"of_size": size, "with_cosignature": note.format()})
        return StoredCheckpoint(stored.checkpoint, stored.note, note.format())

    def audit(self, conn: Connection, *, witnesses: Sequence[NoteVerifier]) -> list[Finding]:
        """Compare every stored checkpoint with its signatures and with the tree, and name the false ones."""
        size = self._tree.size(conn)
        problems = ((row.size, self._problem(conn, row, witnesses, size)) for row in self._rows(conn))
        return [
            Finding(self._table.name, f"size={name}", problem)
            for name, problem in problems
            if problem is not None
        ]

    def _rows(self, conn: Connection) -> Iterator[StoredRow]:
        size, after = self._table.c.size, -1
        while rows := conn.execute(
            select(self._table).where(size > after).order_by(size).limit(ROWS_AT_ONCE)
        ).all():
            yield from (StoredRow(*row) for row in rows)
            after = rows[-1].size

    def _problem(
        self, conn: Connection, row: StoredRow, witnesses: Sequence[NoteVerifier], size: int
    ) -> str | None:
        try:
            checkpoint = self._load(row).checkpoint
            if row.cosigned_note is not None:
                note = UnverifiedNote.parse(row.cosigned_note)
                verify_cosigned(note, log=self._signer.verifier, witnesses=witnesses, quorum=1)
        except (LogCorruptError, LogFormatError, CheckpointSignatureError):
            return "its signatures do not verify"
        if checkpoint.size > size:
            return "the log is now shorter than this signed size"
        return None if self._has_root(conn, checkpoint) else "the tree has another root at this size"

    def _has_root(self, conn: Connection, checkpoint: Checkpoint) -> bool:
        try:
            return self._tree.roots(conn, [checkpoint.size]) == [checkpoint.root]
        except LogCorruptError:
            return False

    def _load(self, row: StoredRow) -> StoredCheckpoint:
        try:
            checkpoint = self._own(row.note)
            if row.cosigned_note is not None and self._own(row.cosigned_note) != checkpoint:
                self._refuse(row.size)
        except (LogFormatError, CheckpointSignatureError):
            self._refuse(row.size)
        if checkpoint.size != row.size:
            self._refuse(row.size)
        return StoredCheckpoint(checkpoint, row.note, row.cosigned_note)

    def _own(self, note: str) -> Checkpoint:
        # remembered by all of its text: whatever is edited in a row, it is verified anew
        found = self._verified.get(note)
        if found is None:
            found = verify_checkpoint(UnverifiedNote.parse(note), log=self._signer.verifier).checkpoint
            self._remember(note, found)
        return found

    def _remember(self, note: str, checkpoint: Checkpoint) -> None:
        if len(self._verified) >= NOTES_KEPT:
            self._verified.clear()
        self._verified[note] = checkpoint

    def _refuse(self, size: int) -> NoReturn:
        raise LogCorruptError(
            f"{self._table.name} size={size} was changed after it was signed: run the audit"
        )

    def _require_extension(self, conn: Connection, last: Checkpoint, head: TreeHead) -> None:
        if last.size > head.size:
            raise LogCorruptError("the log is shorter than its last signed checkpoint: run the audit")
        if last.size == 0:
            return
        try:
            verify_consistency(
                old_size=last.size,
                new_size=head.size,
                old_root=last.root,
                new_root=head.root,
                proof=self._tree.consistency(conn, last.size, head.size),
            )
        except LogProofError as error:
            raise LogCorruptError(
                "the log does not extend its last signed checkpoint: run the audit"
            ) from error


def parse_signature_lines(response: str) -> list[NoteSignature]:
    """Read a witness's answer: one or more signature lines. Raises: LogFormatError."""
    lines = response.split("\n")
    if lines.pop() or not lines or not all(line.startswith(DASH) for line in lines):
        raise LogFormatError("a witness answers with signature lines only: submit the checkpoint again")
    return [NoteSignature.parse(line + "\n") for line in lines]
