"""Personal numbers that are given up, and changes of sector keys."""

import sqlalchemy as sa
from alembic import op

revision = "0003_numbers_and_sectors"
down_revision = "0002_names_of_people"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "retired_number",
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sector",
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("coming", sa.Integer(), nullable=True),
        sa.Column("leaving", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("body"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sector_queue",
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.pseudonym"]),
        sa.PrimaryKeyConstraint("body", "person"),
        sqlite_with_rowid=False,
    )
