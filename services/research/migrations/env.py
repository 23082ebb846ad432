"""Alembic's entry."""

from services.kit.migrating import run
from services.research.tables import metadata

run(metadata)
