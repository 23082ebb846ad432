"""IT4: the medical centre leaves a read out of what it counts for a person; the second body's own history names it."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from support.kept_journal import KeptJournal, keep_in, proved

from consent import base64url
from consent.identifiers import Pseudonym
from services.gateway.comparing import compare_bodies
from services.kit.events import Event, EventKind, Outcome
from services.kit.log.completeness import IncompleteError, WholeHistory
from services.kit.log.evidence import VerifiedEntry

PATIENT, NOBODY_ELSE = Pseudonym("patient"), Pseudonym("made up")
STATEMENT = b"the reader's statement"


def read_of(kept: KeptJournal, person: Pseudonym) -> int:
    """Log a read as the medical centre does; return where."""
    event = Event(kind=EventKind.RECORDS_READ, outcome=Outcome.PERMITTED, organisation="clinic-b")
    with kept.database.write() as conn:
        return kept.journal.record(conn, person=person, event=event, statement=STATEMENT).index


def released(entry: VerifiedEntry, index: int, **changes: object) -> VerifiedEntry:
    """Return the second body's entry of its release for the read at `index`."""
    digest = base64url.encode(sha256(STATEMENT).digest())
    event = {
        "kind": EventKind.FRAGMENTS_RELEASED.value,
        "outcome": Outcome.PERMITTED.value,
        "body": "oversight",
        "detail": {"statement": digest, "log_index": index},
        **changes,
    }
    return replace(entry, origin="sekisho/oversight", index=0, event=event, statement=None)  # type: ignore[arg-type]  # JSON


@pytest.fixture
def kept(tmp_path: Path) -> KeptJournal:
    made = keep_in(tmp_path)
    made.add(PATIENT)
    return made


def told(kept: KeptJournal) -> tuple[list[VerifiedEntry], list[WholeHistory]]:
    kept.count()
    kept.cosign()
    return proved(kept.evidence(PATIENT))


def test_a_read_that_is_in_both_histories_is_as_it_should_be(kept: KeptJournal) -> None:
    index = read_of(kept, PATIENT)
    entries, whole = told(kept)
    compare_bodies([*entries, released(entries[0], index)], whole)


def test_a_read_logged_as_somebody_elses_is_missed(kept: KeptJournal) -> None:
    """IT4: log, count and proofs are without a flaw; only the entry was given to a person who does not exist."""
    index = read_of(kept, NOBODY_ELSE)
    entries, whole = told(kept)
    with pytest.raises(IncompleteError, match="sekisho/oversight took part in a read"):
        compare_bodies([*entries, released(entries[0], index)], whole)


def test_another_read_does_not_stand_for_the_one_that_was_released(kept: KeptJournal) -> None:
    """IT4: an entry of the same person with another statement, at the place that the second body saw."""
    entries, whole = told(kept)
    with pytest.raises(IncompleteError):
        compare_bodies([*entries, released(entries[0], entries[0].index)], whole)


def test_reads_behind_the_count_and_refusals_accuse_nobody(kept: KeptJournal) -> None:
    """The medical centre was asked before the second body; and what was refused is no read."""
    entries, whole = told(kept)
    later = released(entries[0], whole[0].index + 1)
    refused = released(entries[0], 0, outcome=Outcome.REFUSED.value)
    compare_bodies([*entries, later, refused], whole)
    compare_bodies([*entries, released(entries[0], 0)], [])
