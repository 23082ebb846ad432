"""Look-ups: the blind index, and how often each operator's card asked."""

import sqlalchemy as sa
from alembic import op

revision = "0003_look_ups"
down_revision = "0002_names_of_people"


def upgrade() -> None:
    """Make the tables; the index itself is filled when the registry starts, since its key is not in the database."""
    op.create_table(
        "look_up_entry",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", "person"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "look_up_index",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edition", sa.LargeBinary(), nullable=False),
        sa.Column("through", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "look_up_card",
        sa.Column("card", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("card"),
        sqlite_with_rowid=False,
    )
