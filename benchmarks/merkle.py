"""The log on an SQLite file as the bodies use it: one transaction on disk (WAL, synchronous=FULL) for each append.

Bare is, for appending: SHA-256 of each leaf and of each node that it completes, and one bare insert of the leaves into
a file with the same settings, committed; for a proof, which is looked up and not computed: SHA-256 along the proof, as
whoever verifies it does. Proofs are of a log with `filled` entries.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, insert

from benchmarks.measuring import Item
from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.kit.clock import system_clock
from services.kit.columns import ColumnCipher
from services.kit.database import Database
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import DatedEvent, Journal
from services.kit.journal_tables import JournalTables, journal_tables
from services.kit.log.merkle import leaf_hash, root_from_leaves, verify_inclusion
from services.kit.log.note import NoteSigner
from services.kit.log.tables import log_tables
from services.kit.log.tree import LogTree

BATCH: Final = 100
MANY: Final = 1000
LEAF_BYTES: Final = 64
FILLING: Final = 10_000
PER_SECOND: Final = 10_000
PROOF_MS: Final = 1.0

Bare = Callable[[Sequence[bytes]], None]


@contextmanager
def log_items(folder: Path, *, filled: int) -> Iterator[list[Item]]:
    """Make a log of `filled` entries and an empty journal in `folder`, and yield what is measured of them."""
    metadata, plain = MetaData(), MetaData()
    tree, tables = LogTree(log_tables(metadata)), journal_tables(plain)
    leaves = Table("leaf", plain, Column("id", Integer, primary_key=True), Column("leaf", LargeBinary))
    logged = Database(f"sqlite:///{folder / 'log.sqlite'}")
    kept = Database(f"sqlite:///{folder / 'journal.sqlite'}")
    try:
        metadata.create_all(logged.engine)
        plain.create_all(kept.engine)
        with logged.write() as conn:
            tree.initialise(conn)
            for start in range(0, filled, FILLING):
                tree.append(conn, [_leaf(number) for number in range(start, start + FILLING)])

        def bare(wanted: Sequence[bytes]) -> None:
            root_from_leaves(wanted)
            with kept.write() as conn:
                conn.execute(insert(leaves), [{"leaf": each} for each in wanted])

        tree_items = [
            item
            for number in (1, BATCH)
            for item in (
                _append(tree, logged, number, filled=filled, bare=bare),
                _prove(tree, logged, number, filled=filled),
            )
        ]
        yield [*tree_items, *_journal_items(_journal(kept, tables), kept, bare)]
    finally:
        logged.dispose()
        kept.dispose()


def _append(tree: LogTree, database: Database, number: int, *, filled: int, bare: Bare) -> Item:
    fresh = count(filled)

    def append() -> None:
        leaves = [_leaf(next(fresh)) for _ in range(number)]
        with database.write() as conn:
            tree.append(conn, leaves)

    leaves = [_leaf(each) for each in range(number)]
    return Item(
        _name("append", number), "entry", number, append, lambda: bare(leaves), median_aim=_aim(number)
    )


def _prove(tree: LogTree, database: Database, number: int, *, filled: int) -> Item:
    indexes = [each * (filled // number) for each in range(number)]

    def prove() -> list[list[bytes]]:
        with database.read() as conn:
            return tree.inclusions(conn, indexes, filled)

    with database.read() as conn:
        root = tree.roots(conn, [filled])[0]
    proofs = prove()

    def verify() -> None:
        for index, proof in zip(indexes, proofs, strict=True):
            verify_inclusion(
                leaf_hash=leaf_hash(_leaf(index)), index=index, size=filled, proof=proof, root=root
            )

    aim = PROOF_MS * number
    return Item(_name("prove", number), "entry", number, prove, verify, median_aim=aim)


def _journal(database: Database, tables: JournalTables) -> Journal:
    journal = Journal(
        tables,
        body=Body.MEDICAL,
        signer=NoteSigner("sekisho/medical", Ed25519PrivateKey.generate()),
        cipher=ColumnCipher(bytes(32)),
        clock=system_clock,
        randomness=os.urandom,
    )
    with database.write() as conn:
        journal.initialise(conn)
    return journal


def _journal_items(journal: Journal, database: Database, bare: Bare) -> list[Item]:
    event = Event(kind=EventKind.NUMBER_LOOKED_UP, outcome=Outcome.DONE, organisation="city")
    people = [DatedEvent(Pseudonym(f"person {number}"), event) for number in range(MANY)]
    leaves = [_leaf(number) for number in range(MANY)]

    def each() -> None:
        with database.write() as conn:
            journal.record_all(conn, people[:BATCH])

    def bulk() -> None:
        with database.write() as conn:
            journal.record_bulk(conn, event, people)

    return [
        Item(
            f"record {BATCH} entries",
            "entry",
            BATCH,
            each,
            lambda: bare(leaves[:BATCH]),
            median_aim=_aim(BATCH),
        ),
        Item(
            f"record {MANY} parts",
            "part",
            MANY,
            bulk,
            lambda: bare(leaves),
            median_aim=_aim(MANY),
        ),
    ]


def _aim(number: int) -> float | None:
    """The milliseconds in which a batch is to be done; a single entry waits for the disk."""
    return None if number == 1 else 1000 * number / PER_SECOND


def _name(what: str, number: int) -> str:
    return f"{what} one log entry" if number == 1 else f"{what} {number} log entries"


def _leaf(number: int) -> bytes:
    return number.to_bytes(LEAF_BYTES)
