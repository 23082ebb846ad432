"""RFC 6962 Merkle tree: hashing, planning of proofs over stored complete subtrees, and verification.

One rule covers every proof here. A proof shows that the hash of the leaves [start, end) agrees with the root
over [0, size). An inclusion proof is the case [index, index + 1), a consistency proof the case [0, old size).
"""

from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from hashlib import sha256

from services.kit.log.errors import LogProofError, LogRangeError

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1
EMPTY_ROOT = sha256(b"").digest()

Span = tuple[int, int]
NodeAddress = tuple[int, int]
NodeReader = Callable[[int, int], bytes]
Plan = tuple[Span, ...]
"""The spans of leaves whose hashes make up a proof or a root, in the order of RFC 6962."""


class _Side(Enum):
    """Where a proof's hash lies, seen from the leaves that the proof is about."""

    RIGHT = auto()
    LEFT = auto()
    WITHIN = auto()


def leaf_hash(leaf: bytes) -> bytes:
    """Hash one leaf. Source: RFC 6962 section 2.1."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbouring subtrees into their parent. Source: RFC 6962 section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def cover(start: int, end: int) -> Iterator[NodeAddress]:
    """List, left to right, the complete subtrees (level, position) that make up the leaves [start, end)."""
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


def fold(peaks: Sequence[bytes]) -> bytes:
    """Join hashes of complete subtrees, left to right and ever smaller, into the hash over their leaves."""
    if not peaks:
        return EMPTY_ROOT
    joined = peaks[-1]
    for peak in reversed(peaks[:-1]):
        joined = node_hash(peak, joined)
    return joined


def root_from_leaves(leaves: Sequence[bytes]) -> bytes:
    """Compute the root over whole leaves, without stored nodes."""
    peaks: list[bytes] = []
    for count, leaf in enumerate(leaves, start=1):
        peaks.append(leaf_hash(leaf))
        for _ in range((count & -count).bit_length() - 1):
            right = peaks.pop()
            peaks[-1] = node_hash(peaks[-1], right)
    return fold(peaks)


def span_hash(read: NodeReader, span: Span) -> bytes:
    """Compute the hash over a span of leaves from stored complete subtrees, those that ``cover`` lists."""
    return fold([read(level, position) for level, position in cover(*span)])


def plan_root(size: int) -> Plan:
    """Plan the root over the first ``size`` leaves. Raises: LogRangeError."""
    _require_range(0 <= size <= MAX_SIZE)
    return ((0, size),)


def plan_inclusion(index: int, size: int) -> Plan:
    """Plan the proof that leaf ``index`` is in the tree of ``size`` leaves. Raises: LogRangeError."""
    _require_range(0 <= index < size <= MAX_SIZE)
    return _plan_subtree(index, index + 1, size)


def plan_consistency(old_size: int, new_size: int) -> Plan:
    """Plan the proof that the tree of ``old_size`` is a prefix of the one of ``new_size``.

    Guarantees: empty from size 0 and between equal sizes, as the witness protocol wants it.
    Raises: LogRangeError.
    """
    _require_range(0 <= old_size <= new_size <= MAX_SIZE)
    if old_size in (0, new_size):
        return ()
    return _plan_subtree(0, old_size, new_size)


def verify_inclusion(*, leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf with this hash is at ``index`` in the tree with this size and root.

    Raises: LogProofError. Source: RFC 9162 section 2.1.3.
    """
    verify_subtree_inclusion(leaf_hash=leaf_hash, index=index, start=0, end=size, proof=proof, root=root)


def verify_consistency(
    *, old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of ``old_size`` is a prefix of the tree of ``new_size``.

    Equal sizes need equal roots and an empty proof, and size 0 the empty root. From size 0 to a greater size
    nothing can be proved and every proof, also an empty one, is refused: who accepts a first checkpoint
    decides that itself.
    Raises: LogProofError. Source: RFC 9162 section 2.1.4, defined for 0 < old size < new size only.
    """
    if old_size == new_size == 0 and old_root != new_root:
        raise LogProofError
    if old_size == 0 < new_size:
        raise LogProofError
    verify_subtree_consistency(
        start=0, end=old_size, size=new_size, subtree_root=old_root, root=new_root, proof=proof
    )


def verify_subtree_inclusion(
    *, leaf_hash: bytes, index: int, start: int, end: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf with this hash is at ``index`` under the root of the leaves [start, end).

    Raises: LogProofError. Source: draft-ietf-plants-merkle-tree-certs section 4.3.
    """
    if not start <= index < end or not _is_subtree(start, end) or len(leaf_hash) != HASH_BYTES:
        raise LogProofError
    place = index - start
    verify_subtree_consistency(
        start=place, end=place + 1, size=end - start, subtree_root=leaf_hash, root=root, proof=proof
    )


def verify_subtree_consistency(
    *, start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the leaves [start, end) of the tree with this size and root hash to ``subtree_root``.

    The empty subtree is in every tree: it needs the empty root, an empty proof, and nothing of ``root``.
    Raises: LogProofError. Source: draft-ietf-plants-merkle-tree-certs section 4.4.
    """
    if start == end and 0 <= end <= size <= MAX_SIZE:
        if proof or subtree_root != EMPTY_ROOT:
            raise LogProofError
        return
    if not end <= size <= MAX_SIZE or not _is_subtree(start, end):
        raise LogProofError
    if any(len(given) != HASH_BYTES for given in proof):
        raise LogProofError
    steps, _ = _descend(start, end, size)
    begins_inside = any(side is _Side.WITHIN for side, _ in steps)
    if len(proof) != len(steps) + begins_inside:
        raise LogProofError
    below = proof[0] if begins_inside else subtree_root
    given_part, whole = below, below
    for (side, _), given in zip(steps, proof[begins_inside:], strict=True):
        match side:
            case _Side.RIGHT:
                whole = node_hash(whole, given)
            case _Side.LEFT:
                whole = node_hash(given, whole)
            case _Side.WITHIN:
                given_part = node_hash(given, given_part)
                whole = node_hash(given, whole)
    if given_part != subtree_root or whole != root:
        raise LogProofError


def _descend(start: int, end: int, size: int) -> tuple[list[tuple[_Side, Span]], Span]:
    """Walk from the root to the leaves [start, end).

    Returns the siblings passed, innermost first, and the span at the bottom. Where the leaves reach over a
    split, the left half is WITHIN and the walk goes on with the rest: the bottom holds the last leaves only.
    """
    low, high = 0, size
    steps: list[tuple[_Side, Span]] = []
    while (low, high) != (start, end):
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        if end <= middle:
            steps.append((_Side.RIGHT, (middle, high)))
            high = middle
        else:
            steps.append((_Side.WITHIN if start < middle else _Side.LEFT, (low, middle)))
            low, start = middle, max(start, middle)
    steps.reverse()
    return steps, (low, high)


def _plan_subtree(start: int, end: int, size: int) -> Plan:
    steps, bottom = _descend(start, end, size)
    siblings = tuple(span for _, span in steps)
    if any(side is _Side.WITHIN for side, _ in steps):
        return (bottom, *siblings)
    return siblings


def _is_subtree(start: int, end: int) -> bool:
    """Whether [start, end) starts where a subtree of its width (rounded up to a power of two) can start."""
    if not 0 <= start < end <= MAX_SIZE:
        return False
    width = 1 << (end - start - 1).bit_length()
    return start % width == 0


def _require_range(holds: bool) -> None:
    if not holds:
        raise LogRangeError("no such position or size in this log: stay within its head")
