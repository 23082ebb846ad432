"""Openings are kept as they were hashed; those that an earlier version kept open too, and only as they were."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, select, update
from support.kept_journal import KeptJournal, keep_in

from consent import base64url
from consent.identifiers import Pseudonym
from services.kit.columns import ColumnCipher
from services.kit.log.entry import SALT_BYTES, Event, Opening, WrittenOpening
from services.kit.log.errors import LogError, LogFormatError

HANA = Pseudonym("hana")
SALTS = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
EVENTS: st.SearchStrategy[Event] = st.dictionaries(
    st.text(max_size=6), st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=6), max_size=5
)


@given(salt=SALTS, event=EVENTS, digest=st.none() | st.binary(min_size=32, max_size=32))
def test_what_is_kept_opens_as_it_was_and_has_the_same_leaf(
    salt: bytes, event: Event, digest: bytes | None
) -> None:
    opening = Opening(salt, event, digest)
    kept = WrittenOpening.from_bytes(opening.written().to_bytes())
    assert kept.read() == opening
    assert kept.leaf() == opening.leaf()


@pytest.mark.parametrize("kept", [b"", b"\x02" + bytes(40), b"\x01" + bytes(33) + b"[]", b"\x01" + bytes(33)])
def test_bytes_that_are_no_opening_are_refused(kept: bytes) -> None:
    with pytest.raises(LogFormatError):
        WrittenOpening.from_bytes(kept).read()


def test_entry_of_an_earlier_version_opens_and_a_changed_one_does_not(tmp_path: Path) -> None:
    log = keep_in(tmp_path)
    log.add(HANA)
    with log.database.write() as conn:
        (before,) = log.journal.of_person(conn, HANA)
        _keep_as_earlier(log, conn, before)
        assert log.journal.of_person(conn, HANA) == [before]
    assert log.findings() == set()
    with log.database.write() as conn:
        _keep_as_earlier(log, conn, Opening(before.salt, {**before.event, "kind": "other"}))
        with pytest.raises(LogError):
            log.journal.of_person(conn, HANA)
    assert log.findings() == {"journal_entry"}


def _keep_as_earlier(log: KeptJournal, conn: Connection, opening: Opening) -> None:
    told = {"salt": base64url.encode(opening.salt), "event": opening.event, "statement_digest": None}
    tag = conn.execute(select(log.tables.entry.c.person)).scalar_one()
    cipher = ColumnCipher(bytes(32), randomness=Random(3).randbytes)
    sealed = cipher.seal(json.dumps(told).encode(), cell=f"journal_entry.opening/0/{tag.hex()}")
    conn.execute(update(log.tables.entry).values(opening=sealed))
