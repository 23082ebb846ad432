"""One database per body: SQLite (WAL, FULL) embedded, PostgreSQL in production, the same transactions on both."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

MIGRATION_LOCK = (
    7_305_001  # any constant: the advisory lock that lets one PostgreSQL process migrate at a time
)
WRITE = "sekisho_write"


class DataVersionError(Exception):
    """The data folder was written by another version of Sekisho."""


class Database:
    """The engine of one body.

    Guarantees: `write` holds the only write lock on SQLite (BEGIN IMMEDIATE) and a transaction on PostgreSQL;
    it commits when the block ends and rolls back when it raises. An acknowledged commit is on disk.
    """

    def __init__(self, url: str) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        # hide_parameters: the text of an error must hold no value of a row
        self.engine = (
            _sqlite_engine(url) if self.is_sqlite else create_engine(url, pool_size=16, hide_parameters=True)
        )

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the transaction in which an effect and its log entry are written together."""
        with self.engine.connect() as opened:
            connection = opened.execution_options(**{WRITE: True})
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only view of one moment."""
        with self.engine.connect() as connection:
            connection.begin()
            yield connection
            connection.rollback()

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    def migrate(self, scripts: Path) -> None:
        """Bring an empty or older database to this version.

        Raises: DataVersionError when the database is of a version that this program does not know.
        """
        config = Config()
        config.set_main_option("script_location", str(scripts))
        known = ScriptDirectory.from_config(config)
        with self.write() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
            found = MigrationContext.configure(connection).get_current_revision()
            if found is not None and found not in {script.revision for script in known.walk_revisions()}:
                raise DataVersionError(
                    f"this data folder is of another version of Sekisho (database revision {found}); "
                    "start the version that wrote it, or use another folder"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _sqlite_engine(url: str) -> Engine:
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url,
        connect_args={"timeout": 30, "check_same_thread": False},
        pool_size=16,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, or SQLite's driver begins too late
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get(WRITE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
