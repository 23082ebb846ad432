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
from services.kit.log.tables import LogTables

ROWS_AT_ONCE = 4096
MAX_FINDINGS = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: the table, the row by its key, and what is wrong; never a stored value."""

    table: str
    row: str
    problem: str

    def __str__(self) -> str:
        return f"{self.table} {self.row}: {self.problem}"


def audit_tree(conn: Connection, tables: LogTables) -> list[Finding]:
    """Compare leaves, nodes and head; at most MAX_FINDINGS findings, lowest level first."""
    size = conn.execute(select(tables.head.c.size)).scalar_one_or_none()
    if size is None:
        return [Finding(tables.head.name, "id=1", "missing")]
    return list(islice(_findings(conn, tables, size), MAX_FINDINGS))


def _findings(conn: Connection, tables: LogTables, size: int) -> Iterator[Finding]:
    for start, stop in _chunks(size):
        yield from _compare_leaves(conn, tables, start, stop)
    for level in range(1, size.bit_length()):
        for start, stop in _chunks(size >> level):
            yield from _compare_nodes(conn, tables, level, start, stop)
    yield from _beyond(conn, tables, size)


def _compare_leaves(conn: Connection, tables: LogTables, start: int, stop: int) -> Iterator[Finding]:
    leaf = tables.leaf.c
    rows = conn.execute(select(leaf.position, leaf.leaf).where(leaf.position >= start, leaf.position < stop))
    leaves = {row.position: row.leaf for row in rows}
    nodes = _nodes(conn, tables, 0, start, stop)
    for position in range(start, stop):
        if position not in nodes:
            yield Finding(tables.node.name, f"level=0 position={position}", "missing")
        if position not in leaves:
            yield Finding(tables.leaf.name, f"position={position}", "missing")
        elif position in nodes and leaf_hash(leaves[position]) != nodes[position]:
            yield Finding(tables.leaf.name, f"position={position}", "does not hash to its log_node")


def _compare_nodes(
    conn: Connection, tables: LogTables, level: int, start: int, stop: int
) -> Iterator[Finding]:
    parents = _nodes(conn, tables, level, start, stop)
    children = _nodes(conn, tables, level - 1, 2 * start, 2 * stop)
    for position in range(start, stop):
        row = f"level={level} position={position}"
        if position not in parents:
            yield Finding(tables.node.name, row, "missing")
            continue
        left, right = children.get(2 * position), children.get(2 * position + 1)
        if left is not None and right is not None and node_hash(left, right) != parents[position]:
            yield Finding(tables.node.name, row, "is not the hash of the two nodes below it")


def _beyond(conn: Connection, tables: LogTables, size: int) -> Iterator[Finding]:
    leaf, node = tables.leaf.c, tables.node.c
    yield from _extra(conn, leaf.position, tables.leaf.name, or_(leaf.position < 0, leaf.position >= size))
    for level in range(size.bit_length()):
        outside = or_(node.position < 0, node.position >= size >> level)
        for found in _extra(conn, node.position, tables.node.name, (node.level == level) & outside):
            yield Finding(found.table, f"level={level} {found.row}", found.problem)
    outside = or_(node.level < 0, node.level >= size.bit_length())
    yield from _extra(conn, node.level, tables.node.name, outside)


def _extra(
    conn: Connection, column: ColumnElement[int], table: str, outside: ColumnElement[bool]
) -> Iterator[Finding]:
    lowest, highest, count = conn.execute(
        select(func.min(column), func.max(column), func.count()).where(outside)
    ).one()
    if count:
        row = f"{column.key}={lowest}" if lowest == highest else f"{column.key}={lowest}..{highest}"
        yield Finding(table, row, "lies beyond the log's head")


def _nodes(conn: Connection, tables: LogTables, level: int, start: int, stop: int) -> dict[int, bytes]:
    node = tables.node.c
    rows = conn.execute(
        select(node.position, node.hash).where(
            node.level == level, node.position >= start, node.position < stop
        )
    )
    return {row.position: row.hash for row in rows}


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    for start in range(0, count, ROWS_AT_ONCE):
        yield start, min(count, start + ROWS_AT_ONCE)
