"""Tables about the life of cards: standing, changes of PINs, retired keys, windows of tries."""

import sqlalchemy as sa
from alembic import op

revision = "0004_card_life"
down_revision = "0003_numbers_and_sectors"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "card_standing",
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("changed", sa.LargeBinary(), nullable=False),
        sa.Column("suspension_code", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["card"], ["card.id"]),
        sa.PrimaryKeyConstraint("card"),
        sa.UniqueConstraint("suspension_code"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pending_pin",
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("application", sa.String(), nullable=False),
        sa.Column("pin_verifier", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["card"], ["card.id"]),
        sa.PrimaryKeyConstraint("card", "application"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "retired_key",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("card", sa.String(), nullable=False),
        sa.Column("retired", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["card"], ["card.id"]),
        sa.PrimaryKeyConstraint("kid"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "try_window",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_try_window_expires"), "try_window", ["expires"], unique=False)
