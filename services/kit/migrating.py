"""What every body's Alembic `env.py` does."""

from alembic import context
from sqlalchemy import MetaData


def run(target: MetaData) -> None:
    """Run the migrations on the connection that `Database.migrate` handed over."""
    context.configure(connection=context.config.attributes["connection"], target_metadata=target)
    with context.begin_transaction():
        context.run_migrations()
