"""How many people's records an operator opened lately."""

import sqlalchemy as sa
from alembic import op

revision = "0013_watch_pace"
down_revision = "0012_watch"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "reading_pace",
        sa.Column("operator", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("operator"),
    )
