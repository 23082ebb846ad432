"""Live access tokens, and the keys that sign them."""

import sqlalchemy as sa
from alembic import op

revision = "0005_tokens"
down_revision = "0004_card_life"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "live_token",
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ground", sa.LargeBinary(), nullable=False),
        sa.Column("session", sa.LargeBinary(), nullable=False),
        sa.Column("holder", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_live_token_expires"), "live_token", ["expires"], unique=False)
    op.create_index(op.f("ix_live_token_ground"), "live_token", ["ground"], unique=False)
    op.create_index(op.f("ix_live_token_session"), "live_token", ["session"], unique=False)
    op.create_table(
        "token_key",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("ends", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
    )
