"""The release ledger

Two tables that are anonymous each by itself can expose somebody together. A ledger keeps who was in which class of
which release, sealed with a key that is not in its database, and refuses what would.
"""

from pathlib import Path

import pandas as pd
from support.spec import refused, shows

import anonymize as an

PATIENTS = pd.DataFrame({"id": list("abcdefgh"), "age": [20, 21, 22, 23, 35, 36, 37, 38]})
BY_TWENTY = an.Schema(quasi={"age": an.Hierarchy.intervals([5, 20])}, identifying=["id"])
SHIFTED = an.Schema(quasi={"age": an.Hierarchy.intervals([20], origin=16)}, identifying=["id"])
KEY = bytes(32)


def test_joint(tmp_path: Path) -> None:
    """Anonymous one by one, not together

    The first table has classes of four. The second has classes of five and three, but somebody of 35 is alone in
    both the first's [35, 40) and the second's [16, 36).
    """
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY)
    first = an.anonymize(PATIENTS, BY_TWENTY, models=[an.KAnonymity(3)])
    release = ledger.release(first, recipient="univ-x", persons=PATIENTS["id"].tolist())
    shows(release.id, "`1`")

    second = an.anonymize(PATIENTS, SHIFTED, models=[an.KAnonymity(3)], levels={"age": 1})
    with refused("""JointDisclosureError: The release to 'univ-x' is refused: together with release 1 it leaves
        fewer than 3 persons in a joint class. Release the earlier table unchanged, choose coarser
        levels, or wait until enough persons have joined or left."""):
        ledger.release(second, recipient="univ-x", persons=PATIENTS["id"].tolist())


def test_again(tmp_path: Path) -> None:
    """The same table again

    It tells nothing new and may leave again.
    """
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY)
    first = an.anonymize(PATIENTS, BY_TWENTY, models=[an.KAnonymity(3)])
    ledger.release(first, recipient="univ-x", persons=PATIENTS["id"].tolist())
    again = ledger.release(first, recipient="univ-x", persons=PATIENTS["id"].tolist())
    shows(again.id, "`2`")


def test_change(tmp_path: Path) -> None:
    """One person more or less

    What differs between the two tables is that person.
    """
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY)
    first = an.anonymize(PATIENTS, BY_TWENTY, models=[an.KAnonymity(3)])
    ledger.release(first, recipient="univ-x", persons=PATIENTS["id"].tolist())

    fewer = PATIENTS[:7]
    second = an.anonymize(fewer, BY_TWENTY, models=[an.KAnonymity(3)])
    with refused("""JointDisclosureError: The release to 'univ-x' is refused: together with release 1 it leaves
        fewer than 3 persons in a joint class. Release the earlier table unchanged, choose coarser
        levels, or wait until enough persons have joined or left."""):
        ledger.release(second, recipient="univ-x", persons=fewer["id"].tolist())


def test_public(tmp_path: Path) -> None:
    """Published tables

    They count as held by everybody: what is published is checked with what every recipient has.
    """
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY)
    first = an.anonymize(PATIENTS, BY_TWENTY, models=[an.KAnonymity(3)])
    ledger.release(first, recipient=an.PUBLIC, persons=PATIENTS["id"].tolist())

    second = an.anonymize(PATIENTS, SHIFTED, models=[an.KAnonymity(3)], levels={"age": 1})
    with refused("""JointDisclosureError: The release to 'univ-y' is refused: together with release 1 it leaves
        fewer than 3 persons in a joint class. Release the earlier table unchanged, choose coarser
        levels, or wait until enough persons have joined or left."""):
        ledger.release(second, recipient="univ-y", persons=PATIENTS["id"].tolist())


def test_together(tmp_path: Path) -> None:
    """Recipients who put together what they have

    All releases together must leave `k_union` persons in every joint class (2, unless the policy says otherwise).
    """
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY)
    first = an.anonymize(PATIENTS, BY_TWENTY, models=[an.KAnonymity(3)])
    ledger.release(first, recipient="univ-x", persons=PATIENTS["id"].tolist())

    second = an.anonymize(PATIENTS, SHIFTED, models=[an.KAnonymity(3)], levels={"age": 1})
    with refused("""JointDisclosureError: The release to 'univ-y' is refused: with what other recipients hold, it
        leaves fewer than 2 persons in a joint class. Release the earlier table unchanged, choose
        coarser levels, or wait until enough persons have joined or left."""):
        ledger.release(second, recipient="univ-y", persons=PATIENTS["id"].tolist())


def test_withdrawn(tmp_path: Path) -> None:
    """Who withdrew

    Is in no later table. The tables before and after differ by that person, so a table without only one of a class
    is refused to who has the earlier one.
    """
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY)
    first = an.anonymize(PATIENTS, BY_TWENTY, models=[an.KAnonymity(3)])
    ledger.release(first, recipient="univ-x", persons=PATIENTS["id"].tolist())

    ledger.withdraw(["h"])
    with refused("""LedgerError: 1 rows are of persons who withdrew; leave them out before anonymising (`withdrawn`
        tells which)."""):
        ledger.release(first, recipient="univ-x", persons=PATIENTS["id"].tolist())


def test_lost(tmp_path: Path) -> None:
    """A ledger that was lost or rolled back

    Is not used: an anchor, kept elsewhere, knows its newest state.
    """
    anchor = an.FileAnchor(tmp_path / "head.json")
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY, anchor=anchor)
    first = an.anonymize(PATIENTS, BY_TWENTY, models=[an.KAnonymity(3)])
    ledger.release(first, recipient="univ-x", persons=PATIENTS["id"].tolist())

    (tmp_path / "ledger.sqlite").unlink()
    empty = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY, anchor=anchor)
    with refused("""LedgerError: The release ledger is behind its anchor: it was lost, rolled back or exchanged;
        release nothing, and restore it from a backup that contains every entry."""):
        empty.release(first, recipient="univ-x", persons=PATIENTS["id"].tolist())


def test_search(tmp_path: Path) -> None:
    """The best table that may leave

    With `ledger`, `recipient` and `persons` the search looks among the tables that the ledger would let leave now.
    """
    ledger = an.ReleaseLedger(f"sqlite:///{tmp_path}/ledger.sqlite", key=KEY)
    persons = PATIENTS["id"].tolist()
    first = an.anonymize(PATIENTS, BY_TWENTY, models=[an.KAnonymity(3)])
    ledger.release(first, recipient="univ-x", persons=persons)

    second = an.anonymize(
        PATIENTS, SHIFTED, models=[an.KAnonymity(3)], ledger=ledger, recipient="univ-x", persons=persons
    )
    shows(second.levels["age"], "`2`")
    shows(ledger.release(second, recipient="univ-x", persons=persons).id, "`2`")
