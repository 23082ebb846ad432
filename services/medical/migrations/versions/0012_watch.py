"""Relationships, staff, habits and cases of suspicious use; what is in the log already is not looked at anew."""

import sqlalchemy as sa
from alembic import op

revision = "0012_watch"
down_revision = "0011_erased"


def upgrade() -> None:
    """Make the tables, and begin at the log's end."""
    op.create_table(
        "relationship",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("organisation", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("person", "organisation", "ends"):
        op.create_index(f"ix_relationship_{column}", "relationship", [column])
    op.create_table(
        "member_of_staff",
        sa.Column("operator", sa.LargeBinary(), nullable=False),
        sa.Column("organisation", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("operator"),
    )
    op.create_index("ix_member_of_staff_organisation", "member_of_staff", ["organisation"])
    op.create_table(
        "watched_person",
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("person"),
    )
    op.create_table(
        "reading_habits",
        sa.Column("operator", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("operator"),
    )
    op.create_table(
        "use_case",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("operator", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("operator", "state"):
        op.create_index(f"ix_use_case_{column}", "use_case", [column])
    op.create_table(
        "watched_up_to",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="watched_up_to_is_one_row"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.execute(
        "INSERT INTO watched_up_to (id, position) SELECT 1, COALESCE(MAX(position) + 1, 0) FROM log_leaf"
    )
