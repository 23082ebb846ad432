"""Alembic's entry."""

from services.kit.migrating import run
from services.medical.tables import metadata

run(metadata)
