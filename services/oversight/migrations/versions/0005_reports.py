"""Reports that organisations hand in."""

import sqlalchemy as sa
from alembic import op

revision = "0005_reports"
down_revision = "0004_recovery"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "report",
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "report"),
    )
