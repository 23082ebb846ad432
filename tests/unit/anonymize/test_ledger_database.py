"""The ledger's own database: on SQLite and PostgreSQL, its anchor outside, its key, its charges."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import create_engine, text
from support.database import DATABASES, database_url
from support.ledgers import sent_at_once

import anonymize as an

KEY = bytes(range(32))
PERSONS = [f"person-{number}" for number in range(12)]


def result(df: pd.DataFrame | None = None, *, width: int = 10, origin: int = 0, level: int = 1) -> an.Result:
    table = pd.DataFrame({"age": [1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33]}) if df is None else df
    schema = an.Schema(quasi={"age": an.Hierarchy.intervals([width, 2 * width], origin=origin)})
    return an.anonymize(table, schema, models=[an.KAnonymity(3)], levels={"age": level})


def crossing() -> an.Result:
    """Cuts the classes of `result()` so that one person stands alone."""
    return result(width=12, origin=-1)


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return database_url(request.param) or f"sqlite:///{tmp_path / 'ledger.db'}"


def test_release_refusal_and_withdrawal_survive_on_every_database(database: str) -> None:
    ledger = an.ReleaseLedger(database, key=KEY)
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.JointDisclosureError):
        ledger.release(crossing(), recipient="univ-x", persons=PERSONS)
    ledger.withdraw(PERSONS[:1])
    again = an.ReleaseLedger(database, key=KEY)
    assert again.verify() == 1
    assert [(each.smallest, each.persons) for each in again.refusals()] == [(1, 3)]
    assert again.withdrawn(PERSONS).tolist() == [True] + [False] * 11


def test_refusal_is_charged_although_it_raises(database: str) -> None:
    ledger = an.ReleaseLedger(database, key=KEY, policy=an.LedgerPolicy(refusals=1))
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.JointDisclosureError) as charged:
        ledger.release(crossing(), recipient="univ-x", persons=PERSONS)
    assert not isinstance(charged.value, an.RefusalsExhaustedError)
    with pytest.raises(an.RefusalsExhaustedError):
        ledger.release(crossing(), recipient="univ-x", persons=PERSONS)
    assert len(ledger.refusals()) == 1, "what was not looked at is not charged"
    ledger.release(result(level=2), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.RefusalsExhaustedError):
        ledger.release(result(width=20), recipient="univ-x", persons=PERSONS)
    apart = [f"other-{number}" for number in range(12)]
    with pytest.raises(an.RefusalsExhaustedError):
        ledger.release(result(), recipient="univ-x", persons=apart)
    ledger.release(result(), recipient="univ-y", persons=apart)


def test_ledger_behind_its_anchor_releases_nothing(tmp_path: Path) -> None:
    """A backup that lacks a release would forget what the recipient holds."""
    path, anchor = tmp_path / "ledger.db", an.FileAnchor(tmp_path / "anchor.json")

    def opened() -> an.ReleaseLedger:
        return an.ReleaseLedger(f"sqlite:///{path}", key=KEY, anchor=anchor)

    opened().release(result(), recipient="univ-x", persons=PERSONS)
    shutil.copy(path, tmp_path / "backup.db")
    opened().release(result(width=20), recipient="univ-x", persons=PERSONS)
    assert opened().verify() == 2
    shutil.copy(tmp_path / "backup.db", path)
    with pytest.raises(an.LedgerError, match="behind its anchor"):
        opened().release(result(), recipient="univ-x", persons=PERSONS)
    path.unlink()
    with pytest.raises(an.LedgerError, match="behind its anchor"):
        opened().release(result(), recipient="univ-x", persons=PERSONS)


def test_ledger_that_went_another_way_than_its_anchor_releases_nothing(tmp_path: Path) -> None:
    anchor = an.FileAnchor(tmp_path / "anchor.json")
    an.ReleaseLedger(f"sqlite:///{tmp_path / 'a.db'}", key=KEY, anchor=anchor).release(
        result(), recipient="univ-x", persons=PERSONS
    )
    other = f"sqlite:///{tmp_path / 'b.db'}"
    for _ in range(2):
        an.ReleaseLedger(other, key=KEY).release(result(), recipient="univ-x", persons=PERSONS)
    with pytest.raises(an.LedgerError, match="behind its anchor"):
        an.ReleaseLedger(other, key=KEY, anchor=anchor).verify()


def test_lost_anchor_is_no_new_beginning(tmp_path: Path) -> None:
    url, anchor = f"sqlite:///{tmp_path / 'ledger.db'}", an.FileAnchor(tmp_path / "anchor.json")
    ledger = an.ReleaseLedger(url, key=KEY, anchor=anchor)
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    (tmp_path / "anchor.json").unlink()
    with pytest.raises(an.LedgerError, match="restore the anchor"):
        ledger.verify()
    anchor.advance(ledger.head())
    assert ledger.verify() == 1
    (tmp_path / "anchor.json").write_text("{}")
    with pytest.raises(an.LedgerError, match="cannot be read"):
        ledger.verify()


def test_anchor_does_not_go_back(tmp_path: Path) -> None:
    anchor = an.FileAnchor(tmp_path / "anchor.json")
    anchor.advance(an.Head(2, b"2" * 32))
    anchor.advance(an.Head(1, b"1" * 32))
    assert anchor.read() == an.Head(2, b"2" * 32)


KILLED = """
import os, signal, sys
from pathlib import Path
import pandas as pd
import anonymize as an
from anonymize import ledger_anchor, ledger_store

moment, folder = sys.argv[1], Path(sys.argv[2])

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

table = pd.DataFrame({"age": [1, 2, 3, 11, 12, 13, 21, 22, 23, 31, 32, 33]})
schema = an.Schema(quasi={"age": an.Hierarchy.intervals([20])})
result = an.anonymize(table, schema, models=[an.KAnonymity(3)], levels={"age": 1})
anchor = an.FileAnchor(folder / "anchor.json")
ledger = an.ReleaseLedger(f"sqlite:///{folder / 'ledger.db'}", key=bytes(range(32)), anchor=anchor)
if moment == "before the commit":
    write = ledger_store.LedgerStore.append
    ledger_store.LedgerStore.append = lambda *given, **named: die(write(*given, **named))
elif moment == "after the commit":
    anchor.advance = die
elif moment == "within the anchor":
    ledger_anchor.Path.replace = die
ledger.release(result, recipient="univ-x", persons=[f"person-{number}" for number in range(12)])
print("left")
"""


@pytest.mark.parametrize(
    ("moment", "entries"),
    [("before the commit", 1), ("after the commit", 2), ("within the anchor", 2), ("never", 2)],
)
def test_death_at_any_moment_leaves_a_ledger_that_remembers_all_that_left(
    tmp_path: Path, moment: str, entries: int
) -> None:
    anchor = an.FileAnchor(tmp_path / "anchor.json")
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path / 'ledger.db'}", key=KEY, anchor=anchor)
    ledger.release(result(), recipient="univ-x", persons=PERSONS)
    died = subprocess.run(
        [sys.executable, "-c", KILLED, moment, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (died.returncode == 0) == (moment == "never")
    assert died.returncode in (0, -signal.SIGKILL)
    assert ("left" in died.stdout) == (moment == "never")
    assert ledger.verify() == entries
    assert anchor.read() == ledger.head(), "opening it brought the anchor up"
    ledger.release(result(), recipient="univ-x", persons=PERSONS)


def test_ledger_without_a_key_keeps_one_beside_its_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    an.ReleaseLedger(url).release(result(), recipient="univ-x", persons=PERSONS)
    assert an.ReleaseLedger(url).verify() == 1
    key = tmp_path / "ledger.db.key"
    assert key.stat().st_mode & 0o077 == 0
    assert key.read_bytes() not in (tmp_path / "ledger.db").read_bytes()
    key.unlink()
    with pytest.raises(an.LedgerError, match="key file is missing"):
        an.ReleaseLedger(url)


def test_postgresql_needs_a_key_of_its_own() -> None:
    with pytest.raises(an.LedgerError, match="needs key="):
        an.ReleaseLedger("postgresql+psycopg://127.0.0.1/none")


def test_policy_may_ask_for_m_invariance() -> None:
    """Each class shows its values once, and a person's classes the same values every time."""
    table = pd.DataFrame({"age": [1, 2, 11, 12], "disease": ["a", "b", "a", "b"]})
    schema = an.Schema(quasi={"age": an.Hierarchy.intervals([10, 20])}, sensitive=["disease"])

    def cut(level: int, order: str) -> an.Result:
        models: list[an.Model] = [an.KAnonymity(2), an.DistinctLDiversity("disease", 2)]
        return an.anonymize(table.assign(disease=list(order)), schema, models=models, levels={"age": level})

    ledger = an.ReleaseLedger("sqlite://", policy=an.LedgerPolicy(values=an.JointValues.INVARIANT))
    ledger.release(cut(1, "abab"), recipient="univ-x", persons=PERSONS[:4])
    ledger.release(cut(1, "baab"), recipient="univ-x", persons=PERSONS[:4])
    with pytest.raises(an.JointDisclosureError, match="same values of 'disease', each once"):
        ledger.release(cut(2, "abab"), recipient="univ-x", persons=PERSONS[:4])


def test_of_two_decisions_at_once_the_second_knows_the_first(database: str) -> None:
    exports = [result(), crossing()] * 3
    outcomes = sent_at_once(database, exports, key=KEY, persons=PERSONS)
    assert outcomes == ["refused"] * 3 + ["released"] * 3
    assert len(an.ReleaseLedger(database, key=KEY).refusals()) == 3


@pytest.mark.parametrize("settings", [{"k_union": 0}, {"refusals": -1}, {"l_union": True}, {"k_union": 1.5}])
def test_policy_that_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(an.LedgerError, match="whole number"):
        an.LedgerPolicy(**settings)


def test_tables_of_counts_are_checked_like_releases(database: str) -> None:
    ledger = an.ReleaseLedger(database, key=KEY)
    wards = [None, None, None, *["east"] * 5, *["west"] * 4]
    assert ledger.release_counts(wards, recipient="univ-x", persons=PERSONS, k=3).id == 1
    others = [*wards[:7], *["west"] * 5]
    with pytest.raises(an.JointDisclosureError):
        ledger.release_counts(others, recipient="univ-x", persons=PERSONS, k=3)
    with pytest.raises(an.JointDisclosureError):
        ledger.release_counts(wards[1:], recipient="univ-x", persons=PERSONS[1:], k=3)
    with pytest.raises(an.JointDisclosureError):
        ledger.release(result(), recipient="univ-x", persons=PERSONS)
    with create_engine(database).connect() as opened:
        kinds = opened.execute(text("SELECT kind FROM ledger_entry ORDER BY id")).scalars().all()
    assert kinds == ["release", "refusal", "refusal", "refusal"]
