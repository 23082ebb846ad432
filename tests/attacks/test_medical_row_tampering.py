"""Rows that the medical centre's own administrator changes are noticed before anything is released (IT1, IT5, IT6)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.medical_story import (
    MEDICATION,
    deposit,
    documents,
    open_answer,
    read,
    seal,
    story,
)
from support.medical_tampering import Database, audit, tamper
from support.medical_world import CLINIC, Running, Someone

from services.kit.http import RemoteProblemError
from services.kit.log.tables import node_address


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Running, Someone]]:
    with story(tmp_path) as (running, person):
        world = running.world
        running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
        changed = seal(world, person, documents(1, prefix="m26", version=2), compartment=MEDICATION[2])
        deposit(running, person, [changed])
        yield running, person


def flip(table: str, column: str, where: str) -> Callable[[Database], None]:
    """Flip one bit in the middle of a cell."""

    def change(database: Database) -> None:
        rowid, cell = database.execute(
            f"SELECT {where.split('=')[0]}, {column} FROM {table} ORDER BY 1 LIMIT 1"
        ).fetchone()
        altered = bytearray(cell)
        altered[len(altered) // 2] ^= 1
        database.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (bytes(altered), rowid))

    return change


def swap_ciphertexts(database: Database) -> None:
    """Exchange the contents of two documents of one bundle."""
    cells = "nonce, ciphertext, signature"
    rows = {
        name: database.execute(f"SELECT {cells} FROM document WHERE id = ?", (name,)).fetchone()
        for name in ("m26-1", "m26-2")
    }
    for name, other in (("m26-1", "m26-2"), ("m26-2", "m26-1")):
        database.execute(
            "UPDATE document SET nonce = ?, ciphertext = ?, signature = ? WHERE id = ?", (*rows[other], name)
        )


def swap_capsules(database: Database) -> None:
    """Exchange the keys of two bundles."""
    rows = database.execute("SELECT id, capsule, message_kit FROM bundle ORDER BY id").fetchall()
    for row, other in zip(rows, rows[1:] + rows[:1], strict=True):
        database.execute(
            "UPDATE bundle SET capsule = ?, message_kit = ? WHERE id = ?", (other[1], other[2], row[0])
        )


def remove_newest_version(database: Database) -> None:
    """Roll a document back by removing its second version."""
    database.execute("DELETE FROM document WHERE id = 'm26-0' AND version = 2")


def overwrite_with_first_version(database: Database) -> None:
    """Roll a document back by writing the first version's contents over the second's."""
    first = database.execute(
        "SELECT nonce, ciphertext, signature FROM document WHERE id = 'm26-0' AND version = 1"
    ).fetchone()
    database.execute(
        "UPDATE document SET nonce = ?, ciphertext = ?, signature = ? WHERE id = 'm26-0' AND version = 2",
        first,
    )


def change_media_type(database: Database) -> None:
    """Relabel a document."""
    database.execute("UPDATE document SET media_type = 'text/html' WHERE id = 'm26-1'")


DOCUMENT_CHANGES: dict[str, tuple[Callable[[Database], None], str]] = {
    "ciphertext bit": (flip("document", "ciphertext", "id = ?"), "document"),
    "signature bit": (flip("document", "signature", "id = ?"), "document"),
    "two ciphertexts swapped": (swap_ciphertexts, "document"),
    "two capsules swapped": (swap_capsules, "document"),
    "newest version removed": (remove_newest_version, "document"),
    "newest version overwritten": (overwrite_with_first_version, "document"),
    "media type": (change_media_type, "document"),
    "message kit bit": (flip("bundle", "message_kit", "id = ?"), "bundle"),
    "bundle head bit": (flip("bundle", "head", "id = ?"), "bundle"),
    "deposit row bit": (flip("deposit", "years", "position = ?"), "deposit"),
}


@pytest.mark.parametrize(("change", "table"), DOCUMENT_CHANGES.values(), ids=DOCUMENT_CHANGES.keys())
def test_changed_record_is_named_by_the_audit(
    told: tuple[Running, Someone], change: Callable[[Database], None], table: str
) -> None:
    """IT5: the audit names the table of every changed row, and nothing when nothing was changed."""
    running, _ = told
    assert audit(running).findings == []
    tamper(running, change)
    assert table in {each.table for each in audit(running).findings}


ON_READ = {name: change for name, (change, _) in DOCUMENT_CHANGES.items() if "bit" not in name}


@pytest.mark.parametrize("change", ON_READ.values(), ids=ON_READ.keys())
def test_read_of_changed_records_releases_nothing(
    told: tuple[Running, Someone], change: Callable[[Database], None]
) -> None:
    """IT5: swapped, relabelled and rolled-back rows are refused by name, and the person sees that."""
    running, person = told
    tamper(running, change)
    with pytest.raises(RemoteProblemError) as refused:
        read(running, person)
    assert (refused.value.status, refused.value.code) == (500, "stored_document_damaged")
    last = running.events(person)[-1]
    assert (last["outcome"], last["reason"]) == ("refused", "stored_document_damaged")


def every_cell(table: str, column: str) -> Callable[[Database], None]:
    """Flip a bit of a column in all rows."""

    def change(database: Database) -> None:
        for rowid, cell in database.execute(f"SELECT rowid, {column} FROM {table}").fetchall():
            altered = bytearray(cell)
            altered[len(altered) // 2] ^= 1
            database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (bytes(altered), rowid))

    return change


# step R4
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("document", "ciphertext"),
        ("document", "nonce"),
        ("document", "signature"),
        ("bundle", "head"),
        ("bundle", "capsule"),
        ("bundle", "message_kit"),
        ("deposit", "years"),
    ],
)
def test_one_bit_in_any_cell_of_a_record_stops_the_read(
    told: tuple[Running, Someone], table: str, column: str
) -> None:
    """IT5: every stored cell of a record is bound to the log, directly or through what it seals."""
    running, person = told
    tamper(running, every_cell(table, column))
    with pytest.raises(RemoteProblemError) as refused:
        read(running, person)
    assert (refused.value.status, refused.value.code) == (500, "stored_document_damaged")


def test_records_of_two_people_exchanged_are_not_released(told: tuple[Running, Someone]) -> None:
    """IT5: another patient's rows under this patient's name."""
    running, person = told
    other = Someone("taro")
    start_other(running, other)

    def exchange(database: Database) -> None:
        mine, theirs = ("m26-1", "t26-1")
        cells = "nonce, ciphertext, signature"
        a = database.execute(f"SELECT {cells} FROM document WHERE id = ?", (mine,)).fetchone()
        b = database.execute(f"SELECT {cells} FROM document WHERE id = ?", (theirs,)).fetchone()
        for name, row in ((mine, b), (theirs, a)):
            database.execute(
                "UPDATE document SET nonce = ?, ciphertext = ?, signature = ? WHERE id = ?", (*row, name)
            )

    tamper(running, exchange)
    with pytest.raises(RemoteProblemError) as refused:
        read(running, person)
    assert refused.value.code == "stored_document_damaged"
    assert {each.row for each in audit(running).findings} == {"id=m26-1 version=1", "id=t26-1 version=1"}


def start_other(running: Running, other: Someone) -> None:
    """Give another person records of the same kind."""
    running.enrol(other, MEDICATION)
    sealed = seal(running.world, other, documents(3, prefix="t26"), compartment=MEDICATION[2])
    deposit(running, other, [sealed])


@pytest.mark.parametrize("column", ["content", "recipient"])
def test_changed_directive_stops_the_read(told: tuple[Running, Someone], column: str) -> None:
    """IT6: a directive that is not what the person signed permits nothing."""
    running, person = told

    def change(database: Database) -> None:
        cell = bytearray(database.execute(f"SELECT {column} FROM directive").fetchone()[0])
        cell[-1] ^= 1
        database.execute(f"UPDATE directive SET {column} = ?", (bytes(cell),))

    tamper(running, change)
    with pytest.raises(RemoteProblemError) as refused:
        read(running, person)
    expected = {"content": (500, "stored_directive_damaged"), "recipient": (403, "no_permission")}
    assert (refused.value.status, refused.value.code) == expected[column]
    assert {each.table for each in audit(running).findings} == {"directive"}


def test_changed_log_row_is_named_by_the_audit(told: tuple[Running, Someone]) -> None:
    """IT1: a leaf and an event of the journal."""
    running, _ = told
    tamper(running, flip("log_leaf", "leaf", "position = ?"))
    tamper(running, flip("journal_entry", "opening", "position = ?"))
    assert {"log_leaf", "journal_entry"} <= {each.table for each in audit(running).findings}


def test_read_stops_when_the_log_entry_of_its_records_was_changed(told: tuple[Running, Someone]) -> None:
    """IT1: without the deposit's entry nothing says what was deposited."""
    running, person = told

    def change(database: Database) -> None:
        database.execute(
            "UPDATE journal_entry SET opening = zeroblob(length(opening)) "
            "WHERE position IN (SELECT position FROM deposit)"
        )

    tamper(running, change)
    with pytest.raises(RemoteProblemError) as refused:
        read(running, person)
    assert (refused.value.status, refused.value.code) == (500, "stored_document_damaged")


def test_rolled_back_log_is_not_signed_again(told: tuple[Running, Someone]) -> None:
    """IT1: after truncation the centre signs no head that contradicts the one it signed before."""
    running, person = told
    read(running, person)

    def truncate(database: Database) -> None:
        size = database.execute("SELECT size FROM log_head").fetchone()[0] - 1
        database.execute("DELETE FROM log_leaf WHERE position >= ?", (size,))
        database.execute("DELETE FROM journal_entry WHERE position >= ?", (size,))
        kept = [node_address(level, at) for level in range(size.bit_length()) for at in range(size >> level)]
        database.execute(f"DELETE FROM log_node WHERE address NOT IN ({','.join(map(str, kept))})")
        database.execute("UPDATE log_head SET size = ?", (size,))

    tamper(running, truncate)
    with pytest.raises(RemoteProblemError) as refused:
        read(running, person)
    assert (refused.value.status, refused.value.code) == (500, "stored_log_damaged")
    assert "log_checkpoint" in {each.table for each in audit(running).findings}


def test_unchanged_records_are_read_in_their_newest_version(told: tuple[Running, Someone]) -> None:
    """IT5, the other side: nothing above is refused for another reason."""
    running, person = told
    opened = open_answer(running.world, person, read(running, person))
    assert opened["m26-0"].endswith(b"v2")
    assert len(opened) == 5
