"""Deposits know their link; wrong links, and who is told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004_set_apart"
down_revision = "0003_recovery"


def upgrade() -> None:
    """Make the column and the tables; deposits of before belong to no link."""
    op.add_column("deposit", sa.Column("link", sa.LargeBinary(), nullable=True))
    op.create_index(op.f("ix_deposit_link"), "deposit", ["link"], unique=False)
    op.create_table(
        "cut_link",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "apart_notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("recipient", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_apart_notice_recipient"), "apart_notice", ["recipient"], unique=False)
