"""The body's own names of people."""

import sqlalchemy as sa
from alembic import op

revision = "0002_names_of_people"
down_revision = "0001_oversight"


def upgrade() -> None:
    """Make the tables; the names in rows are adopted when the body opens."""
    op.create_table(
        "person_name",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_person_name_version"), "person_name", ["version"], unique=False)
    op.create_table(
        "person_name_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("retired", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name="person_name_version_is_one_row"),
        sa.PrimaryKeyConstraint("id"),
    )
