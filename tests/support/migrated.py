"""Databases of tests as copies of one that this process migrated: worlds make the same tables hundreds of times.

The first database of every body is made by its real migrations; so is each that holds something already, and
each on PostgreSQL. Processes of their own migrate for themselves.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import pytest
from sqlalchemy import Connection

from services.kit.database import Database


@contextmanager
def migrated_once() -> Iterator[None]:
    """Let an empty SQLite database be filled from the one that the same migrations made before."""
    migrate, made, one_by_one = Database.migrate, dict[Path, sqlite3.Connection](), Lock()

    def copy_or_migrate(database: Database, scripts: Path) -> None:
        if not database.is_sqlite or not _is_empty(database):
            migrate(database, scripts)
            return
        with one_by_one:
            if scripts in made:
                _copy(made[scripts], database)
            else:
                migrate(database, scripts)
                made[scripts] = _copied(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "migrate", copy_or_migrate)
        yield
    for each in made.values():
        each.close()


def _is_empty(database: Database) -> bool:
    with database.engine.connect() as opened:
        return opened.exec_driver_sql("SELECT 1 FROM sqlite_master").first() is None


def _copied(database: Database) -> sqlite3.Connection:
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    with database.engine.connect() as opened:
        _connection(opened).backup(kept)
    return kept


def _copy(made: sqlite3.Connection, database: Database) -> None:
    with database.engine.connect() as opened:
        made.backup(_connection(opened))


def _connection(opened: Connection) -> sqlite3.Connection:
    driver = opened.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
