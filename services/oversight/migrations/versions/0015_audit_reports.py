"""Reports of auditors."""

import sqlalchemy as sa
from alembic import op

revision = "0015_audit_reports"
down_revision = "0014_staff_unmasking"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "audit_report",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
    )
