"""A small RFC 6962 tree whose leaves may change: the roll of histories, and the parts of one bulk entry."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, Table, select

from services.kit.log.errors import LogCorruptError
from services.kit.log.merkle import (
    NodeAddress,
    Plan,
    cover,
    node_hash,
    plan_inclusion,
    plan_root,
)
from services.kit.log.small_tree import hashes_of, levels_of
from services.kit.log.tables import node_address, put
from services.kit.prepared import PreparedIn


class RowTree:
    """The tree in a table of (address, hash), within the caller's transaction."""

    def __init__(self, nodes: Table) -> None:
        self._table = nodes
        self._nodes = PreparedIn(
            lambda addresses: select(nodes.c.address, nodes.c.hash).where(nodes.c.address.in_(addresses))
        )

    def change(self, conn: Connection, leaves: Mapping[int, bytes], *, size: int) -> None:
        """Put leaf hashes into a tree that has `size` leaves from now on; new leaves follow the old ones."""
        wanted = {place for at in leaves for place in _siblings(at, size)}
        stored = self._read(conn, wanted)
        level, current = 0, dict(leaves)
        changed: dict[NodeAddress, bytes] = {}
        while current:
            changed |= {(level, at): value for at, value in current.items()}
            above: dict[int, bytes] = {}
            for at in {each >> 1 for each in current}:
                if (at + 1) << level + 1 <= size:
                    pair = [current.get(each) or _kept(stored, level, each) for each in (2 * at, 2 * at + 1)]
                    above[at] = node_hash(*pair)
            level, current = level + 1, above
        put(
            conn,
            self._table,
            [{"address": node_address(*at), "hash": value} for at, value in sorted(changed.items())],
        )

    def root(self, conn: Connection, size: int) -> bytes:
        """Return the root. Raises: LogCorruptError."""
        return self._resolve(conn, plan_root(size))[0]

    def inclusion(self, conn: Connection, row: int, size: int) -> list[bytes]:
        """Prove one leaf. Raises: LogCorruptError, LogRangeError."""
        return self._resolve(conn, plan_inclusion(row, size))

    def differing(self, conn: Connection, hashes: Sequence[bytes]) -> int:
        """Count the stored nodes that are missing, changed or too many for these leaf hashes."""
        right = {
            node_address(level, at): value
            for level, row in enumerate(levels_of(hashes))
            for at, value in enumerate(row)
        }
        nodes = self._table.c
        stored = {address: bytes(value) for address, value in conn.execute(select(nodes.address, nodes.hash))}
        return sum(stored.get(key) != right.get(key) for key in stored.keys() | right.keys())

    def _resolve(self, conn: Connection, plan: Plan) -> list[bytes]:
        stored = self._read(conn, {place for span in plan for place in cover(*span)})
        return hashes_of(lambda level, at: _kept(stored, level, at), plan)

    def _read(self, conn: Connection, wanted: Collection[NodeAddress]) -> dict[int, bytes]:
        keys = sorted(node_address(*each) for each in wanted)
        return dict(self._nodes.rows(conn, keys))


def _siblings(at: int, size: int) -> list[NodeAddress]:
    """List the complete subtrees beside the way from a leaf upwards, as far as what is above them is complete."""
    found, level = [], 0
    while ((at >> 1) + 1) << level + 1 <= size:
        found.append((level, at ^ 1))
        at, level = at >> 1, level + 1
    return found


def _kept(stored: Mapping[int, bytes], level: int, at: int) -> bytes:
    try:
        return stored[node_address(level, at)]
    except KeyError:
        raise LogCorruptError(
            f"journal_roll_node address={node_address(level, at)} is missing: run the audit"
        ) from None
