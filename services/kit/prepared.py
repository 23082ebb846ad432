"""Statements of the hot paths: Core's own text for a dialect, written out once, then run by the driver itself.

SQLAlchemy spends 12 µs on a statement of which SQLite needs 2; a request for a token runs ten.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

from sqlalchemy import BindParameter, ClauseElement, Connection, Dialect, LargeBinary, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.compiler import SQLCompiler

Row: TypeAlias = tuple[Any, ...]
Processor: TypeAlias = Callable[[Any], Any]
NOTHING: Mapping[str, Any] = {}
AT_ONCE = 512  # databases bound how many values one query may name


class Prepared:
    """One statement, on any database. Each function works within the caller's transaction, as `Connection.execute`.

    Shape: `columns` are those that an insert gives values to, all if none are named. Rows are plain tuples.
    Raises: from every function, what `Connection.execute` raises.
    """

    def __init__(self, statement: ClauseElement, *, columns: Sequence[str] | None = None) -> None:
        self._statement = statement
        self._columns = columns
        self._written: dict[str, _Written] = {}

    def rows(self, conn: Connection, values: Mapping[str, Any] = NOTHING) -> list[Row]:
        """Return all rows of a statement that has some."""
        written = self._written.get(conn.dialect.name) or self._write(conn.dialect)
        try:
            found: list[Row] = _driver(conn).execute(written.text, written.bind(values)).fetchall()
        except conn.dialect.loaded_dbapi.Error as error:
            _raise(error, conn, written.text)
        return written.read(found) if written.processed else found

    def row(self, conn: Connection, values: Mapping[str, Any] = NOTHING) -> Row | None:
        """Return the first row, if there is one."""
        rows = self.rows(conn, values)
        return rows[0] if rows else None

    def run(self, conn: Connection, values: Mapping[str, Any]) -> None:
        """Run a statement that has no rows."""
        written = self._written.get(conn.dialect.name) or self._write(conn.dialect)
        try:
            _driver(conn).execute(written.text, written.bind(values))
        except conn.dialect.loaded_dbapi.Error as error:
            _raise(error, conn, written.text)

    def run_each(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that has no rows once for each of `rows`."""
        if len(rows) == 1:
            return self.run(conn, rows[0])
        written = self._written.get(conn.dialect.name) or self._write(conn.dialect)
        cursor = _driver(conn).cursor()
        try:
            cursor.executemany(written.text, [written.bind(each) for each in rows])
        except conn.dialect.loaded_dbapi.Error as error:
            _raise(error, conn, written.text)
        finally:
            cursor.close()
        return None

    def _write(self, dialect: Dialect) -> "_Written":
        written = self._written[dialect.name] = _Written(self._statement, dialect, self._columns)
        return written


class PreparedIn:
    """A select by a list of keys; `build` returns it for parameters in place of the list.

    Lists are filled up to the next power of two with their last key, so that few texts are written out; longer ones
    than `AT_ONCE` are asked for in parts.
    """

    def __init__(self, build: Callable[[Sequence[BindParameter[Any]]], ClauseElement]) -> None:
        self._build = build
        self._of_length: dict[int, Prepared] = {}

    def rows(
        self, conn: Connection, keys: Sequence[object], values: Mapping[str, Any] = NOTHING
    ) -> list[Row]:
        """Return the rows of all keys, by the other parameters' `values`. Raises: as `Prepared`."""
        if len(keys) <= AT_ONCE:
            return self._rows(conn, keys, values) if keys else []
        parts = (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))
        return [row for part in parts for row in self._rows(conn, part, values)]

    def _rows(self, conn: Connection, keys: Sequence[object], others: Mapping[str, Any]) -> list[Row]:
        length = 1 << (len(keys) - 1).bit_length()
        statement = self._of_length.get(length)
        if statement is None:
            parameters: list[BindParameter[Any]] = [bindparam(f"key_{place}") for place in range(length)]
            statement = self._of_length[length] = Prepared(self._build(parameters))
        values = {f"key_{place}": keys[min(place, len(keys) - 1)] for place in range(length)}
        return statement.rows(conn, {**values, **others})


class _Written:
    """A statement's text for one dialect, and how values get in and out."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, columns: Sequence[str] | None) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=None if columns is None else list(columns))
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("a statement that SQLAlchemy writes as SQL is expected")
        self.text = str(compiled)
        self._constants = {name: each.value for name, each in compiled.binds.items() if not each.required}
        self._processors = {
            name: processor
            for name, each in compiled.binds.items()
            if not isinstance(each.type, LargeBinary)  # both drivers take bytes as they are
            and (processor := each.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        }
        self._order: Sequence[str] | None = compiled.positiontup
        self._names = tuple(compiled.binds)
        told = getattr(statement, "exported_columns", ())
        self._out: list[tuple[int, Processor]] = [
            (place, processor)
            for place, column in enumerate(told)
            if (processor := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]
        self.processed = bool(self._out)

    def bind(self, values: Mapping[str, Any]) -> Any:
        """Return the values as the driver takes them."""
        if self._constants:
            values = {**self._constants, **values}
        if self._processors:
            values = {**values, **{name: each(values[name]) for name, each in self._processors.items()}}
        if self._order is None:
            return {name: values[name] for name in self._names}
        return [values[name] for name in self._order]

    def read(self, rows: Sequence[Row]) -> list[Row]:
        """Return rows as Python values."""
        read = [list(row) for row in rows]
        for place, processor in self._out:
            for row in read:
                row[place] = processor(row[place])
        return [tuple(row) for row in read]


def begin_as(conn: Connection, text: str) -> None:
    """Begin a transaction by `text`, for who listens to the event that one begins. Raises: as `Prepared`."""
    try:
        conn.connection.cursor().execute(text)
    except conn.dialect.loaded_dbapi.Error as error:
        _raise(error, conn, text)


def _driver(conn: Connection) -> Any:
    if not conn.in_transaction():
        conn.begin()
    return conn.connection.driver_connection


def _raise(error: Exception, conn: Connection, text: str) -> NoReturn:
    # as Core does, without the values: the text of an error must hold no value of a row
    raise DBAPIError.instance(
        text,
        None,
        error,
        conn.dialect.loaded_dbapi.Error,
        hide_parameters=True,
        dialect=conn.dialect,
    ) from error
