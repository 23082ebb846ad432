"""The table of proposals, made on the body's own metadata so that its migrations own it."""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table

from services.kit.columns import clear, sealed


def proposal_table(metadata: MetaData) -> Table:
    """Define the table on `metadata`; call once, in the body's `tables.py`."""
    return Table(
        "proposal",
        metadata,
        Column("id", String, primary_key=True, info=clear("random")),
        Column(
            "organisation",
            String,
            nullable=False,
            index=True,
            info=clear("public: whose supervisors proposed it"),
        ),
        Column("state", String, nullable=False, info=clear("which are still to be decided")),
        Column("expires", BigInteger, nullable=False, info=clear("until when it can be approved")),
        Column(
            "content",
            LargeBinary,
            nullable=False,
            info=sealed("what is proposed, about whom, by whom, its preview, what came of it"),
        ),
    )
