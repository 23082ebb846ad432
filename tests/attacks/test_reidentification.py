"""Attacks on anonymised releases: RI1, RI2, RI4 and RI6."""

import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anonymize as an
from anonymize.releases import opaque

KEY = bytes(range(32))
K = 5


def population(count: int) -> pd.DataFrame:
    draw = random.Random(2026)
    return pd.DataFrame(
        {
            "person": [f"p{number}" for number in range(count)],
            "age": [draw.randint(0, 89) for _ in range(count)],
            "zip": [f"{draw.randint(0, 2)}{draw.randint(0, 9)}" for _ in range(count)],
            "disease": [draw.choice("abcd") for _ in range(count)],
        }
    )


def table(
    df: pd.DataFrame, *, origin: int = 0, width: int = 30, zip_level: int = 1, limit: float = 0.0
) -> an.Result:
    schema = an.Schema(
        quasi={
            "age": an.Hierarchy.intervals([width], origin=origin),
            "zip": an.Hierarchy.redaction(length=2),
        },
        sensitive=["disease"],
        identifying=["person"],
    )
    return an.anonymize(
        df, schema, models=[an.KAnonymity(K)], suppression_limit=limit, levels={"age": 1, "zip": zip_level}
    )


@pytest.fixture
def ledger(tmp_path: Path) -> an.ReleaseLedger:
    return an.ReleaseLedger(f"sqlite:///{tmp_path / 'ledger.db'}", key=KEY)


def send(ledger: an.ReleaseLedger, result: an.Result, df: pd.DataFrame) -> an.Release:
    return ledger.release(result, recipient="univ-x", persons=df["person"].tolist())


def test_exports_that_are_anonymous_only_one_by_one_are_refused(ledger: an.ReleaseLedger) -> None:
    """RI1: exports that are each k-anonymous, recut so that their joint classes fall below k."""
    df = population(1000)
    send(ledger, table(df), df)
    granted, refusals = 1, []
    for origin in range(1, 20):
        export = table(df, origin=origin, zip_level=2)
        assert an.measure(export.frame, quasi=["age", "zip"]).k >= K, "each export is safe by itself"
        try:
            send(ledger, export, df)
            granted += 1
        except an.JointDisclosureError as error:
            refusals.append(error)
    assert refusals
    assert all(each.releases or isinstance(each, an.RefusalsExhaustedError) for each in refusals)
    counted = [each.smallest or 0 for each in ledger.refusals()]
    assert 10 >= len(counted) > 0
    assert all(0 < smallest < K for smallest in counted)
    assert ledger.verify() == granted, "what was released stands, what was refused is nowhere"


def test_absence_from_an_export_counts_as_a_class(ledger: an.ReleaseLedger) -> None:
    """RI1: cohorts that overlap by all but a few persons, who show by being in one export only."""
    df = population(200)
    send(ledger, table(df), df)
    part = df[3:]
    with pytest.raises(an.JointDisclosureError):
        send(ledger, table(part), part)


def test_suppression_in_one_export_counts_as_a_class(ledger: an.ReleaseLedger) -> None:
    """RI1: persons who are suppressed in one export and shown in another."""
    crowd, outliers = population(200), population(6).assign(person=list("uvwxyz"))
    first = pd.concat([crowd, outliers.assign(age=range(500, 680, 30))])
    export = table(first, limit=0.1, zip_level=2)
    assert export.suppressed == 6
    send(ledger, export, first)
    second = pd.concat([crowd, outliers.assign(age=[10, 40] * 3)])
    with pytest.raises(an.JointDisclosureError):
        send(ledger, table(second, zip_level=2), second)
    assert [(each.smallest, each.persons) for each in ledger.refusals()] == [(3, 6)]


@pytest.mark.parametrize("change", ["withdrawn", "joined", "changed"])
def test_export_after_one_persons_change_is_refused(ledger: an.ReleaseLedger, change: str) -> None:
    """RI2: the same export again after one person withdrew, joined, or moved to another class."""
    df = population(200)
    before, after = df, df.copy()
    match change:
        case "withdrawn":
            after = df[1:]
        case "joined":
            before = df[1:]
        case "changed":
            after["age"] = [(df["age"].iloc[0] + 30) % 90, *df["age"].iloc[1:]]
    send(ledger, table(before), before)
    with pytest.raises(an.JointDisclosureError):
        send(ledger, table(after), after)
    assert [each.smallest for each in ledger.refusals()] == [1]
    send(ledger, table(before), before)


def test_class_with_one_sensitive_value_is_refused() -> None:
    """RI4: a k-anonymous class whose members all have the same disease."""
    df = population(200).assign(disease=lambda frame: np.where(frame["age"] < 30, "a", frame["disease"]))
    schema = an.Schema(quasi={"age": an.Hierarchy.intervals([30])}, sensitive=["disease"])
    models: list[an.Model] = [an.KAnonymity(K), an.DistinctLDiversity("disease", 2)]
    with pytest.raises(an.NoSolutionError, match="distinct l-diversity"):
        an.anonymize(df, schema, models=models, levels={"age": 1})
    free = an.anonymize(df, schema, models=models)
    assert an.measure(free.frame, quasi=["age"], sensitive=["disease"]).l["disease"] >= 2


def test_exports_whose_classes_intersect_in_one_sensitive_value_are_refused(ledger: an.ReleaseLedger) -> None:
    """RI4: two l-diverse exports; the persons common to two classes share their disease."""
    df = pd.DataFrame(
        {
            "person": [f"p{number}" for number in range(20)],
            "age": [5] * 5 + [15] * 5 + [25] * 5 + [35] * 5,
            "disease": list("aaaaabbbbbcccccddddd"),
        }
    )
    schema = an.Schema(
        quasi={"age": an.Hierarchy.intervals([20])}, sensitive=["disease"], identifying=["person"]
    )
    models: list[an.Model] = [an.KAnonymity(K), an.DistinctLDiversity("disease", 2)]
    send(ledger, an.anonymize(df, schema, models=models, levels={"age": 1}), df)
    later = df.assign(age=df["age"].map({5: 5, 25: 15, 15: 25, 35: 35}))
    crossed = an.anonymize(later, schema, models=models, levels={"age": 1})
    with pytest.raises(an.JointDisclosureError, match="candidates for somebody's 'disease'"):
        send(ledger, crossed, later)
    assert [(each.smallest, each.persons) for each in ledger.refusals()] == [(5, 20)]


def test_row_order_tells_nothing(ledger: an.ReleaseLedger) -> None:
    """RI6: linking rows over exports by their position, index or a column of numbers."""
    df = population(2000).assign(marker=range(2000))
    orders = []
    for _ in range(2):
        frame = send(ledger, table(df), df).frame
        assert list(frame.columns) == ["age", "zip", "disease", "marker"], "no class or row number was added"
        assert frame.index.equals(pd.RangeIndex(2000))
        assert sorted(frame["marker"]) == list(range(2000))
        orders.append(frame["marker"].to_numpy())
    # The rank correlation of independent orders has deviation 1/sqrt(n) = 0.022: five of them.
    assert abs(np.corrcoef(orders[0], np.arange(2000))[0, 1]) < 0.112
    assert abs(np.corrcoef(orders[0], orders[1])[0, 1]) < 0.112


def test_class_numbers_are_drawn_anew_for_each_release() -> None:
    """RI6: reading an order of the quasi-identifiers out of a ledger's class numbers, its key stolen too."""
    in_order = np.repeat(np.arange(80), 5)
    drawn = [opaque(in_order, random.Random(seed)) for seed in (1, 2)]
    assert all(sorted(set(one.tolist())) == list(range(1, 81)) for one in drawn)
    assert (drawn[0] != drawn[1]).any()
    assert all(abs(np.corrcoef(one, in_order)[0, 1]) < 0.3 for one in drawn)
