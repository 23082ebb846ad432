"""The stored tree: appends, roots and proofs, inside the caller's transaction."""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.kit.log.audit import Finding, audit_tree
from services.kit.log.errors import LogCorruptError, LogRangeError
from services.kit.log.merkle import (
    NodeAddress,
    NodeReader,
    Plan,
    cover,
    leaf_hash,
    node_hash,
    plan_consistency,
    plan_inclusion,
    plan_root,
    span_hash,
)
from services.kit.log.tables import LogTables, insert_if_absent, node_address
from services.kit.prepared import Prepared, PreparedIn, Row

HEAD_ID = 1


class TreeHead(NamedTuple):
    """The tree's size and root (32 bytes)."""

    size: int
    root: bytes


class LogTree:
    """One log. Guarantees: an append is in the database if and only if the caller's transaction commits."""

    def __init__(self, tables: LogTables) -> None:
        self._tables = tables
        node, leaf, head = tables.node.c, tables.leaf.c, tables.head.c
        self._add_leaves, self._add_nodes = Prepared(insert(tables.leaf)), Prepared(insert(tables.node))
        self._grow = Prepared(
            update(tables.head)
            .where(head.id == HEAD_ID)
            .values(size=head.size + bindparam("count"))
            .returning(head.size)
        )
        self._size = Prepared(select(head.size).where(head.id == HEAD_ID))
        self._nodes = PreparedIn(
            lambda addresses: select(node.address, node.hash).where(node.address.in_(addresses))
        )
        self._leaves = Prepared(
            select(leaf.position, leaf.leaf)
            .where(leaf.position >= bindparam("start"), leaf.position < bindparam("stop"))
            .order_by(leaf.position)
        )

    def initialise(self, conn: Connection) -> None:
        """Make the empty log; a log that is there stays as it is."""
        insert_if_absent(conn, self._tables.head, {"id": HEAD_ID, "size": 0})

    def append(self, conn: Connection, leaves: Sequence[bytes]) -> range:
        """Append leaves in order and return their indexes.

        Guarantees: writers queue on the head row (PostgreSQL) or the database (SQLite), so indexes
        have no gap.
        Raises: LogCorruptError when what is stored contradicts the head; roll the transaction back.
        """
        places = self.reserve(conn, len(leaves))
        self.fill(conn, places, leaves)
        return places

    def reserve(self, conn: Connection, count: int) -> range:
        """Take the next `count` indexes, which `fill` must fill in this transaction; writers queue here.

        Raises: LogCorruptError.
        """
        size = _present(self._grow.row(conn, {"count": count}))
        return range(size - count, size)

    def fill(self, conn: Connection, places: range, leaves: Sequence[bytes]) -> None:
        """Store the leaves of reserved indexes. Raises: as `append`."""
        if leaves:
            self._store(conn, places.start, leaves)

    def queue(self, conn: Connection) -> None:
        """Wait until no other transaction that writes to the log is under way, and hold all others off."""
        self.append(conn, ())

    def size(self, conn: Connection) -> int:
        """Count the leaves. Raises: LogCorruptError when the head row is gone."""
        return _present(self._size.row(conn))

    def head(self, conn: Connection) -> TreeHead:
        """Read the size and compute the root. Raises: LogCorruptError."""
        size = self.size(conn)
        return TreeHead(size, self.roots(conn, [size])[0])

    def roots(self, conn: Connection, sizes: Sequence[int]) -> list[bytes]:
        """Compute the roots of the tree at several sizes. Raises: LogRangeError, LogCorruptError."""
        return [
            hashes[0] for hashes in self._resolve(conn, [plan_root(size) for size in sizes], size=max(sizes))
        ]

    def inclusion(self, conn: Connection, index: int, size: int) -> list[bytes]:
        """Prove that a leaf is in the tree of ``size``. Raises: LogRangeError, LogCorruptError."""
        return self.inclusions(conn, [index], size)[0]

    def inclusions(self, conn: Connection, indexes: Sequence[int], size: int) -> list[list[bytes]]:
        """Prove several leaves against one size, reading shared nodes once.

        Raises: LogRangeError, LogCorruptError.
        """
        return self._resolve(conn, [plan_inclusion(index, size) for index in indexes], size=size)

    def consistency(self, conn: Connection, old_size: int, new_size: int) -> list[bytes]:
        """Prove that the tree of ``old_size`` is a prefix of that of ``new_size``.

        Guarantees: empty from size 0 and between equal sizes. Raises: LogRangeError, LogCorruptError.
        """
        return self._resolve(conn, [plan_consistency(old_size, new_size)], size=new_size)[0]

    def leaves(self, conn: Connection, start: int, count: int) -> list[bytes]:
        """Read up to ``count`` leaves from ``start``; fewer only at the end.

        Raises: LogCorruptError at a gap.
        """
        rows = self._leaves.rows(conn, {"start": start, "stop": start + count})
        for expected, (position, _) in enumerate(rows, start):
            if position != expected:
                raise LogCorruptError(f"log_leaf position={expected} is missing: run the audit")
        return [leaf for _, leaf in rows]

    def hashes(self, conn: Connection, level: int, positions: range) -> list[bytes]:
        """Read the hashes of neighbouring complete subtrees of one level. Raises: LogRangeError, LogCorruptError."""
        read = self._reader(conn, {(level, position) for position in positions})
        return [read(level, position) for position in positions]

    def recompute(self, conn: Connection) -> list[Finding]:
        """Compare leaves, nodes and head with each other and name every row that does not fit."""
        return audit_tree(conn, self._tables)

    def _store(self, conn: Connection, first: int, leaves: Sequence[bytes]) -> None:
        nodes = list(_new_nodes(self._peaks(conn, first), first, leaves))
        try:
            rows = [{"position": at, "leaf": leaf} for at, leaf in enumerate(leaves, first)]
            self._add_leaves.run_each(conn, rows)
            self._add_nodes.run_each(conn, nodes)
        except IntegrityError as error:
            raise LogCorruptError("rows are stored beyond the log's head: run the audit") from error

    def _peaks(self, conn: Connection, size: int) -> list[tuple[int, bytes]]:
        wanted = list(cover(0, size))
        read = self._reader(conn, wanted)
        return [(level, read(level, position)) for level, position in wanted]

    def _resolve(self, conn: Connection, plans: Sequence[Plan], *, size: int) -> list[list[bytes]]:
        spans = {span for plan in plans for span in plan}
        # the last leaf is read too: some proofs for a size not reached need only nodes that are there
        last = {(0, size - 1)} if size else set()
        read = self._reader(conn, last.union(*(cover(*span) for span in spans)))
        hashes = {span: span_hash(read, span) for span in spans}
        return [[hashes[span] for span in plan] for plan in plans]

    def _reader(self, conn: Connection, wanted: Collection[NodeAddress]) -> NodeReader:
        keys = sorted(node_address(level, position) for level, position in wanted)
        stored: dict[int, bytes] = dict(self._nodes.rows(conn, keys))
        if len(stored) < len(keys):
            if max((position + 1) << level for level, position in wanted) > self.size(conn):
                raise LogRangeError("no such position or size in this log: stay within its head")
            missing = next(key for key in keys if key not in stored)
            raise LogCorruptError(f"log_node address={missing} is missing: run the audit")
        return lambda level, position: stored[node_address(level, position)]


def _present(head: Row | None) -> int:
    if head is None:
        raise LogCorruptError("the log has no head row: initialise a new log, or audit an old one")
    return int(head[0])


def _new_nodes(
    peaks: list[tuple[int, bytes]], first: int, leaves: Sequence[bytes]
) -> Iterator[dict[str, object]]:
    """Yield the complete subtrees that the new leaves complete, lowest first; ``peaks`` are those before."""
    for position, leaf in enumerate(leaves, first):
        level, value = 0, leaf_hash(leaf)
        yield {"address": node_address(level, position), "hash": value}
        while peaks and peaks[-1][0] == level:
            value = node_hash(peaks.pop()[1], value)
            level += 1
            yield {"address": node_address(level, position >> level), "hash": value}
        peaks.append((level, value))
