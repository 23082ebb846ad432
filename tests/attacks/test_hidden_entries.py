"""IT4: a log's operator leaves out, or rewrites, what somebody's history shows; the log itself is without a flaw."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import JsonValue
from sqlalchemy import delete, update
from support.database import DATABASES, database_url
from support.kept_journal import EVENT, NOW, TRUST, KeptJournal, journal_on, keep, keep_in, proved

from consent import base64url
from consent.identifiers import Pseudonym
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import DatedEvent
from services.kit.log.completeness import IncompleteError, verify_whole
from services.kit.log.errors import LogCorruptError
from services.kit.log.evidence import EvidenceError, EvidenceHistory, EvidencePart, verify_evidence
from services.kit.log.history import digest_of, roll_row
from services.kit.log.merkle import leaf_hash
from services.kit.log.note import encode_base64

ONE, OTHER = Pseudonym("one"), Pseudonym("other")


@pytest.fixture(params=DATABASES)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[KeptJournal]:
    url = database_url(request.param)
    made = keep(url) if url else keep_in(tmp_path)
    made.add(ONE, OTHER, None, ONE, ONE)
    made.add_bulk([OTHER, ONE])
    made.count()
    made.cosign()
    yield made
    made.database.dispose()


@pytest.mark.parametrize("left_out", range(4))
def test_an_operator_who_forgets_an_entry_cannot_count_it_away(kept: KeptJournal, left_out: int) -> None:
    """C4, IT4: the log is made to count all entries but one; what the later ones say of themselves contradicts it."""
    journal = kept.journal
    entries = verify_evidence(kept.evidence(ONE), TRUST)
    others = [each.digest for at, each in enumerate(entries) if at != left_out]
    with kept.database.write() as conn:
        true = journal.histories.state(conn, ONE)
        false = replace(true, count=len(others), head=digest_of(journal.histories.start(ONE), others))
        journal.histories.keep(conn, {ONE: false})
        rows, root = journal.histories.count(conn, [ONE], position=journal.tree.size(conn))
        told: dict[str, JsonValue] = {"root": base64url.encode(root)}
        counting = Event(kind=EventKind.HISTORIES_COUNTED, outcome=Outcome.DONE, count=rows, detail=told)
        journal.record(conn, person=None, event=counting)
        journal.histories.keep(conn, {ONE: true})
    assert {"journal_roll"} <= kept.findings()
    kept.cosign()
    evidence = kept.evidence(ONE)
    shown = [each for at, each in enumerate(evidence.entries) if at != left_out]
    hidden = evidence.model_copy(update={"entries": shown})
    if left_out == len(entries) - 1:
        _entries, (whole,) = proved(
            hidden
        )  # nothing was to follow it: only what it says itself, once it is seen
        assert whole.entries == left_out
    else:
        with pytest.raises(IncompleteError, match="follows other ones"):
            proved(hidden)
    with pytest.raises(IncompleteError):
        proved(evidence)


def test_an_older_count_shows_how_old_it_is(kept: KeptJournal) -> None:
    """IT3, IT4: an operator who stops counting can hide only what came since, and the age of the count is shown."""
    kept.add(ONE)
    kept.cosign()
    evidence = kept.evidence(ONE)
    hidden = evidence.model_copy(update={"entries": evidence.entries[:-1]})
    _entries, (whole,) = proved(hidden)
    assert whole.index < whole.checkpoint.checkpoint.size - 1
    assert not whole.covers(now=NOW.replace(hour=23), max_age=NOW.replace(hour=10) - NOW)


def test_a_count_that_is_dated_ahead_does_not_stay_young(kept: KeptJournal) -> None:
    """C1, IT3, IT4: the log counts with a date to come, hides what follows, and shows that count for ever."""
    ahead = journal_on(kept.tables, now=NOW + timedelta(days=400))
    kept.add(ONE)
    with kept.database.write() as conn:
        assert ahead.count_histories(conn)
    kept.add(ONE)
    kept.cosign()
    evidence = kept.evidence(ONE)
    with pytest.raises(IncompleteError, match="dated after"):
        proved(evidence.model_copy(update={"entries": evidence.entries[:-1]}))


def test_a_count_that_only_one_person_is_shown_counts_nothing(kept: KeptJournal) -> None:
    """C1, IT4: one entry counts otherwise for each person, as each is shown another part of it."""
    start = kept.journal.histories.start(ONE)
    known = verify_evidence(kept.evidence(ONE), TRUST)[:-1]
    row = leaf_hash(roll_row(len(known), digest_of(start, [each.digest for each in known])))
    told: dict[str, JsonValue] = {"root": base64url.encode(row)}
    counting = Event(kind=EventKind.HISTORIES_COUNTED, outcome=Outcome.DONE, count=1, detail=told)
    with kept.database.write() as conn:
        kept.journal.record_bulk(conn, EVENT, [DatedEvent(OTHER, counting)])
    kept.cosign()
    own, counted = kept.evidence(ONE), kept.evidence(OTHER).entries[-1]
    assert counted.part is not None
    false = EvidenceHistory(start=encode_base64(start), row=0, proof=[], counted=counted)
    hidden = own.model_copy(update={"entries": own.entries[: len(known)], "histories": [false]})
    with pytest.raises(IncompleteError, match="nobody else is shown"):
        proved(hidden)


def test_an_entry_is_not_told_twice(kept: KeptJournal) -> None:
    """A file's holder makes one access look like several, in a file that claims to be no whole history."""
    evidence = kept.evidence(ONE)
    twice = evidence.model_copy(update={"entries": [*evidence.entries, evidence.entries[0]], "histories": []})
    with pytest.raises(EvidenceError) as refused:
        verify_evidence(twice, TRUST)
    assert [(each.entry, each.part) for each in refused.value.failures] == [
        (len(twice.entries), EvidencePart.TWICE)
    ]


def test_the_row_of_somebody_else_does_not_count_for_a_person(kept: KeptJournal) -> None:
    """C2, IT4: a shorter history's row is shown for a longer one."""
    own, other = kept.evidence(ONE), kept.evidence(OTHER)
    exchanged = own.model_copy(update={"histories": other.histories, "entries": own.entries[:2]})
    with pytest.raises(IncompleteError):
        proved(exchanged)


def test_an_entry_of_nobody_does_not_count_histories(kept: KeptJournal) -> None:
    """C1, IT4: any other entry of the log in place of the one that counts."""
    evidence = kept.evidence(ONE)
    (history,) = evidence.histories
    posing = history.model_copy(update={"counted": evidence.entries[0]})
    with pytest.raises(IncompleteError, match="does not count"):
        proved(evidence.model_copy(update={"histories": [posing]}))


def test_a_second_history_of_one_person_shows_where_it_was_cut_off(kept: KeptJournal) -> None:
    """H1, IT4: an entry kept out of the history comes to light; what it says of itself proves whose it is."""
    with kept.database.write() as conn:
        state = kept.journal.histories.state(conn, ONE)
        hidden = kept.journal.record(conn, person=ONE, event=EVENT)
        surfaced = kept.journal.openings(conn, [hidden.index])[hidden.index]
        kept.journal.histories.keep(conn, {ONE: state})
        entry = kept.tables.entry
        conn.execute(update(entry).where(entry.c.position == hidden.index).values(person=b"out of the way"))
        shown = kept.journal.record(conn, person=ONE, event=EVENT)
        told = kept.journal.openings(conn, [shown.index])[shown.index]
    kept.count()
    kept.cosign()
    entries, (whole,) = proved(kept.evidence(ONE))
    assert whole.later == 0
    assert hidden.index not in {each.index for each in entries}
    # both are in the log before the count, and both say that they are this person's next entry
    assert surfaced.event["history"] == told.event["history"]
    assert "journal_entry" in kept.findings()


def test_the_part_of_one_person_is_no_part_of_another_bulk_entry(kept: KeptJournal) -> None:
    """IT4: a part is moved to another slot, and a part of another bulk entry is put in its place."""
    kept.add_bulk([ONE])
    kept.count()
    kept.cosign()
    evidence = kept.evidence(ONE)
    parts = [at for at, each in enumerate(evidence.entries) if each.part is not None]
    first, second = (evidence.entries[at].part for at in parts)
    assert first is not None
    for false in (second, first.model_copy(update={"slot": 1 - first.slot})):
        entries = list(evidence.entries)
        entries[parts[0]] = entries[parts[0]].model_copy(update={"part": false})
        with pytest.raises(EvidenceError) as refused:
            verify_evidence(evidence.model_copy(update={"entries": entries}), TRUST)
        assert [each.part for each in refused.value.failures] == [EvidencePart.PART]


def test_a_part_tells_nothing_of_the_others(kept: KeptJournal) -> None:
    """LN1: what two people are handed of one bulk entry shares the entry itself and nothing of each other's part."""
    kept.add_bulk([ONE, OTHER])
    kept.count()
    kept.cosign()
    shares = [kept.evidence(person).entries[-1].part for person in (ONE, OTHER)]
    one, other = (each for each in shares if each is not None)
    assert one.opening.salt not in other.model_dump_json()
    history = other.opening.event["history"]
    assert isinstance(history, dict)
    assert str(history["after"]) not in one.model_dump_json()


def test_parts_are_audited_like_entries(kept: KeptJournal) -> None:
    """IT1: a part is changed, or taken away."""
    part = kept.tables.part
    with kept.database.write() as conn:
        conn.execute(delete(part).where(part.c.slot == 1))
    assert {"journal_part", "journal_history"} <= kept.findings()


def test_a_changed_count_stops_the_person_from_being_logged_about(kept: KeptJournal) -> None:
    """IT1: a state that was changed is not written upon."""
    state = kept.tables.history.state
    with kept.database.write() as conn:
        conn.execute(update(state).values(state=encode_base64(b"anything else").encode()))
    with pytest.raises(LogCorruptError), kept.database.write() as conn:
        kept.journal.record_all(conn, [DatedEvent(ONE, EVENT)])


def test_changed_nodes_of_the_roll_are_found(kept: KeptJournal) -> None:
    """IT1: nothing false is handed out, and the audit names the table."""
    node = kept.tables.history.node
    with kept.database.write() as conn:
        conn.execute(update(node).where(node.c.address == 1).values(hash=bytes(32)))
    assert kept.findings() == {"journal_roll_node"}


def test_histories_of_an_older_log_are_counted_when_it_is_opened(kept: KeptJournal) -> None:
    """A log of an earlier version: its rows without counts, as migrations leave them."""
    tables = kept.tables.history
    with kept.database.write() as conn:
        for table in (tables.state, tables.node, tables.roll):
            conn.execute(delete(table))
        journal_on(kept.tables).initialise(conn)
    kept.count()
    kept.cosign()
    entries, (whole,) = proved(kept.evidence(ONE))
    assert len(entries) == whole.entries == 4
    with kept.database.read() as conn:
        assert verify_whole(kept.evidence(ONE), entries, TRUST) == [whole]
