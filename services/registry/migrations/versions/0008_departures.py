"""Former entries outlive the entry of who moved away or died."""

import sqlalchemy as sa
from alembic import op

revision = "0008_departures"
down_revision = "0007_directive_uses"

OLD, NEW = "resident_history", "resident_history_kept"
COLUMNS = "id, pseudonym, until, items, reason, due"


def upgrade() -> None:
    """Take away that a former entry needs a present one."""
    if op.get_bind().dialect.name != "sqlite":
        op.drop_constraint(f"{OLD}_pseudonym_fkey", OLD, type_="foreignkey")
        return
    op.create_table(
        NEW,
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("until", sa.String(), nullable=False),
        sa.Column("items", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("due", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO {NEW} ({COLUMNS}) SELECT {COLUMNS} FROM {OLD}")  # noqa: S608 - names of ours
    op.drop_table(OLD)
    op.rename_table(NEW, OLD)
    for column in ("pseudonym", "due"):
        op.create_index(op.f(f"ix_{OLD}_{column}"), OLD, [column], unique=False)
