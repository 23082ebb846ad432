"""Parts of wallets, for recovering them."""

import sqlalchemy as sa
from alembic import op

revision = "0004_recovery"
down_revision = "0003_proposals"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "recovery_part",
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("part", sa.LargeBinary(), nullable=False),
        sa.Column("paper_digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", "id"),
        sqlite_with_rowid=False,
    )
