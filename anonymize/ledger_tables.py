"""The ledger's tables, for its own database or somebody else's metadata."""

from dataclasses import dataclass

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table


@dataclass(frozen=True, slots=True)
class LedgerTables:
    """The three tables of a ledger.

    `head` has one row: how many entries there are and the last one's seal; it is locked for the length of a
    decision. `entry` has one row per release, refusal, withdrawal or return; `content` has what an entry says
    about persons, encrypted.
    """

    head: Table
    entry: Table
    content: Table


def ledger_tables(metadata: MetaData, *, prefix: str = "ledger") -> LedgerTables:
    """Add the ledger's tables to `metadata`; call it once per metadata and prefix."""
    return LedgerTables(
        head=Table(
            f"{prefix}_head",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column("entries", Integer, nullable=False),
            Column("seal", LargeBinary(32), nullable=False),
        ),
        entry=Table(
            f"{prefix}_entry",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column("kind", String, nullable=False),
            Column("recipient", String, nullable=False, index=True),
            Column("promise", String, nullable=False),
            Column("digest", LargeBinary(32), nullable=False),
            Column("seal", LargeBinary(32), nullable=False),
        ),
        content=Table(
            f"{prefix}_content",
            metadata,
            Column("entry", ForeignKey(f"{prefix}_entry.id"), primary_key=True, autoincrement=False),
            Column("sealed", LargeBinary, nullable=False),
        ),
    )
