"""What the migrations of a body make is what its code declares."""

from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from consent.vocabulary import Body
from services.kit.database import Database

SERVICES = Path(__file__).resolve().parents[2] / "services"


@pytest.mark.parametrize("body", Body)
def test_migrations_make_exactly_the_tables_that_are_declared(body: Body, tmp_path: Path) -> None:
    declared = import_module(f"services.{body.value}.tables").metadata
    database = Database(f"sqlite:///{tmp_path / 'body.db'}")
    database.migrate(SERVICES / body.value / "migrations")
    with database.read() as conn:
        assert declared.tables
        assert compare_metadata(MigrationContext.configure(conn), declared) == []
    database.dispose()
