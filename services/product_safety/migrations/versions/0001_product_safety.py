"""All tables of the product safety centre."""

import sqlalchemy as sa
from alembic import op

revision = "0001_product_safety"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "journal_entry",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person", sa.LargeBinary(), nullable=True),
        sa.Column("opening", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("person"),
    )
    op.create_table(
        "log_checkpoint",
        sa.Column(
            "size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("cosigned_note", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.create_table(
        "log_head",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name="log_head_is_one_row"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "log_leaf",
        sa.Column(
            "position",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position"),
    )
    op.create_table(
        "log_node",
        sa.Column(
            "address",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("address"),
    )
    op.create_table(
        "product",
        sa.Column("gtin", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("serial_rank", sa.String(), nullable=True),
        sa.Column("lot", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gtin", "serial"),
        sqlite_with_rowid=False,
    )
    op.create_index("product_by_rank", "product", ["gtin", "serial_rank"], unique=False)
    op.create_table(
        "recall",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("maker", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("gtin", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("listed", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("maker", "number", "gtin", name="one_recall_of_a_number"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_recall_gtin"), "recall", ["gtin"], unique=False)
    op.create_table(
        "trade_item",
        sa.Column("gtin", sa.String(), nullable=False),
        sa.Column("maker", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("gtin"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "used_once",
        sa.Column("id", sa.LargeBinary(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_used_once_expires"), "used_once", ["expires"], unique=False)
    op.create_table(
        "witnessed_log",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("origin"),
    )
    op.create_table(
        "ownership",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("gtin", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("seller", sa.String(), nullable=False),
        sa.Column("purchased_at", sa.BigInteger(), nullable=False),
        sa.Column("disclosure", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["gtin", "serial"],
            ["product.gtin", "product.serial"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_ownership_person"), "ownership", ["person"], unique=False)
    op.create_index(
        "one_present_owner",
        "ownership",
        ["gtin", "serial"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ownership_by_product", "ownership", ["gtin", "serial"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("recall", sa.String(), nullable=False),
        sa.Column("ownership", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.BigInteger(), nullable=True),
        sa.Column("log_index", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ownership"],
            ["ownership.id"],
        ),
        sa.ForeignKeyConstraint(
            ["recall"],
            ["recall.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("recall", "ownership", name="one_notice_per_owner"),
        sqlite_with_rowid=False,
    )
    op.create_index("notice_by_ownership", "notice", ["ownership"], unique=False)
    op.create_table(
        "recall_queue",
        sa.Column("recall", sa.String(), nullable=False),
        sa.Column("ownership", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ownership"],
            ["ownership.id"],
        ),
        sa.ForeignKeyConstraint(
            ["recall"],
            ["recall.id"],
        ),
        sa.PrimaryKeyConstraint("recall", "ownership"),
        sqlite_with_rowid=False,
    )
