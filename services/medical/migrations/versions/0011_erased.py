"""Records that their person had erased."""

import sqlalchemy as sa
from alembic import op

revision = "0011_erased"
down_revision = "0010_directive_index"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "erased_document",
        sa.Column("bundle", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bundle", "id"),
    )
    op.create_index(op.f("ix_erased_document_person"), "erased_document", ["person"], unique=False)
