"""Reports of wrong capsule fragments."""

import sqlalchemy as sa
from alembic import op

revision = "0012_wrong_fragments"
down_revision = "0011_watch"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "wrong_fragment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("reported", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_wrong_fragment_reported", "wrong_fragment", ["reported"])
