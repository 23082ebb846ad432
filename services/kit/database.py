"""One database per body: SQLite (WAL, FULL) embedded, PostgreSQL in production, the same transactions on both."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from services.kit import put_off
from services.kit.prepared import begin_as
from services.kit.problems import BusyError, ConflictError, ProblemError, UnavailableError

MIGRATION_LOCK = (
    7_305_001  # any constant: the advisory lock that lets one PostgreSQL process migrate at a time
)
WRITE = "sekisho_write"
CONNECTIONS = 20
BUSY_SECONDS = 30
ONE_MOMENT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
TOOK_TURNS_WRONG = frozenset(
    {"40001", "40P01", "55P03"}
)  # the server ended one of those that hindered each other
DUPLICATE = "23505"
SQLITE_DUPLICATES = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
_LIGHTLY = text("SET LOCAL synchronous_commit TO OFF")
_TURN = text("SELECT pg_advisory_xact_lock(:turn)")
_SHARED_TURN = text("SELECT pg_advisory_xact_lock_shared(:turn)")


class DataVersionError(Exception):
    """The data folder was written by another version of Sekisho."""


class Database:
    """The engine of one body.

    Guarantees: `write` holds the only write lock on SQLite (BEGIN IMMEDIATE) and a transaction on PostgreSQL;
    it commits when the block ends and rolls back when it raises. An acknowledged commit is on disk. What the
    database refuses for the sake of others is a ProblemError (BusyError, ConflictError, UnavailableError).
    """

    def __init__(self, url: str, *, connections: int = CONNECTIONS) -> None:
        self.is_sqlite = make_url(url).get_backend_name() == "sqlite"
        make = _sqlite_engine if self.is_sqlite else _postgresql_engine
        self.engine = make(url, connections)
        self._light = _sqlite_engine(url, 1, synchronous="NORMAL") if self.is_sqlite else self.engine
        self._holding = self.engine if self.is_sqlite else make(url, connections)
        self._writing = threading.Lock()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open the transaction in which an effect and its log entry are written together.

        PostgreSQL: others write meanwhile. Who decides on what it read locks that row, or takes a turn, first.
        """
        with _told(), put_off.taken(self) as writes, self._turn(), _transaction(self.engine) as connection:
            for each in writes:
                each(connection)
            yield connection

    @contextmanager
    def write_lightly(self) -> Iterator[Connection]:
        """Open a transaction for what can be had again: its commit outlives this process, not a power cut."""
        with _told(), self._turn(), _transaction(self._light) as connection:
            if not self.is_sqlite:
                connection.execute(_LIGHTLY)
            yield connection

    def with_effect(self, write: Callable[[Connection], None]) -> None:
        """Write in the first transaction of this request if it may put that off, else at once in one of its own.

        Raises: what `write` raises, where it is done.
        """
        if not put_off.add(self, write):
            with self.write() as connection:
                write(connection)

    def settle(self) -> None:
        """Write what this request has put off, unless one of its transactions has."""
        with self.write():
            pass  # a transaction begins with it

    @contextmanager
    def holding(self) -> Iterator[Connection]:
        """Open a write transaction that is kept open while other transactions of the same request come and go.

        Guarantees: its connections are a pool of their own, so that nobody waits for a connection of those who
        wait for this very one.
        """
        with _told(), self._turn(), _transaction(self._holding) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read-only view of one moment."""
        with _told(), self.engine.connect() as opened:
            connection = opened if self.is_sqlite else opened.execution_options(**ONE_MOMENT)
            connection.begin()
            yield connection
            connection.rollback()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Let this process write one by one: SQLite would have all but one sleep, ever longer, and look again."""
        if not self.is_sqlite:
            yield
        elif self._writing.acquire(timeout=BUSY_SECONDS):
            try:
                yield
            finally:
                self._writing.release()
        else:
            raise BusyError

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()
        self._light.dispose()
        self._holding.dispose()

    def migrate(self, scripts: Path) -> None:
        """Bring an empty or older database to this version.

        Raises: DataVersionError when the database is of a version that this program does not know.
        """
        config = Config()
        config.set_main_option("script_location", str(scripts))
        known = ScriptDirectory.from_config(config)
        with _transaction(self.engine) as connection:
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


def take_turn(conn: Connection, name: str) -> None:
    """Wait until no other transaction has the turn of this name, and keep it until this one ends.

    PostgreSQL: taken before any row is locked. SQLite: a write transaction is alone already.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(_TURN, {"turn": _number(name)})


def share_turn(conn: Connection, name: str) -> None:
    """PostgreSQL: wait until nobody has this turn alone, and keep it beside others until this transaction ends."""
    conn.execute(_SHARED_TURN, {"turn": _number(name)})


def _number(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)


@contextmanager
def _transaction(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as opened:
        connection = opened.execution_options(**{WRITE: True})
        with connection.begin():
            yield connection


@contextmanager
def _told() -> Iterator[None]:
    """Say what the database refused as the problem that it is for a caller; everything was rolled back."""
    try:
        yield
    except PoolTimeoutError as error:
        raise BusyError from error
    except DBAPIError as error:
        known = _problem(error)
        if known is None:
            raise
        raise known from error


def _problem(error: DBAPIError) -> ProblemError | None:
    state = getattr(error.orig, "sqlstate", None)
    code = getattr(error.orig, "sqlite_errorcode", None)
    if state in TOOK_TURNS_WRONG or code == sqlite3.SQLITE_BUSY:
        return BusyError()
    if isinstance(error, IntegrityError) and (state == DUPLICATE or code in SQLITE_DUPLICATES):
        return ConflictError("another request stored the same at the same moment")
    if (
        isinstance(error, OperationalError)
        and code is None
        and (state is None or error.connection_invalidated)
    ):
        return UnavailableError("this body's own database does not answer")
    return None


def _postgresql_engine(url: str, connections: int) -> Engine:
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # the text of an error must hold no value of a row
    )


def _sqlite_engine(url: str, connections: int, *, synchronous: str = "FULL") -> Engine:
    file = make_url(url).database
    if file:
        Path(file).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False, "cached_statements": 512},
        pool_size=connections,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves, or SQLite's driver begins too late
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        immediate = connection.get_execution_options().get(WRITE, False)
        begin_as(connection, "BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine
