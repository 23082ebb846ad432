"""Tables of a log and of a witness, made on the caller's metadata so that its migrations own them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    literal_column,
)
from sqlalchemy.dialects import postgresql, sqlite

from services.kit.prepared import Prepared

# SQLite stores 64 bits under "INTEGER", and only under that name as the table's own order
KEY = BigInteger().with_variant(Integer(), "sqlite")


@dataclass(frozen=True, slots=True)
class LogTables:
    """The five tables; times are whole seconds since 1970 UTC.

    ``node`` holds the complete subtrees in one number line: leaf p at 2p, each parent between its two halves.
    """

    node: Table
    leaf: Table
    head: Table
    checkpoint: Table
    witnessed: Table


def log_tables(metadata: MetaData) -> LogTables:
    """Define the log's and the witness's tables on ``metadata``; call once for each metadata."""
    return LogTables(
        node=Table(
            "log_node",
            metadata,
            Column("address", KEY, primary_key=True, autoincrement=False),
            Column("hash", LargeBinary(32), nullable=False),
        ),
        leaf=Table(
            "log_leaf",
            metadata,
            Column("position", KEY, primary_key=True, autoincrement=False),
            Column("leaf", LargeBinary, nullable=False),
        ),
        head=Table(
            "log_head",
            metadata,
            Column("id", KEY, primary_key=True, autoincrement=False),
            Column("size", BigInteger, nullable=False),
            CheckConstraint("id = 1", name="log_head_is_one_row"),
        ),
        checkpoint=Table(
            "log_checkpoint",
            metadata,
            Column("size", KEY, primary_key=True, autoincrement=False),
            Column("note", String, nullable=False),
            Column("cosigned_note", String, nullable=True),
            Column("at", BigInteger, nullable=False),
        ),
        witnessed=Table(
            "witnessed_log",
            metadata,
            Column("origin", String, primary_key=True),
            Column("size", BigInteger, nullable=False),
            Column("root", LargeBinary(32), nullable=False),
            Column("note", String, nullable=False),
            Column("at", BigInteger, nullable=False),
        ),
    )


def node_address(level: int, position: int) -> int:
    """The key of a complete subtree: one number, and neighbours in the tree are neighbours on disk."""
    return (position << level + 1) + (1 << level) - 1


def insert_if_absent(conn: Connection, table: Table, values: Mapping[str, object]) -> bool:
    """Insert a row unless its key is there, and tell whether it was not.

    On PostgreSQL this waits for another writer of that key.
    """
    return _insert_if_absent(table, conn.dialect.name, tuple(values)).row(conn, values) is not None


@lru_cache(maxsize=64)
def _insert_if_absent(table: Table, dialect: str, columns: tuple[str, ...]) -> Prepared:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return Prepared(insert(table).on_conflict_do_nothing().returning(literal_column("1")), columns=columns)


def put(conn: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows, each in the place of the one that has its key."""
    if rows:
        _put(table, conn.dialect.name).run_each(conn, rows)


@lru_cache(maxsize=64)
def _put(table: Table, dialect: str) -> Prepared:
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)
    keys = [column.name for column in table.primary_key.columns]
    others = {column.name: insert.excluded[column.name] for column in table.c if column.name not in keys}
    return Prepared(insert.on_conflict_do_update(index_elements=keys, set_=others))
