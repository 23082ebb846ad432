"""What the body saw of the other bodies' logs, and contradictions in them."""

import sqlalchemy as sa
from alembic import op

revision = "0004_log_views"
down_revision = "0003_histories"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "log_view",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("origin"),
    )
    op.create_table(
        "log_contradiction",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("one", sa.String(), nullable=False),
        sa.Column("other", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
