"""Uses of directives that limit how often they are used."""

import sqlalchemy as sa
from alembic import op

revision = "0005_directive_uses"
down_revision = "0004_set_apart"


def upgrade() -> None:
    """Make the table; no directive of before limits its uses."""
    op.create_table(
        "directive_use",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("directive", sa.String(), nullable=False),
        sa.Column("used", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["directive"], ["directive.id"]),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_directive_use_directive"), "directive_use", ["directive"], unique=False)
