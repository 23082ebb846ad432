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
    "ledger_head.releases": clear("count of releases, shows when one was taken out"),
    "ledger_head.seal": clear("keyed hash over the last release"),
    "ledger_release.id": clear("number of a release"),
    "ledger_release.recipient": clear("organisation that holds it"),
    "ledger_release.promise": clear("the k and l that were promised"),
    "ledger_release.members": clear("keyed hash over who was in it"),
    "ledger_release.seal": clear("keyed hash over the row and the one before"),
    "ledger_member.release": clear("number of a release"),
    "ledger_member.tag": clear("keyed hash of the wallet's thumbprint; finds a person again", person=True),
    "ledger_member.class": clear("opaque number of a class, drawn anew for each release"),
    "ledger_value.release": clear("number of a release"),
    "ledger_value.column": clear("name of a column of the release"),
    "ledger_value.tag": clear("keyed hash of the wallet's thumbprint; finds a person again", person=True),
    "ledger_value.value": clear("keyed hash of a value, for counting distinct ones"),
}


def _ledger_tables() -> LedgerTables:
    tables = ReleaseLedger.tables(metadata)
    for table in (tables.head, tables.release, tables.member, tables.value):
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
    Column("refusal", String, nullable=False, info=clear("why nothing was released: counts and codes")),
    Column("decided_at", BigInteger, nullable=False, info=clear("when it was decided")),
    _log_index(),
)

release = Table(
    "release",
    metadata,
    Column("id", String, primary_key=True, info=clear("random id, known to the recipient")),
    Column(
        "ledger",
        ForeignKey("ledger_release.id"),
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
