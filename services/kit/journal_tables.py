"""The tables of a journal, made on a body's metadata so that its migrations own them."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, Table

from services.kit.columns import clear, sealed
from services.kit.log.tables import KEY, LogTables, log_tables


@dataclass(frozen=True, slots=True)
class HistoryTables:
    """How many entries everybody has: one row for each person, the tree over them, and when it was counted."""

    state: Table
    node: Table
    roll: Table


@dataclass(frozen=True, slots=True)
class JournalTables:
    """The log's tables, the sealed events that its leaves commit to, and what each person's history is."""

    log: LogTables
    entry: Table
    part: Table
    history: HistoryTables


def journal_tables(metadata: MetaData) -> JournalTables:
    """Define the journal on `metadata`; call once for each metadata."""
    log = log_tables(metadata)
    for table in (log.node, log.leaf, log.head, log.checkpoint, log.witnessed):
        for column in table.columns:
            column.info.update(clear("the log can be published: hashes, positions and signed tree heads"))
    return JournalTables(log, _entry(metadata), _part(metadata), _history(metadata))


def _entry(metadata: MetaData) -> Table:
    return Table(
        "journal_entry",
        metadata,
        Column(
            "position", BigInteger, primary_key=True, autoincrement=False, info=clear("position of the leaf")
        ),
        Column(
            "person", LargeBinary, unique=True, info=sealed("whose it is and the how-many-th, for look-up")
        ),
        Column("opening", LargeBinary, nullable=False, info=sealed("the event and its salt")),
    )


def _part(metadata: MetaData) -> Table:
    place = clear("position of the bulk entry's leaf, and the part's place, which is by chance")
    return Table(
        "journal_part",
        metadata,
        Column("position", BigInteger, primary_key=True, autoincrement=False, info=place),
        Column("slot", Integer, primary_key=True, autoincrement=False, info=place),
        Column(
            "person",
            LargeBinary,
            nullable=False,
            unique=True,
            info=sealed("whose it is and the how-many-th, for look-up"),
        ),
        Column("leaf", LargeBinary, nullable=False, info=clear("salted commitment of the event")),
        Column("opening", LargeBinary, nullable=False, info=sealed("the event and its salt")),
    )


def _history(metadata: MetaData) -> HistoryTables:
    count = clear("how many histories were counted, and where the log says so")
    node = clear("salted digests, of which one tells a person that their history is whole")
    return HistoryTables(
        state=Table(
            "journal_history",
            metadata,
            Column("id", LargeBinary, primary_key=True, info=sealed("whose history, for look-up")),
            Column("state", LargeBinary, nullable=False, info=sealed("number and digest of the entries")),
            sqlite_with_rowid=False,
        ),
        node=Table(
            "journal_roll_node",
            metadata,
            Column("address", KEY, primary_key=True, autoincrement=False, info=node),
            Column("hash", LargeBinary(32), nullable=False, info=node),
        ),
        roll=Table(
            "journal_roll",
            metadata,
            Column("position", BigInteger, primary_key=True, autoincrement=False, info=count),
            Column("rows", BigInteger, nullable=False, info=count),
        ),
    )
