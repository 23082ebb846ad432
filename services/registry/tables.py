"""Tables of the resident registry. Rows lie in the order of pseudonyms and ids, which are random."""

from sqlalchemy import Column, ForeignKey, LargeBinary, MetaData, String, Table

from services.directives.tables import directive_tables
from services.kit.columns import clear, sealed
from services.kit.context import kit_tables

metadata = MetaData()
KIT = kit_tables(metadata)
DIRECTIVES = directive_tables(metadata)

resident = Table(
    "resident",
    metadata,
    Column("pseudonym", String, primary_key=True, info=clear("the registry's own pseudonym", person=True)),
    Column("name", LargeBinary, nullable=False, info=sealed("name")),
    Column("address", LargeBinary, nullable=False, info=sealed("address")),
    Column("sex", LargeBinary, nullable=False, info=sealed("sex")),
    Column("birth_date", LargeBinary, nullable=False, info=sealed("date of birth")),
    sqlite_with_rowid=False,
)

resident_history = Table(
    "resident_history",
    metadata,
    Column("id", String, primary_key=True, info=clear("random")),
    Column(
        "pseudonym",
        String,
        ForeignKey("resident.pseudonym"),
        nullable=False,
        index=True,
        info=clear("the registry's own pseudonym", person=True),
    ),
    Column(
        "until",
        String,
        nullable=False,
        info=clear("day of the change: tells which rows are due to be erased"),
    ),
    Column("items", LargeBinary, nullable=False, info=sealed("the four items as they were")),
    sqlite_with_rowid=False,
)
