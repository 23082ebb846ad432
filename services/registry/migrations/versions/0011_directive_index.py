"""Directives are found by person and recipient together, not among all that the person ever laid down."""

from alembic import op

revision = "0011_directive_index"
down_revision = "0010_log_views"


def upgrade() -> None:
    """Put the wider index in place of the one by person, whose searches it serves, too."""
    op.create_index("ix_directive_pseudonym_recipient", "directive", ["pseudonym", "recipient"], unique=False)
    op.drop_index(op.f("ix_directive_pseudonym"), table_name="directive")
