"""That the entries of an evidence file are *all* entries of a person in a log, up to an entry that counts them (IT4).

C1 The entry that counts is in the log, under a co-signed checkpoint: everybody is shown the same count. It is a leaf of
   its own, as parts of a bulk entry are shown to one person each, and not dated ahead of its co-signature.
C2 The person's row is under the root that it names.
C3 The row's digest is that over the file's entries before it, oldest first: none is missing, changed or put in.
C4 Each entry says the same of itself: its number, and the digest of those before it, also of entries behind the count.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from consent import base64url
from consent.errors import MalformedError
from services.kit.events import EventKind
from services.kit.log.checkpoint import CosignedCheckpoint
from services.kit.log.errors import LogError, LogProofError
from services.kit.log.evidence import (
    Evidence,
    EvidenceHistory,
    EvidencePart,
    Head,
    Trust,
    VerifiedEntry,
    verify_entry,
    verify_heads,
)
from services.kit.log.history import AFTER, HISTORY, NUMBER, ROLL_ROOT, member, roll_row, running_digest
from services.kit.log.merkle import leaf_hash, verify_inclusion
from services.kit.log.note import decode_base64

CLOCKS_APART = timedelta(minutes=5)
"""How far a log's clock may be ahead of its witness's."""


class IncompleteError(LogError):
    """A log's entries in an evidence file are not those that the log counted: something was left out or put in."""

    def __init__(self, origin: str, problem: str) -> None:
        super().__init__(f"the history in {origin} is not whole: {problem}; keep this file and report it")
        self.origin = origin


@dataclass(frozen=True, slots=True)
class WholeHistory:
    """That a log has exactly these `entries` of a person before `index`, where it counted; made by `verify_whole` only.

    `later` counts further entries behind the count, which are proved but may not be all.
    """

    origin: str
    entries: int
    later: int
    index: int
    at: datetime
    checkpoint: CosignedCheckpoint

    def covers(self, *, now: datetime, max_age: timedelta) -> bool:
        """Whether nothing came after the count under its checkpoint, or it is no older than `max_age`."""
        return self.index == self.checkpoint.checkpoint.size - 1 or now - self.at <= max_age


def verify_whole(evidence: Evidence, entries: Sequence[VerifiedEntry], trust: Trust) -> list[WholeHistory]:
    """Verify each history that a file says is whole, given its verified `entries`; others are not in the answer.

    Raises: IncompleteError naming the log.
    """
    heads = verify_heads(evidence, trust)
    return [_verify(each, heads, entries) for each in evidence.histories]


def _verify(told: EvidenceHistory, heads: list[Head], entries: Sequence[VerifiedEntry]) -> WholeHistory:
    origin = told.counted.origin
    counted = verify_entry(told.counted, heads)  # C1
    if isinstance(counted, EvidencePart):
        raise IncompleteError(origin, f"the entry that counts is false: {counted}")
    if told.counted.part is not None:
        raise IncompleteError(origin, "the entry named is a part that nobody else is shown")
    own = _in_order(each for each in entries if each.origin == origin)
    if len({(each.index, each.digest) for each in own}) != len(own):
        raise IncompleteError(origin, "an entry is in the file twice")
    before = [each for each in own if each.index < counted.index]
    head = _follow(decode_base64(told.start), own, stop=len(before))
    _verify_row(told, counted, count=len(before), head=head)
    return WholeHistory(
        origin,
        len(before),
        len(own) - len(before),
        counted.index,
        _counted_at(counted),
        counted.checkpoint,
    )


def _counted_at(counted: VerifiedEntry) -> datetime:
    """Return when the log counted: a count that is dated ahead would look young for as long as the log likes."""
    try:
        at = datetime.fromisoformat(str(counted.event.get("at")))
    except ValueError:
        raise IncompleteError(counted.origin, "the entry that counts has no date") from None
    if at.tzinfo is None or at > counted.checkpoint.at + CLOCKS_APART:
        raise IncompleteError(counted.origin, "the entry that counts is dated after its own co-signature")
    return at


def _verify_row(told: EvidenceHistory, counted: VerifiedEntry, *, count: int, head: bytes) -> None:
    """C2, C3."""
    detail, rows = counted.event.get("detail"), member(counted.event, "count", int)
    root = member(detail, ROLL_ROOT, str) if isinstance(detail, dict) else None
    if (
        counted.event.get("kind") != EventKind.HISTORIES_COUNTED.value
        or not isinstance(rows, int)
        or not isinstance(root, str)
    ):
        raise IncompleteError(counted.origin, "the entry named does not count histories")
    try:
        verify_inclusion(
            leaf_hash=leaf_hash(roll_row(count, head)),
            index=told.row,
            size=rows,
            proof=[decode_base64(given) for given in told.proof],
            root=base64url.decode(root),
        )
    except (LogProofError, MalformedError):
        raise IncompleteError(
            counted.origin, f"the log counted other entries than the {count} that are here"
        ) from None


def _follow(start: bytes, own: Sequence[VerifiedEntry], *, stop: int) -> bytes:
    """C4: follow the entries; return the digest before entry `stop`."""
    digests = [start]
    for number, entry in enumerate(own):
        said = entry.event.get(HISTORY)
        if said is not None and said != {NUMBER: number, AFTER: base64url.encode(digests[-1])}:
            raise IncompleteError(
                entry.origin, f"entry {entry.index} of the log follows other ones than here"
            )
        digests.append(running_digest(digests[-1], entry.digest))
    return digests[stop]


def _in_order(entries: Iterable[VerifiedEntry]) -> list[VerifiedEntry]:
    """Sort by position; parts of one bulk entry by what they say is their number."""
    return sorted(entries, key=lambda each: (each.index, _number(each)))


def _number(entry: VerifiedEntry) -> int:
    said = entry.event.get(HISTORY)
    number = member(said, NUMBER, int) if isinstance(said, dict) else None
    return number if isinstance(number, int) else 0
