"""Look-up of residents by name and birth date, and the municipality's insurance."""

import sqlalchemy as sa
from alembic import op

revision = "0005_identification"
down_revision = "0004_proposals"


def upgrade() -> None:
    """Make the tables; residents who are there already are entered when the registry starts."""
    op.create_table(
        "resident_match",
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("handle", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["pseudonym"], ["resident.pseudonym"]),
        sa.PrimaryKeyConstraint("pseudonym"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_resident_match_key"), "resident_match", ["key"], unique=False)
    op.create_table(
        "insurance",
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("membership", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["pseudonym"], ["resident.pseudonym"]),
        sa.PrimaryKeyConstraint("pseudonym"),
        sqlite_with_rowid=False,
    )
