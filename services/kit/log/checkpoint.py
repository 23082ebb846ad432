"""Checkpoints (C2SP tlog-checkpoint): tree heads as text, and what they are once verified."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.kit.log.errors import CheckpointSignatureError, LogFormatError
from services.kit.log.merkle import EMPTY_ROOT, HASH_BYTES, MAX_SIZE
from services.kit.log.note import NoteVerifier, UnverifiedNote, check_key_name, decode_base64, encode_base64

DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head as its log words it. Shape: root 32 bytes."""

    origin: str
    size: int
    root: bytes

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """Read a note text of exactly three lines; extension lines are refused. Raises: LogFormatError."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise LogFormatError("a checkpoint has the lines origin, size and root only; fetch it again")
        checkpoint = cls(check_key_name(lines[0]), parse_size(lines[1]), decode_base64(lines[2]))
        if len(checkpoint.root) != HASH_BYTES or (checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT):
            raise LogFormatError("a checkpoint's root is no SHA-256 tree head; fetch the checkpoint again")
        return checkpoint

    def format(self) -> str:
        """Write the note text, its last newline included."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint that its own log signed; made by ``verify_checkpoint`` only."""

    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class CosignedCheckpoint(VerifiedCheckpoint):
    """A checkpoint that its log and a quorum of witnesses signed; made by ``verify_cosigned`` only.

    ``witnesses`` are the names that count; ``at`` is the time since which the whole quorum stands behind it.
    """

    witnesses: tuple[str, ...]
    at: datetime


def parse_size(text: str) -> int:
    """Read a tree size: ASCII decimal, no leading zero. Raises: LogFormatError."""
    if not DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise LogFormatError("a tree size is a decimal number without leading zeros; copy the text unchanged")
    return int(text)


def verify_checkpoint(note: UnverifiedNote, *, log: NoteVerifier) -> VerifiedCheckpoint:
    """Check that the log of this key, and named like its origin line, signed the note.

    Raises: CheckpointSignatureError; LogFormatError when what was signed is no checkpoint.
    """
    log.verify(note)
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != log.name:
        raise CheckpointSignatureError
    return VerifiedCheckpoint(checkpoint)


def verify_cosigned(
    note: UnverifiedNote, *, log: NoteVerifier, witnesses: Iterable[NoteVerifier], quorum: int
) -> CosignedCheckpoint:
    """Check that the log signed the note and at least ``quorum`` different witness keys co-signed it.

    Raises: CheckpointSignatureError, also when a signature of a trusted witness is false; LogFormatError.
    """
    verified = verify_checkpoint(note, log=log)
    times: dict[bytes, tuple[datetime, str]] = {}
    for witness in witnesses:
        at = witness.verify_cosigned(note)
        # the signed message does not name the witness: one key under two names counts once
        if at is not None and witness.public_key != log.public_key:
            times[witness.public_key] = (at, witness.name)
    if quorum < 1 or len(times) < quorum:
        raise CheckpointSignatureError
    newest = sorted(times.values(), reverse=True)[:quorum]
    return CosignedCheckpoint(verified.checkpoint, tuple(name for _, name in newest), newest[-1][0])
