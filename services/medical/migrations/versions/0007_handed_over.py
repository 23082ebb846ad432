"""Headers of bundles that were handed over to another wallet key, and those that wait for it."""

import sqlalchemy as sa
from alembic import op

revision = "0007_handed_over"
down_revision = "0006_streams"


def upgrade() -> None:
    """Make the tables; nothing was handed over before."""
    op.create_table(
        "handed_over",
        sa.Column("bundle", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["bundle"], ["bundle.id"]),
        sa.PrimaryKeyConstraint("bundle"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "staged_header",
        sa.Column("bundle", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["bundle"], ["bundle.id"]),
        sa.PrimaryKeyConstraint("bundle"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_staged_header_person"), "staged_header", ["person"], unique=False)
