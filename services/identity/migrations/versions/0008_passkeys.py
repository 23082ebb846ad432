"""Passkeys."""

import sqlalchemy as sa
from alembic import op

revision = "0008_passkeys"
down_revision = "0007_recovery"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "passkey",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.pseudonym"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_passkey_person"), "passkey", ["person"], unique=False)
