"""The copied databases of the tests are what the migrations make."""

from pathlib import Path

import pytest
from support.migrated import migrated_once

from services import identity, medical, oversight, registry
from services.kit.database import Database, DataVersionError

BODIES = [Path(str(each.__file__)).parent / "migrations" for each in (identity, medical, oversight, registry)]
HELD = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"


def held(folder: Path, name: str, scripts: Path) -> tuple[object, ...]:
    database = Database(f"sqlite:///{folder / name}")
    database.migrate(scripts)
    with database.read() as conn:
        found = tuple(
            tuple(conn.exec_driver_sql(each).all())
            for each in (HELD, "SELECT version_num FROM alembic_version", "PRAGMA journal_mode")
        )
    database.dispose()
    return found


@pytest.mark.parametrize("scripts", BODIES, ids=lambda scripts: scripts.parent.name)
def test_copy_holds_what_the_migrations_made(scripts: Path, tmp_path: Path) -> None:
    with migrated_once():
        made = held(tmp_path, "made", scripts)
        assert held(tmp_path, "copied", scripts) == made
    assert made[1:] != ((), ())
    assert made[2] == (("wal",),)


def test_database_of_another_version_is_refused_as_ever(tmp_path: Path) -> None:
    with migrated_once():
        held(tmp_path, "made", BODIES[0])
        with pytest.raises(DataVersionError):
            held(tmp_path, "made", BODIES[1])
