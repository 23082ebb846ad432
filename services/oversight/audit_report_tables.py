"""The table of audit reports that were handed in."""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table

from services.kit.columns import clear, sealed


def audit_report_table(metadata: MetaData) -> Table:
    """Return the table."""
    return Table(
        "audit_report",
        metadata,
        Column("id", String, primary_key=True, info=clear("random")),
        Column(
            "number", BigInteger, nullable=False, unique=True, info=clear("the order of reports; shown in it")
        ),
        Column("content", LargeBinary, nullable=False, info=sealed("the signed report and its receipt")),
    )
