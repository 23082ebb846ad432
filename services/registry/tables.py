"""Tables of the resident registry. Rows lie in the order of pseudonyms and ids, which are random."""

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, String, Table

from services.directives.tables import directive_tables
from services.kit.columns import clear, sealed
from services.kit.context import kit_tables
from services.kit.dual_control.tables import proposal_table

metadata = MetaData()
KIT = kit_tables(metadata)
PROPOSALS = proposal_table(metadata)
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
        nullable=False,
        index=True,
        info=clear("the registry's own pseudonym, also of who has departed", person=True),
    ),
    Column(
        "until",
        String,
        nullable=False,
        info=clear("day of the change: tells which rows are due to be erased"),
    ),
    Column("items", LargeBinary, nullable=False, info=sealed("the four items as they were")),
    Column("reason", LargeBinary, nullable=True, info=sealed("why they changed")),
    Column(
        "due",
        String,
        nullable=True,
        index=True,
        info=clear("day from which the row must be erased; null: somebody moved abroad, it is kept"),
    ),
    sqlite_with_rowid=False,
)

look_up_entry = Table(
    "look_up_entry",
    metadata,
    Column(
        "key",
        LargeBinary,
        primary_key=True,
        info=sealed("keyed hash of a question that finds the person, 16 bytes; equal for equal questions"),
    ),
    Column("person", LargeBinary, primary_key=True, info=sealed("whom it finds, another value in each row")),
    sqlite_with_rowid=False,
)

look_up_index = Table(
    "look_up_index",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False, info=clear("always 1")),
    Column(
        "edition", LargeBinary, nullable=False, info=clear("keyed hash of the spelling rules of the index")
    ),
    Column(
        "through",
        LargeBinary,
        nullable=True,
        info=sealed("the last pseudonym that is in the index; null when all are"),
    ),
)

look_up_card = Table(
    "look_up_card",
    metadata,
    Column("card", LargeBinary, primary_key=True, info=sealed("organisation and operator, for look-up")),
    Column(
        "state",
        LargeBinary,
        nullable=False,
        info=sealed("how often they asked lately, and since when stopped"),
    ),
    sqlite_with_rowid=False,
)

resident_match = Table(
    "resident_match",
    metadata,
    Column(
        "pseudonym",
        String,
        ForeignKey("resident.pseudonym"),
        primary_key=True,
        info=clear("the registry's own pseudonym", person=True),
    ),
    Column("key", LargeBinary, nullable=False, index=True, info=sealed("name and birth date, for look-up")),
    Column("handle", LargeBinary, info=sealed("how the ID centre finds the person again")),
    sqlite_with_rowid=False,
)

insurance = Table(
    "insurance",
    metadata,
    Column(
        "pseudonym",
        String,
        ForeignKey("resident.pseudonym"),
        primary_key=True,
        info=clear("the registry's own pseudonym", person=True),
    ),
    Column("membership", LargeBinary, nullable=False, info=sealed("insurer, symbol, number, days")),
    sqlite_with_rowid=False,
)
