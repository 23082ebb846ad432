"""Alembic's entry."""

from services.kit.migrating import run
from services.product_safety.tables import metadata

run(metadata)
