"""Who acts for whom, and how far people act alone."""

import sqlalchemy as sa
from alembic import op

revision = "0015_guardianships"
down_revision = "0014_wards"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "guardianship",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("ward", sa.LargeBinary(), nullable=False),
        sa.Column("guardian", sa.LargeBinary(), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    for column in ("ward", "guardian"):
        op.create_index(f"ix_guardianship_{column}", "guardianship", [column])
    op.create_table(
        "legal_state",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("waiting", sa.String(), nullable=False),
        sa.Column("aging", sa.Boolean(), nullable=False),
        sa.Column("looked", sa.String(), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    for column in ("waiting", "looked"):
        op.create_index(f"ix_legal_state_{column}", "legal_state", [column])
