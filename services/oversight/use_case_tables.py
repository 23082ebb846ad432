"""The table of cases of suspicious use."""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table

from services.kit.columns import clear, sealed


def use_case_table(metadata: MetaData) -> Table:
    """Define the table on the body's metadata."""
    return Table(
        "use_case",
        metadata,
        Column("id", LargeBinary, primary_key=True, info=sealed("its name, for look-up")),
        Column("due", BigInteger, nullable=False, info=clear("by when it is decided")),
        Column("reviewed", String, index=True, info=clear("the oversight body's finding")),
        Column("content", LargeBinary, nullable=False, info=sealed("who, by which rules, how often")),
    )
