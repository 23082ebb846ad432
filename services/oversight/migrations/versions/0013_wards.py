"""How far people act alone, and by which keys others sign for them."""

import sqlalchemy as sa
from alembic import op

revision = "0013_wards"
down_revision = "0012_wrong_fragments"


def upgrade() -> None:
    """Make the table; everybody of before acts alone."""
    op.create_table(
        "ward",
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_ward_waiting", "ward", ["waiting"])
