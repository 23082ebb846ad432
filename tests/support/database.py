"""A database of its own for one test: SQLite always, PostgreSQL where a server is named."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import MetaData, create_engine, make_url, text

from services.kit.database import Database

SERVER = "SEKISHO_TEST_POSTGRESQL"
BODIES = "SEKISHO_TEST_BODIES"
DATABASES = ("sqlite", "postgresql")


def bodies_on() -> str:
    """Return on which kind of database the tests' own bodies run unless a test says it: `SEKISHO_TEST_BODIES`."""
    return os.environ.get(BODIES, "sqlite")


def database_url(kind: str) -> str:
    """Return the URL of a new database; empty stands for SQLite in the body's folder."""
    if kind == "sqlite":
        return ""
    if SERVER not in os.environ:
        pytest.skip(f"set {SERVER} to the URL of a PostgreSQL server (postgresql+psycopg://...) to run this")
    server = make_url(os.environ[SERVER])
    name = f"sekisho_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@contextmanager
def tables_made(kind: str, folder: Path, metadata: MetaData) -> Iterator[Database]:
    """Open a new database with these tables."""
    database = Database(database_url(kind) or f"sqlite:///{folder / 'things.db'}")
    metadata.create_all(database.engine)
    yield database
    database.dispose()
