"""The log on an SQLite file as the bodies use it: one transaction on disk (WAL, synchronous=FULL) for each append.

Called are, for appending: SHA-256 of each leaf and of each node that it completes; for a proof, which is looked up
and not computed: SHA-256 along the proof, as whoever verifies it does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from sqlalchemy import MetaData

from benchmarks.measuring import Item
from services.kit.database import Database
from services.kit.log.merkle import leaf_hash, root_from_leaves, verify_inclusion
from services.kit.log.tables import log_tables
from services.kit.log.tree import LogTree

BATCH: Final = 100
LEAF_BYTES: Final = 64
FILLED: Final = 10_000


@contextmanager
def log_items(folder: Path) -> Iterator[list[Item]]:
    """Make a log with some history in `folder` and yield what is measured of it."""
    metadata = MetaData()
    tree = LogTree(log_tables(metadata))
    database = Database(f"sqlite:///{folder / 'log.sqlite'}")
    try:
        metadata.create_all(database.engine)
        with database.write() as conn:
            tree.initialise(conn)
            tree.append(conn, [_leaf(number) for number in range(FILLED)])
        yield [
            item
            for number in (1, BATCH)
            for item in (_append(tree, database, number), _prove(tree, database, number))
        ]
    finally:
        database.dispose()


def _append(tree: LogTree, database: Database, number: int) -> Item:
    fresh = count(FILLED)

    def append() -> None:
        leaves = [_leaf(next(fresh)) for _ in range(number)]
        with database.write() as conn:
            tree.append(conn, leaves)

    leaves = [_leaf(each) for each in range(number)]
    return Item(_name("append", number), "entry", number, append, lambda: root_from_leaves(leaves))


def _prove(tree: LogTree, database: Database, number: int) -> Item:
    indexes = [each * (FILLED // number) for each in range(number)]

    def prove() -> list[list[bytes]]:
        with database.read() as conn:
            return tree.inclusions(conn, indexes, FILLED)

    with database.read() as conn:
        root = tree.roots(conn, [FILLED])[0]
    proofs = prove()

    def verify() -> None:
        for index, proof in zip(indexes, proofs, strict=True):
            verify_inclusion(
                leaf_hash=leaf_hash(_leaf(index)), index=index, size=FILLED, proof=proof, root=root
            )

    return Item(_name("prove", number), "entry", number, prove, verify)


def _name(what: str, number: int) -> str:
    return f"{what} one log entry" if number == 1 else f"{what} {number} log entries"


def _leaf(number: int) -> bytes:
    return number.to_bytes(LEAF_BYTES)
