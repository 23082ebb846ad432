"""Links of patient numbers, and what finding people by name and birth date needs."""

import sqlalchemy as sa
from alembic import op

revision = "0009_patient_links"
down_revision = "0008_passkeys"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "patient_link",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=True),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("told", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("number"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_patient_link_holder"), "patient_link", ["holder"], unique=False)
    op.create_index(op.f("ix_patient_link_state"), "patient_link", ["state"], unique=False)
    op.create_table(
        "registry_handle",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identity_try",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_identity_try_day"), "identity_try", ["day"], unique=False)
