"""Tables of the anonymiser. `log_index` names the journal entry that holds the digest of a row."""

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, MetaData, String, Table

from anonymize import LedgerTables, ReleaseLedger
from services.kit.columns import clear, sealed
from services.kit.context import kit_tables

metadata = MetaData()
KIT = kit_tables(metadata)

_LEDGER_COLUMNS: Final = {
    "ledger_head.id": clear("there is one row"),
    "ledger_head.entries": clear("count of entries, shows when one was taken out"),
    "ledger_head.seal": clear("keyed hash over the last entry"),
    "ledger_entry.id": clear("number of an entry"),
    "ledger_entry.kind": clear("release, charged refusal, withdrawal or return"),
    "ledger_entry.recipient": clear("organisation that holds the release or was refused it"),
    "ledger_entry.promise": clear("the k and l that were promised"),
    "ledger_entry.digest": clear("hash of the encrypted content"),
    "ledger_entry.seal": clear("keyed hash over the row and the one before"),
    "ledger_content.entry": clear("number of an entry"),
    "ledger_content.sealed": sealed("who was in which class, or why it was refused"),
}


def _ledger_tables() -> LedgerTables:
    tables = ReleaseLedger.tables(metadata)
    for table in (tables.head, tables.entry, tables.content):
        for column in table.columns:
            column.info.update(_LEDGER_COLUMNS[f"{table.name}.{column.name}"])
    return tables


LEDGER = _ledger_tables()


def _log_index() -> Column[int]:
    return Column("log_index", BigInteger, nullable=False, info=clear("journal entry that wrote the row"))


job = Table(
    "job",
    metadata,
    Column("id", String, primary_key=True, info=clear("random id, known to the researcher")),
    Column("recipient", String, nullable=False, info=clear("organisation that asked")),
    Column("operator", String, nullable=False, info=clear("researcher who asked")),
    Column("request", String, nullable=False, info=clear("the table that was asked for; names nobody")),
    Column("status", String, nullable=False, info=clear("released or refused")),
    Column("refusal", String, nullable=False, info=clear("why nothing was released: codes, no counts")),
    Column("decided_at", BigInteger, nullable=False, info=clear("when it was decided")),
    _log_index(),
)

release = Table(
    "release",
    metadata,
    Column("id", String, primary_key=True, info=clear("random id, known to the recipient")),
    Column(
        "ledger",
        ForeignKey("ledger_entry.id"),
        unique=True,
        nullable=False,
        info=clear("its number in the release ledger"),
    ),
    Column("job", ForeignKey("job.id"), nullable=False, info=clear("the job that made it")),
    Column("recipient", String, nullable=False, info=clear("organisation that may fetch it")),
    Column("summary", String, nullable=False, info=clear("its counts, columns and digest")),
    Column("content", LargeBinary, nullable=False, info=sealed("the released table")),
    _log_index(),
)
