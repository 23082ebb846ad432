"""A person's entries are found by the body's key only, whichever and however many they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, MetaData, delete, select, update

from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.kit.clock import system_clock
from services.kit.columns import ColumnCipher
from services.kit.database import Database
from services.kit.entry_tags import AT_ONCE, EntryTags
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import DatedEvent, Journal, JournalTables, journal_tables
from services.kit.log.errors import LogCorruptError
from services.kit.log.note import NoteSigner

ONE, OTHER = Pseudonym("one"), Pseudonym("other")


@dataclass(frozen=True)
class Kept:
    """A journal in a database of its own."""

    database: Database
    tables: JournalTables
    journal: Journal
    tags: EntryTags

    def add(self, conn: Connection, *persons: Pseudonym | None) -> None:
        event = Event(kind=EventKind.NOTICE_READ, outcome=Outcome.DONE)
        self.journal.record_all(conn, [DatedEvent(person, event) for person in persons])


def keep(file: Path) -> Kept:
    metadata = MetaData()
    tables = journal_tables(metadata)
    database = Database(f"sqlite:///{file}")
    metadata.create_all(database.engine)
    cipher = ColumnCipher(bytes(32), randomness=Random(1).randbytes)
    journal = Journal(
        tables,
        body=Body.MEDICAL,
        signer=NoteSigner("sekisho/medical", Ed25519PrivateKey.generate()),
        cipher=cipher,
        clock=system_clock,
        randomness=Random(2).randbytes,
    )
    with database.write() as conn:
        journal.tree.initialise(conn)
    return Kept(database, tables, journal, EntryTags(cipher, tables.entry))


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    made = keep(tmp_path / "journal.sqlite")
    yield made
    made.database.dispose()


@given(batches=st.lists(st.lists(st.sampled_from([ONE, OTHER, None]), min_size=1, max_size=30), max_size=12))
@settings(max_examples=25, deadline=None)
def test_everybody_finds_exactly_their_own_entries(
    batches: list[list[Pseudonym | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = keep(tmp_path_factory.mktemp("tags") / "journal.sqlite")
    for batch in batches:
        with kept.database.write() as conn:
            kept.add(conn, *batch)
    said = [person for batch in batches for person in batch]
    with kept.database.read() as conn:
        for person in (ONE, OTHER):
            assert kept.tags.positions(conn, person) == [
                at for at, whose in enumerate(said) if whose == person
            ]
        assert kept.journal.persons(conn) == list(enumerate(said))
        stored = [
            tag for tag in conn.execute(select(kept.tables.entry.c.person)).scalars() if tag is not None
        ]
        assert kept.tags.faults(enumerate(stored)) == []
    assert len(set(stored)) == len(stored)
    kept.database.dispose()


@pytest.mark.parametrize("count", [0, 1, AT_ONCE - 1, AT_ONCE, AT_ONCE + 1, 100, 1025])
def test_entries_are_counted_however_many(kept: Kept, count: int) -> None:
    with kept.database.write() as conn:
        kept.add(conn, OTHER, *[ONE] * count)
        assert kept.tags.count(conn, ONE) == count


def test_an_entry_taken_from_the_middle_of_a_history_is_missed(kept: Kept) -> None:
    """IT4: the person's next look and the audit both find the gap."""
    with kept.database.write() as conn:
        kept.add(conn, ONE, ONE, OTHER, ONE)
        conn.execute(delete(kept.tables.entry).where(kept.tables.entry.c.position == 1))
    with kept.database.read() as conn:
        with pytest.raises(LogCorruptError):
            kept.tags.positions(conn, ONE)
        found = {(each.table, each.row) for each in kept.journal.audit(conn, witnesses=[])}
    assert found >= {("journal_entry", "position=1"), ("journal_entry", "person")}


@pytest.mark.parametrize("taken", [None, b"nobody's tag"])
def test_an_entry_cannot_be_taken_from_its_person(kept: Kept, taken: bytes | None) -> None:
    """IT4: an entry whose person is struck out, or replaced, does not open any more."""
    entry = kept.tables.entry
    with kept.database.write() as conn:
        kept.add(conn, ONE, OTHER)
        conn.execute(update(entry).where(entry.c.position == 1).values(person=taken))
    with kept.database.read() as conn:
        found = {each.row for each in kept.journal.audit(conn, witnesses=[])}
    assert "position=1" in found
