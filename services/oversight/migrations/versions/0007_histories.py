"""How many entries each person has, the roll that counts them, and the parts of bulk entries."""

import sqlalchemy as sa
from alembic import op

revision = "0007_histories"
down_revision = "0006_directive_uses"


def upgrade() -> None:
    """Make the tables; the histories of entries that are there are counted when the body opens."""
    op.create_table(
        "journal_part",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("opening", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", "slot"),
        sa.UniqueConstraint("person"),
    )
    op.create_table(
        "journal_history",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "journal_roll_node",
        sa.Column(
            "address",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_table(
        "journal_roll",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
