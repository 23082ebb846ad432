"""Statements that the driver runs itself do what Core does with them."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from support.database import DATABASES, tables_made

from services.kit import prepared
from services.kit.database import Database
from services.kit.prepared import Prepared, PreparedIn
from services.kit.problems import ConflictError

METADATA = MetaData()
THING = Table(
    "thing",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),
    Column("content", LargeBinary),
    Column("good", Boolean, nullable=False),
)
ADD = Prepared(insert(THING))
ADD_SOME = Prepared(insert(THING), columns=["id", "name", "good"])
BY_ID = select(THING.c.name, THING.c.content, THING.c.good).where(THING.c.id == bindparam("id"))
BY_IDS = PreparedIn(lambda ids: select(THING.c.id, THING.c.name).where(THING.c.id.in_(ids)))
RENAME = (
    update(THING).where(THING.c.id == 1).values(name=bindparam("new")).returning(THING.c.good, THING.c.name)
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(0, 2**62),
            "name": st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=9),
            "content": st.none() | st.binary(max_size=9),
            "good": st.booleans(),
        }
    ),
    unique_by=lambda row: row["id"],
    max_size=9,
)
SECRET = "what a row holds"


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with tables_made(request.param, tmp_path, METADATA) as made:
        yield made


class _UndoneError(Exception):
    """Ends a transaction without effect."""


@contextmanager
def _undone(database: Database) -> Iterator[Connection]:
    with suppress(_UndoneError), database.write() as conn:
        yield conn
        raise _UndoneError


@given(rows=ROWS, wanted=st.lists(st.integers(0, 8), max_size=9))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_rows_are_those_that_core_returns(
    database: Database, rows: list[dict[str, object]], wanted: list[int]
) -> None:
    ids = [rows[each % len(rows)]["id"] for each in wanted] if rows else []
    with _undone(database) as conn:
        if rows:
            ADD.run_each(conn, rows)
        assert [dict(each._mapping) for each in conn.execute(select(THING).order_by(THING.c.id))] == sorted(
            rows, key=lambda row: str(row["id"]).zfill(20)
        )
        for each in rows:
            found = Prepared(BY_ID).rows(conn, {"id": each["id"]})
            assert found == [tuple(row) for row in conn.execute(BY_ID, {"id": each["id"]})]
            assert type(found[0][2]) is bool
        by_core = conn.execute(select(THING.c.id, THING.c.name).where(THING.c.id.in_(ids)))
        assert sorted(BY_IDS.rows(conn, ids)) == sorted(tuple(row) for row in by_core)


def test_long_lists_are_asked_for_in_parts_beside_other_values(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared, "AT_ONCE", 2)
    good = PreparedIn(
        lambda ids: select(THING.c.id).where(THING.c.id.in_(ids), THING.c.good == bindparam("good"))
    )
    with _undone(database) as conn:
        ADD_SOME.run_each(conn, [{"id": each, "name": "", "good": each != 3} for each in range(7)])
        assert sorted(good.rows(conn, [0, 1, 2, 3, 4], {"good": True})) == [(0,), (1,), (2,), (4,)]


def test_transaction_begins_with_the_first_statement(database: Database) -> None:
    with database.engine.connect() as conn:
        ADD_SOME.run(conn, {"id": 1, "name": "first", "good": True})
        conn.rollback()
    with database.read() as conn:
        assert _count(conn) == 0


def test_left_out_columns_are_null_and_constants_are_kept(database: Database) -> None:
    with database.write() as conn:
        ADD_SOME.run(conn, {"id": 1, "name": "first", "good": False})
        assert Prepared(RENAME).row(conn, {"new": "second"}) == (False, "second")
        assert Prepared(RENAME.where(THING.c.name == "first")).row(conn, {"new": "third"}) is None
    with database.read() as conn:
        assert Prepared(BY_ID).row(conn, {"id": 1}) == ("second", None, False)


def test_what_a_transaction_undoes_is_gone(database: Database) -> None:
    with _undone(database) as conn:
        ADD_SOME.run(conn, {"id": 1, "name": "first", "good": True})
    with database.read() as conn:
        assert Prepared(BY_ID).row(conn, {"id": 1}) is None


def test_reading_is_of_one_moment(database: Database) -> None:
    with database.read() as conn:
        assert _count(conn) == 0
        with database.write() as other:
            ADD_SOME.run(other, {"id": 1, "name": "first", "good": True})
        assert _count(conn) == 0


def _count(conn: Connection) -> int:
    return len(Prepared(select(THING.c.id)).rows(conn))


@pytest.mark.parametrize("times", [1, 2])
def test_error_is_cores_own_and_tells_no_value(database: Database, times: int) -> None:
    with database.write() as conn:
        ADD_SOME.run(conn, {"id": 1, "name": SECRET, "good": True})
    row = {"id": 1, "name": SECRET, "good": True}
    with pytest.raises(ConflictError) as caught, database.write() as conn:
        ADD_SOME.run_each(conn, [row] * times)
    assert isinstance(caught.value.__cause__, IntegrityError)
    assert SECRET not in str(caught.value.__cause__)
    with pytest.raises(KeyError), database.write() as conn:
        ADD_SOME.run(conn, {"id": 2, "good": True})
