"""The table of parts, on the body's own metadata. No row says when it came, and no id is another body's (LN1)."""

from sqlalchemy import Column, LargeBinary, MetaData, String, Table

from services.kit.columns import clear, sealed


def recovery_table(metadata: MetaData) -> Table:
    """Define the table; call once, in the body's `tables.py`."""
    return Table(
        "recovery_part",
        metadata,
        Column("pseudonym", String, primary_key=True, info=clear("whose wallet it is", person=True)),
        Column("id", String, primary_key=True, info=clear("random; no other body's part has it")),
        Column("part", LargeBinary, nullable=False, info=sealed("a share, or the sealed seed")),
        Column("paper_digest", LargeBinary, nullable=False, info=sealed("SHA-256 of the paper's proof")),
        sqlite_with_rowid=False,
    )
