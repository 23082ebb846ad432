"""A person's entries are found by the body's key only, whichever and however many they are."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update
from support.kept_journal import KeptJournal, keep_in

from consent.identifiers import Pseudonym
from services.kit.entry_tags import WHOLE, EntryTags, Place
from services.kit.log.errors import LogCorruptError

ONE, OTHER = Pseudonym("one"), Pseudonym("other")
WHO = st.sampled_from([ONE, OTHER, None])


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptJournal]:
    made = keep_in(tmp_path)
    yield made
    made.database.dispose()


def tags(kept: KeptJournal) -> EntryTags:
    return kept.journal._rows.tags


@given(batches=st.lists(st.lists(WHO, min_size=1, max_size=30), max_size=12))
@settings(max_examples=25, deadline=None)
def test_everybody_finds_exactly_their_own_entries(
    batches: list[list[Pseudonym | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = keep_in(tmp_path_factory.mktemp("tags"))
    for batch in batches:
        kept.add(*batch)
    said = [person for batch in batches for person in batch]
    with kept.database.read() as conn:
        for person, count in (Counter({ONE: 0, OTHER: 0}) + Counter(filter(None, said))).items():
            own = [at for at, whose in enumerate(said) if whose == person]
            assert kept.journal.positions(conn, person) == own
            assert tags(kept).places(conn, person, count) == [Place(at, WHOLE) for at in own]
        assert kept.journal.persons(conn) == list(enumerate(said))
        stored = [
            tag for tag in conn.execute(select(kept.tables.entry.c.person)).scalars() if tag is not None
        ]
        assert tags(kept).faults(enumerate(stored)) == []
    assert len(set(stored)) == len(stored)
    kept.database.dispose()


def test_an_entry_taken_from_the_middle_of_a_history_is_missed(kept: KeptJournal) -> None:
    """IT4: the person's next look and the audit both find the gap."""
    kept.add(ONE, ONE, OTHER, ONE)
    with kept.database.write() as conn:
        conn.execute(delete(kept.tables.entry).where(kept.tables.entry.c.position == 1))
    with kept.database.read() as conn:
        with pytest.raises(LogCorruptError):
            kept.journal.positions(conn, ONE)
        found = {(each.table, each.row) for each in kept.journal.audit(conn, witnesses=[])}
    assert found >= {("journal_entry", "position=1"), ("journal_entry", "person")}


@pytest.mark.parametrize("taken", [None, b"nobody's tag"])
def test_an_entry_cannot_be_taken_from_its_person(kept: KeptJournal, taken: bytes | None) -> None:
    """IT4: an entry whose person is struck out, or replaced, does not open any more."""
    entry = kept.tables.entry
    kept.add(ONE, OTHER)
    with kept.database.write() as conn:
        conn.execute(update(entry).where(entry.c.position == 1).values(person=taken))
    with kept.database.read() as conn:
        found = {each.row for each in kept.journal.audit(conn, witnesses=[])}
    assert "position=1" in found
