"""A body's own names of people stay what they are while the ID centre's names change."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, MetaData, create_engine, insert, select, text

from consent.identifiers import Pseudonym
from services.kit.columns import ColumnCipher
from services.kit.people import (
    People,
    PeopleTables,
    Renewal,
    RetiredNameError,
    people_tables,
    version_of,
    versioned,
)
from services.kit.problems import ConflictError, UnavailableError
from services.registry.tables import KIT, metadata, resident

KEY = bytes(range(32))
ANNA, BEN = Pseudonym("A" * 43), Pseudonym("B" * 43)


def second(name: str) -> Pseudonym:
    return versioned(2, name.swapcase())


@pytest.fixture
def tables() -> PeopleTables:
    return people_tables(MetaData())


@pytest.fixture
def conn(tables: PeopleTables) -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    tables.name.metadata.create_all(engine)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def people(tables: PeopleTables, conn: Connection) -> People:
    made = People(tables, cipher=ColumnCipher(KEY), key=KEY)
    made.initialise(conn, logged=lambda _conn: [])
    return made


@pytest.mark.parametrize(
    ("name", "version"),
    [("A" * 43, 1), ("2." + "A" * 43, 2), ("117.x", 117), ("1.x", 1), ("02.x", 1), ("0.x", 1), ("2.", 1)],
)
def test_name_says_of_which_key_it_is(name: str, version: int) -> None:
    assert version_of(Pseudonym(name)) == version


def test_own_name_is_another_than_the_id_centres_and_stays(people: People, conn: Connection) -> None:
    own = people.own_name(conn, ANNA)
    assert own not in (ANNA, people.own_name(conn, BEN))
    assert people.own_name(conn, ANNA) == own
    assert len(own) == 43


def test_own_name_depends_on_the_key_that_is_not_in_the_database(
    people: People, tables: PeopleTables, conn: Connection
) -> None:
    other = People(tables, cipher=ColumnCipher(bytes(32)), key=bytes(32))
    assert other.own_name(conn, ANNA) != people.own_name(conn, ANNA)


# step S2
def test_new_name_stands_for_the_same_person_and_the_old_one_until_it_is_retired(
    people: People, conn: Connection
) -> None:
    """LN5."""
    own = people.own_name(conn, ANNA)
    assert people.renew(conn, 2, [Renewal(ANNA, second(ANNA))]) == 1
    with pytest.raises(UnavailableError):
        people.own_name(conn, second(ANNA))
    assert people.complete(conn, 2)
    assert people.own_name(conn, second(ANNA)) == people.own_name(conn, ANNA) == own
    assert people.retire(conn, 1)
    assert people.own_name(conn, second(ANNA)) == own
    with pytest.raises(RetiredNameError):
        people.own_name(conn, ANNA)


def test_steps_done_twice_change_nothing(people: People, conn: Connection) -> None:
    told = [Renewal(ANNA, second(ANNA)), Renewal(BEN, second(BEN))]
    assert [people.renew(conn, 2, told), people.renew(conn, 2, told)] == [2, 0]
    assert [people.complete(conn, 2), people.complete(conn, 2)] == [True, False]
    assert [people.retire(conn, 1), people.retire(conn, 1)] == [True, False]


# step S2
def test_no_two_people_become_one(people: People, conn: Connection) -> None:
    people.renew(conn, 2, [Renewal(ANNA, second(ANNA))])
    with pytest.raises(ConflictError):
        people.renew(conn, 2, [Renewal(BEN, second(ANNA))])


@pytest.mark.parametrize(
    "told",
    [
        (3, [Renewal(ANNA, versioned(3, "x"))]),
        (2, [Renewal(ANNA, versioned(3, "x"))]),
        (2, [Renewal(ANNA, BEN)]),
        (2, [Renewal(versioned(2, "x"), versioned(2, "y"))]),
    ],
)
def test_names_that_do_not_follow_are_refused(
    people: People, conn: Connection, told: tuple[int, list[Renewal]]
) -> None:
    with pytest.raises(ConflictError):
        people.renew(conn, *told)


# step S3
def test_key_is_neither_skipped_nor_retired_while_in_force(people: People, conn: Connection) -> None:
    with pytest.raises(ConflictError):
        people.complete(conn, 3)
    with pytest.raises(ConflictError):
        people.retire(conn, 1)


def test_retired_names_are_forgotten(people: People, tables: PeopleTables, conn: Connection) -> None:
    people.renew(conn, 2, [Renewal(ANNA, second(ANNA))])
    people.complete(conn, 2)
    people.retire(conn, 1)
    assert conn.execute(select(tables.name.c.version)).scalars().all() == [2]


def test_stored_names_show_nothing_and_changes_are_found(
    people: People, tables: PeopleTables, conn: Connection
) -> None:
    own = people.own_name(conn, ANNA)
    people.renew(conn, 2, [Renewal(ANNA, second(ANNA))])
    stored = b"".join(bytes(row.id + row.person) for row in conn.execute(select(tables.name)))
    assert not any(name.encode() in stored for name in (ANNA, second(ANNA), own))
    assert people.audit(conn) == (2, [])
    conn.execute(text("UPDATE person_name SET version = 3 WHERE version = 2"))
    assert [each.table for each in people.audit(conn)[1]] == ["person_name"]
    conn.execute(text("UPDATE person_name SET person = zeroblob(60), version = 2 WHERE version = 3"))
    assert len(people.audit(conn)[1]) == 1


def test_rows_of_an_earlier_version_keep_their_names() -> None:
    """A database that was written with the ID centre's names in its rows goes on with them as own names."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    cells = dict.fromkeys(("name", "address", "sex", "birth_date"), b"")
    people = People(KIT.people, cipher=ColumnCipher(KEY), key=KEY)
    with engine.begin() as conn:
        conn.execute(insert(resident), {"pseudonym": ANNA, **cells})
        people.initialise(conn, logged=lambda _conn: [(0, BEN), (1, None), (2, ANNA)])
        people.initialise(conn, logged=lambda _conn: pytest.fail("done once"))
        assert [people.own_name(conn, each) for each in (ANNA, BEN)] == [ANNA, BEN]
        people.renew(conn, 2, [Renewal(ANNA, second(ANNA))])
        people.complete(conn, 2)
        people.retire(conn, 1)
        assert people.own_name(conn, second(ANNA)) == ANNA
    engine.dispose()
