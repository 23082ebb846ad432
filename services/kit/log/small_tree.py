"""A small RFC 6962 tree that is given by all its leaf hashes: what it proves of each."""

from collections.abc import Sequence

from services.kit.log.merkle import NodeReader, Plan, node_hash, plan_inclusion, plan_root, span_hash


def prove_part(hashes: Sequence[bytes], at: int) -> list[bytes]:
    """Prove one leaf of a tree that is given by all its leaf hashes."""
    return hashes_of(_reader_of(hashes), plan_inclusion(at, len(hashes)))


def root_of_hashes(hashes: Sequence[bytes]) -> bytes:
    """Return the root of a tree that is given by all its leaf hashes."""
    return hashes_of(_reader_of(hashes), plan_root(len(hashes)))[0]


def _reader_of(hashes: Sequence[bytes]) -> NodeReader:
    levels = levels_of(hashes)
    return lambda level, at: levels[level][at]


def levels_of(hashes: Sequence[bytes]) -> list[list[bytes]]:
    """Return the complete subtrees over leaf hashes, level by level."""
    levels = [list(hashes)]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([node_hash(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)])
    return levels


def hashes_of(read: NodeReader, plan: Plan) -> list[bytes]:
    """Return the hashes that a plan asks for. Raises: what `read` raises."""
    return [span_hash(read, span) for span in plan]
