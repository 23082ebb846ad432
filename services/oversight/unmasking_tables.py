"""The table of unmaskings; what a query needs is in the clear and again, against editing, in the sealed content."""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table, UniqueConstraint

from services.kit.columns import clear, sealed


def unmasking_table(metadata: MetaData) -> Table:
    """Define the table on the body's metadata."""
    return Table(
        "unmasking",
        metadata,
        Column("id", String, primary_key=True, info=clear("random")),
        Column(
            "pseudonym", String, nullable=False, info=clear("who asked, by this body's own name", person=True)
        ),
        Column("entry", LargeBinary, nullable=False, info=sealed("which entry of a log, to be found again")),
        Column("state", String, nullable=False, info=clear("where it stands")),
        Column("asked", BigInteger, nullable=False, info=clear("when it was asked for")),
        Column("content", LargeBinary, nullable=False, info=sealed("the entry, the reason, and who it was")),
        UniqueConstraint("pseudonym", "entry", name="unmasking_once_for_an_entry"),
    )
