"""Audit of the stored log against itself: every row that contradicts another is named.

Each leaf must hash to its node and each pair of nodes to its parent; by induction the whole tree then follows
from the leaves, and a finding points at the row that was touched instead of at everything above it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from services.kit.log.merkle import leaf_hash, node_hash
from services.kit.log.tables import LogTables, node_address

LEAVES_AT_ONCE = 4096
MAX_FINDINGS = 1000
BEYOND = "lies beyond the log's head"


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: the table, the row by its key, and what is wrong; never a stored value."""

    table: str
    row: str
    problem: str

    def __str__(self) -> str:
        return f"{self.table} {self.row}: {self.problem}"


def audit_tree(conn: Connection, tables: LogTables) -> list[Finding]:
    """Compare leaves, nodes and head; at most MAX_FINDINGS findings, in leaf order."""
    size = conn.execute(select(tables.head.c.size)).scalar_one_or_none()
    if size is None:
        return [Finding(tables.head.name, "id=1", "missing")]
    return list(islice(_findings(conn, tables, size), MAX_FINDINGS))


def _findings(conn: Connection, tables: LogTables, size: int) -> Iterator[Finding]:
    nodes: dict[int, bytes] = {}
    peaks: list[tuple[int, bytes | None]] = []
    for start in range(0, size, LEAVES_AT_ONCE):
        stop = min(size, start + LEAVES_AT_ONCE)
        leaf, node = tables.leaf.c, tables.node.c
        leaves = _between(conn, leaf.position, leaf.leaf, start=start, stop=stop)
        nodes |= _between(conn, node.address, node.hash, start=2 * start, stop=2 * stop)
        for position in range(start, stop):
            yield from _check_leaf(tables, position, leaves.get(position), nodes.get(2 * position))
            yield from _check_nodes(tables, position, nodes, peaks)
    for left_over in sorted(nodes):
        yield Finding(tables.node.name, f"address={left_over}", BEYOND)
    yield from _outside(conn, tables.leaf.c.position, tables.leaf.name, size)
    yield from _outside(conn, tables.node.c.address, tables.node.name, 2 * size)


def _check_leaf(
    tables: LogTables, position: int, leaf: bytes | None, node: bytes | None
) -> Iterator[Finding]:
    row = f"position={position}"
    if leaf is None:
        yield Finding(tables.leaf.name, row, "missing")
    elif node is not None and leaf_hash(leaf) != node:
        yield Finding(tables.leaf.name, row, "does not hash to its log_node")


def _check_nodes(
    tables: LogTables, position: int, nodes: dict[int, bytes], peaks: list[tuple[int, bytes | None]]
) -> Iterator[Finding]:
    """Check the nodes that this leaf completes, against those below; ``nodes`` loses what was used."""
    level = 0
    right = nodes.pop(node_address(0, position), None)
    if right is None:
        yield Finding(tables.node.name, _name(0, position), "missing")
    while peaks and peaks[-1][0] == level:
        left = peaks.pop()[1]
        level += 1
        parent = nodes.pop(node_address(level, position >> level), None)
        if parent is None:
            yield Finding(tables.node.name, _name(level, position >> level), "missing")
        elif left is not None and right is not None and node_hash(left, right) != parent:
            yield Finding(
                tables.node.name, _name(level, position >> level), "is not the hash of its children"
            )
        right = parent
    peaks.append((level, right))


def _name(level: int, position: int) -> str:
    return f"address={node_address(level, position)}"


def _between(
    conn: Connection, key: ColumnElement[int], value: ColumnElement[bytes], *, start: int, stop: int
) -> dict[int, bytes]:
    rows = conn.execute(select(key, value).where(key >= start, key < stop))
    return {row[0]: row[1] for row in rows}


def _outside(conn: Connection, key: ColumnElement[int], table: str, stop: int) -> Iterator[Finding]:
    outside = select(func.min(key), func.max(key)).where(or_(key < 0, key >= stop))
    lowest, highest = conn.execute(outside).one()
    if lowest is not None:
        yield Finding(table, f"{key.key}={lowest}..{highest}", BEYOND)
