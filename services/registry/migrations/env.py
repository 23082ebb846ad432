"""Alembic's entry."""

from services.kit.migrating import run
from services.registry.tables import metadata

run(metadata)
