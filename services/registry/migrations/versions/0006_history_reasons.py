"""Why a former entry ended, and on which day it is due to be erased."""

import sqlalchemy as sa
from alembic import op

revision = "0006_history_reasons"
down_revision = "0005_identification"


def upgrade() -> None:
    """Add the columns; entries of an earlier version have no reason, and are due five years after their day."""
    op.add_column("resident_history", sa.Column("reason", sa.LargeBinary(), nullable=True))
    op.add_column("resident_history", sa.Column("due", sa.String(), nullable=True))
    op.create_index(op.f("ix_resident_history_due"), "resident_history", ["due"], unique=False)
    op.execute(
        "UPDATE resident_history SET due = "
        "CAST(CAST(substr(until, 1, 4) AS INTEGER) + 5 AS VARCHAR(4)) || substr(until, 5)"
    )
