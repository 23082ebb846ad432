"""Counts that are remembered: what is refused, what is charged, and what a changed database does."""

import random
import shutil
from pathlib import Path

import pytest
from support.database import DATABASES, database_url

import anonymize as an

KEY = bytes(range(32))
EVERYBODY = list(range(100))


@pytest.fixture(params=DATABASES)
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> an.CountLedger:
    url = database_url(request.param) or f"sqlite:///{tmp_path / 'counts.db'}"
    return an.CountLedger(url, key=KEY)


def test_counts_are_rounded_and_may_be_had_again(ledger: an.CountLedger) -> None:
    assert ledger.count(EVERYBODY[:43], recipient="univ-x") == 45
    assert ledger.count(EVERYBODY[:43], recipient="univ-x") == 45
    assert ledger.count(EVERYBODY[42::-1], recipient="univ-x") == 45


def test_groups_that_differ_enough_are_counted(ledger: an.CountLedger) -> None:
    ledger.count(EVERYBODY[:40], recipient="univ-x")
    assert ledger.count(EVERYBODY[:50], recipient="univ-x") == 50
    assert ledger.count(EVERYBODY[45:], recipient="univ-x") == 55, "counts tell no intersection"


def test_many_overlapping_groups_are_counted_and_one_that_completes_a_difference_is_not(
    ledger: an.CountLedger,
) -> None:
    draw, people = random.Random(1), list(range(2000))
    groups = [draw.sample(people, 800) for _ in range(30)]
    for group in groups:
        assert ledger.count(group, recipient="univ-x") == 800
    with pytest.raises(an.DifferencingError):
        ledger.count(groups[7][3:], recipient="univ-x")


def test_recipients_are_apart_but_for_what_is_public(ledger: an.CountLedger) -> None:
    ledger.count(EVERYBODY[:40], recipient="univ-x")
    ledger.count(EVERYBODY[:41], recipient="univ-y")
    with pytest.raises(an.DifferencingError):
        ledger.count(EVERYBODY[:42], recipient=an.PUBLIC)
    ledger.count(EVERYBODY, recipient=an.PUBLIC)
    with pytest.raises(an.DifferencingError):
        ledger.count(EVERYBODY[1:], recipient="univ-z")


def test_several_sets_are_admitted_all_or_none(ledger: an.CountLedger) -> None:
    with pytest.raises(an.DifferencingError):
        ledger.admit([EVERYBODY[:40], EVERYBODY[:41]], recipient="univ-x")
    assert ledger.admit([EVERYBODY[:41], EVERYBODY[41:]], recipient="univ-x") == 2


@pytest.mark.parametrize("few", [0, 1, 9])
def test_few_persons_are_not_counted_nor_nobody(ledger: an.CountLedger, few: int) -> None:
    with pytest.raises(an.DifferencingError):
        ledger.count(EVERYBODY[:few], recipient="univ-x")


def test_after_the_last_refusal_nothing_is_looked_at(tmp_path: Path) -> None:
    ledger = an.CountLedger(f"sqlite:///{tmp_path / 'counts.db'}", key=KEY, refusals=1)
    with pytest.raises(an.DifferencingError, match="too much"):
        ledger.count(EVERYBODY[:3], recipient="univ-x")
    assert ledger.refusals_left("univ-x") == 0
    with pytest.raises(an.DifferencingError, match="used up"):
        ledger.count(EVERYBODY, recipient="univ-x")
    assert ledger.count(EVERYBODY, recipient="univ-y") == 100


def test_a_ledger_opened_again_remembers(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'counts.db'}"
    an.CountLedger(url).count(EVERYBODY, recipient="univ-x")
    with pytest.raises(an.DifferencingError):
        an.CountLedger(url).count(EVERYBODY[1:], recipient="univ-x")


def test_a_database_that_was_put_back_is_not_used(tmp_path: Path) -> None:
    database, copy = tmp_path / "counts.db", tmp_path / "copy.db"
    anchor = an.FileAnchor(tmp_path / "anchor.json")

    def opened() -> an.CountLedger:
        return an.CountLedger(f"sqlite:///{database}", key=KEY, anchor=anchor)

    opened()
    shutil.copy(database, copy)
    opened().count(EVERYBODY, recipient="univ-x")
    shutil.copy(copy, database)
    with pytest.raises(an.LedgerError, match="behind its anchor"):
        opened().count(EVERYBODY, recipient="univ-x")


def test_another_key_does_not_open_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'counts.db'}"
    an.CountLedger(url, key=KEY).count(EVERYBODY, recipient="univ-x")
    with pytest.raises(an.LedgerError):
        an.CountLedger(url, key=bytes(32)).count(EVERYBODY, recipient="univ-x")


def test_no_persons_name_is_in_the_database(tmp_path: Path) -> None:
    people = [f"patient-{number}" for number in range(30)]
    an.CountLedger(f"sqlite:///{tmp_path / 'counts.db'}", key=KEY).count(people, recipient="univ-x")
    assert b"patient" not in (tmp_path / "counts.db").read_bytes()


def test_it_lives_beside_a_release_ledger_and_a_budget(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'all.db'}"
    releases = an.ReleaseLedger(url, key=KEY)
    an.CountLedger(url, key=KEY).count(EVERYBODY, recipient="univ-x")
    an.PrivacyBudget(url, key=KEY, epsilon=1.0).charge("univ-x", epsilon=0.5, statistic="count")
    assert releases.verify() == 0
    assert an.PrivacyBudget(url, key=KEY, epsilon=1.0).left("univ-x") == (0.5, 0.0)


def test_recipient_without_a_name_is_refused(ledger: an.CountLedger) -> None:
    with pytest.raises(an.LedgerError, match="no name"):
        ledger.count(EVERYBODY, recipient="")
