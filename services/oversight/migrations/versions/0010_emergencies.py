"""Emergencies, their answers and reviews."""

import sqlalchemy as sa
from alembic import op

revision = "0010_emergencies"
down_revision = "0009_directive_index"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "emergency",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("reviewed", sa.String(), nullable=True),
        sa.Column("token", sa.String(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("pseudonym", "asked", "token"):
        op.create_index(f"ix_emergency_{column}", "emergency", [column])
