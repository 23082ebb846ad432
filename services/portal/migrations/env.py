"""Alembic's entry."""

from services.kit.migrating import run
from services.portal.tables import metadata

run(metadata)
