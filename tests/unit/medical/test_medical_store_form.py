"""What the medical centre stores, and in which form."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from support.medical_world import World

from services.medical.tables import metadata


def test_migrations_make_exactly_the_declared_tables(tmp_path: Path) -> None:
    world = World(tmp_path)
    with world.context.database.read() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []


def test_every_column_says_why_it_is_clear_or_what_is_sealed() -> None:
    undeclared = [
        f"{table.name}.{column.name}"
        for table in metadata.sorted_tables
        for column in table.columns
        if column.info.get("stored") not in ("clear", "sealed") or not column.info.get("why")
    ]
    assert undeclared == []
