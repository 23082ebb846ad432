"""Alembic's entry."""

from services.kit.migrating import run
from services.oversight.tables import metadata

run(metadata)
