"""Heads of logs as witnesses showed them, held against the checkpoints that a person was shown (IT2).

G5 The log itself signed the head that the witness showed: no witness can put words into a log's mouth.
G6 One history has both: a consistency proof leads from the smaller one to the larger one.

So a log that was set back, or that shows a person and a witness different things, is found by the person, whoever
co-signed what the person was shown.
"""

from dataclasses import dataclass

from services.kit.log.checkpoint import Checkpoint
from services.kit.log.errors import CheckpointSignatureError, LogError, LogFormatError, LogProofError
from services.kit.log.evidence import Evidence, EvidenceHead, EvidencePart, Head, Trust, verify_heads
from services.kit.log.merkle import verify_consistency
from services.kit.log.note import decode_base64
from services.kit.log.seen_notes import seen_note


class SplitHistoryError(LogError):
    """A log showed a witness another history than the person."""

    def __init__(self, origin: str, witness: str) -> None:
        super().__init__(
            f"{origin} showed {witness} another history than you; keep this file, both heads are signed, and report it"
        )
        self.origin = origin
        self.witness = witness


@dataclass(frozen=True, slots=True)
class HeldHead:
    """That a witness saw the log `origin` as it is in a file; made by `verify_seen` only."""

    origin: str
    witness: str
    size: int


def verify_seen(evidence: Evidence, trust: Trust) -> list[HeldHead]:
    """Verify each head in a file that a witness showed. Raises: SplitHistoryError, LogFormatError."""
    shown = verify_heads(evidence, trust)
    return [_verify(each, shown, trust) for each in evidence.heads]


def _verify(told: EvidenceHead, shown: list[Head], trust: Trust) -> HeldHead:
    head = shown[told.checkpoint] if told.checkpoint < len(shown) else EvidencePart.REFERENCE
    if isinstance(head, EvidencePart):
        raise LogFormatError(f"a head that {told.witness} showed belongs to no good checkpoint: {head}")
    here = head.checkpoint
    try:
        seen = seen_note(told.note, log=trust.logs[here.origin]).checkpoint  # G5
    except CheckpointSignatureError as error:
        raise LogFormatError(f"a head of {here.origin} in the file is not signed by that log") from error
    try:
        _require_one_history(here, seen, [decode_base64(each) for each in told.proof])  # G6
    except LogProofError as error:
        raise SplitHistoryError(here.origin, told.witness) from error
    return HeldHead(here.origin, told.witness, seen.size)


def _require_one_history(one: Checkpoint, other: Checkpoint, proof: list[bytes]) -> None:
    smaller, larger = sorted((one, other), key=lambda each: each.size)
    if smaller.size == 0 < larger.size:
        return  # every history begins with the empty one
    verify_consistency(
        old_size=smaller.size,
        new_size=larger.size,
        old_root=smaller.root,
        new_root=larger.root,
        proof=proof,
    )
