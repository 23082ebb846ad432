"""The ledger's tables, for its own database or somebody else's metadata."""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)


@dataclass(frozen=True, slots=True)
class LedgerTables:
    """The four tables of a ledger.

    `head` has one row: how many releases there are and the last one's seal; it is locked for the length
    of a release. `release` has one row per release, `member` one per person and release, `value` one per
    person, release and sensitive column of an l-model. Persons and values are keyed hashes.
    """

    head: Table
    release: Table
    member: Table
    value: Table


def ledger_tables(metadata: MetaData) -> LedgerTables:
    """Add the ledger's tables to `metadata`; call it once per metadata."""
    return LedgerTables(
        head=Table(
            "ledger_head",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column("releases", Integer, nullable=False),
            Column("seal", LargeBinary(32), nullable=False),
        ),
        release=Table(
            "ledger_release",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False),
            Column("recipient", String, nullable=False, index=True),
            Column("promise", String, nullable=False),
            Column("members", LargeBinary(32), nullable=False),
            Column("seal", LargeBinary(32), nullable=False),
        ),
        member=Table(
            "ledger_member",
            metadata,
            Column("release", ForeignKey("ledger_release.id"), primary_key=True, autoincrement=False),
            Column("tag", LargeBinary(32), primary_key=True),
            Column("class", BigInteger, nullable=False),
        ),
        value=Table(
            "ledger_value",
            metadata,
            Column("release", ForeignKey("ledger_release.id"), primary_key=True, autoincrement=False),
            Column("column", String, primary_key=True),
            Column("tag", LargeBinary(32), primary_key=True),
            Column("value", BigInteger, nullable=False),
        ),
    )
