"""Large documents: their segments are blobs beside the database."""

import sqlalchemy as sa
from alembic import op

revision = "0006_streams"
down_revision = "0005_directive_uses"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "upload",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation", sa.LargeBinary(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("organisation", "began", "digest"):
        op.create_index(op.f(f"ix_upload_{column}"), "upload", [column], unique=False)
    op.create_table(
        "upload_segment",
        sa.Column("upload", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("blob", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["upload"], ["upload.id"]),
        sa.PrimaryKeyConstraint("upload", "number"),
    )
    op.create_index(op.f("ix_upload_segment_blob"), "upload_segment", ["blob"], unique=False)
    op.create_table(
        "stream",
        sa.Column("upload", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["upload"], ["upload.id"]),
        sa.PrimaryKeyConstraint("upload"),
    )
    for column in ("person", "document"):
        op.create_index(op.f(f"ix_stream_{column}"), "stream", [column], unique=False)
