"""Alembic's entry."""

from services.identity.tables import metadata
from services.kit.migrating import run

run(metadata)
