"""Unmasking of staff."""

import sqlalchemy as sa
from alembic import op

revision = "0014_staff_unmasking"
down_revision = "0013_wards"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "unmasking",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("pseudonym", "entry", name="unmasking_once_for_an_entry"),
    )
