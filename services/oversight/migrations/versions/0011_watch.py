"""Cases of suspicious use."""

import sqlalchemy as sa
from alembic import op

revision = "0011_watch"
down_revision = "0010_emergencies"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "use_case",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("reviewed", sa.String(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_use_case_reviewed", "use_case", ["reviewed"])
