"""anonymize(..., ledger=...): a table that the ledger lets leave, where the best by itself would be refused."""

import numpy as np
import pandas as pd
import pytest

import anonymize as an

KEY = bytes(range(32))
AGES = np.repeat([1, 4, 7, 11, 14, 17], 4)
TABLE = pd.DataFrame({"age": AGES, "sex": ["f", "m"] * 12, "disease": list("abcd") * 6})
PERSONS = [f"p{number}" for number in range(len(TABLE))]
MODELS: list[an.Model] = [an.KAnonymity(4)]


def schema(widths: list[int], *, origin: int = 0) -> an.Schema:
    ages = an.Hierarchy.intervals(widths, origin=origin)
    return an.Schema(quasi={"age": ages, "sex": an.Hierarchy.suppression()}, sensitive=["disease"])


@pytest.fixture
def ledger() -> an.ReleaseLedger:
    held = an.ReleaseLedger("sqlite://", key=KEY)
    first = an.anonymize(TABLE, schema([10, 20]), models=MODELS, levels={"age": 1, "sex": 0})
    held.release(first, recipient="univ-x", persons=PERSONS)
    return held


def test_search_avoids_what_would_be_refused(ledger: an.ReleaseLedger) -> None:
    alone = an.anonymize(TABLE, schema([3, 12, 24]), models=MODELS)
    with pytest.raises(an.JointDisclosureError):
        ledger.release(alone, recipient="univ-x", persons=PERSONS)
    joint = an.anonymize(
        TABLE, schema([3, 12, 24]), models=MODELS, ledger=ledger, recipient="univ-x", persons=PERSONS
    )
    assert joint.loss > alone.loss
    ledger.release(joint, recipient="univ-x", persons=PERSONS)
    described = joint.report["asked"]
    assert "joint" not in str(described), "the report that leaves says nothing of earlier releases"


def test_without_earlier_releases_it_is_the_ordinary_search() -> None:
    empty = an.ReleaseLedger("sqlite://", key=KEY)
    alone = an.anonymize(TABLE, schema([3, 12]), models=MODELS)
    joint = an.anonymize(
        TABLE, schema([3, 12]), models=MODELS, ledger=empty, recipient="univ-x", persons=PERSONS
    )
    assert (joint.levels, joint.loss, joint.suppressed) == (alone.levels, alone.loss, alone.suppressed)
    pd.testing.assert_frame_equal(joint.frame, alone.frame)


def test_suppressed_block_takes_as_many_classes_as_it_needs() -> None:
    """Two persons of different earlier classes moved: each needs a class of its own earlier class beside it."""
    ages = np.repeat([1, 4, 7, 11, 14, 17], 5)
    df = pd.DataFrame({"age": ages, "sex": "f", "disease": list("abcde") * 6})
    persons = [f"p{number}" for number in range(30)]
    ledger = an.ReleaseLedger("sqlite://", key=KEY)
    first = an.anonymize(df, schema([10]), models=MODELS, levels={"age": 1})
    ledger.release(first, recipient="univ-x", persons=persons)
    joint = an.anonymize(
        df.assign(age=[50, *ages[1:-1], 50]),
        schema([3]),
        models=MODELS,
        suppression_limit=0.5,
        levels={"age": 1},
        ledger=ledger,
        recipient="univ-x",
        persons=persons,
    )
    assert joint.suppressed == 2 + 4 + 4
    search = joint.report["search"]
    assert isinstance(search, dict)
    assert search["optimal"] is False, "several classes were added one by one"
    ledger.release(joint, recipient="univ-x", persons=persons)


def test_search_counts_the_values_that_two_classes_have_in_common() -> None:
    """Values changed: younger and older would show one value each that they may have had before, together two."""
    before = pd.DataFrame({"age": [5, 5, 15, 15], "disease": ["flu", "gout", "flu", "gout"]})
    later = before.assign(disease=["flu", "asthma", "gout", "asthma"])
    ages = an.Schema(quasi={"age": an.Hierarchy.intervals([10, 20])}, sensitive=["disease"])
    models: list[an.Model] = [an.KAnonymity(2), an.DistinctLDiversity("disease", 2)]
    ledger = an.ReleaseLedger("sqlite://", key=KEY)
    first = an.anonymize(before, ages, models=models, levels={"age": 2})
    ledger.release(first, recipient="univ-x", persons=PERSONS[:4])
    joint = an.anonymize(later, ages, models=models, ledger=ledger, recipient="univ-x", persons=PERSONS[:4])
    assert an.anonymize(later, ages, models=models).levels == {"age": 1}
    assert joint.levels == {"age": 2}
    ledger.release(joint, recipient="univ-x", persons=PERSONS[:4])


def test_cohort_that_shows_few_by_their_absence_has_no_table(ledger: an.ReleaseLedger) -> None:
    with pytest.raises(an.NoSolutionError, match="even with all in one class"):
        an.anonymize(
            TABLE[1:],
            schema([3, 12]),
            models=MODELS,
            ledger=ledger,
            recipient="univ-x",
            persons=PERSONS[1:],
        )


def test_half_a_request_is_refused(ledger: an.ReleaseLedger) -> None:
    with pytest.raises(an.LedgerError, match="all of ledger=, recipient= and persons="):
        an.anonymize(TABLE, schema([3]), models=MODELS, ledger=ledger)
    with pytest.raises(an.LedgerError, match="23 entries for 24 rows"):
        an.anonymize(
            TABLE, schema([3]), models=MODELS, ledger=ledger, recipient="univ-x", persons=PERSONS[1:]
        )
