"""The table of emergencies; what a query needs is in the clear and again, against editing, in the sealed content."""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table

from services.kit.columns import clear, sealed


def emergency_table(metadata: MetaData) -> Table:
    """Define the table on the body's metadata."""
    return Table(
        "emergency",
        metadata,
        Column("id", String, primary_key=True, info=clear("random")),
        Column(
            "pseudonym",
            String,
            nullable=False,
            index=True,
            info=clear("whom it is about, by this body's own name", person=True),
        ),
        Column("organisation", String, nullable=False, info=clear("public: which hospital asked")),
        Column("state", String, nullable=False, info=clear("where it stands")),
        Column("asked", BigInteger, nullable=False, index=True, info=clear("when it was asked for")),
        Column("ends", BigInteger, nullable=False, info=clear("when the answer is deleted")),
        Column("reviewed", String, info=clear("the oversight body's finding")),
        Column("token", String, index=True, info=clear("digest of a single-use token; stands for nobody")),
        Column("content", LargeBinary, nullable=False, info=sealed("all of it, and who signed what")),
        Column("answer", LargeBinary, info=sealed("the relay's answer, which only the hospital opens")),
    )
