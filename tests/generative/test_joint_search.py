"""The joint search against trying every table, and against the ledger itself."""

import itertools
import random
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymize as an
from anonymize.ledger_content import Tagging
from anonymize.releases import holding_of

KEY = bytes(range(32))
SETTINGS = settings(max_examples=40, deadline=None)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Evenly drawn values: of smaller or more regular ones all classes soon are one."""
    drawn = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = int(drawn.integers(6, 15))
    columns = {name: drawn.integers(0, 8, count) for name in "xy"}
    return pd.DataFrame({**columns, "disease": drawn.choice(list("abc"), count)})


def schema(shift: int = 0) -> an.Schema:
    return an.Schema(
        quasi={
            "x": an.Hierarchy.intervals([2, 4, 8], origin=shift),
            "y": an.Hierarchy.intervals([3, 6], origin=-shift),
        },
        sensitive=["disease"],
    )


def asked(k: int, least: int) -> list[an.Model]:
    return [an.KAnonymity(k), an.DistinctLDiversity("disease", least)]


def opened() -> an.ReleaseLedger:
    return an.ReleaseLedger(
        "sqlite://", key=KEY, rng=random.Random(1), policy=an.LedgerPolicy(refusals=10**6)
    )


def persons(df: pd.DataFrame) -> list[str]:
    return [f"p{number}" for number in df.index]


def filled(df: pd.DataFrame, *, k: int, least: int = 1) -> an.ReleaseLedger:
    """A ledger that has let two tables of these persons leave, if they fitted, to two recipients."""
    ledger = opened()
    for recipient, shift, part in (("univ-x", 0, df), ("univ-y", 1, df[: len(df) // 2])):
        try:
            first = an.anonymize(part, schema(shift), models=asked(k, least), suppression_limit=0.5)
            ledger.release(first, recipient=recipient, persons=persons(part))
        except (an.NoSolutionError, an.JointDisclosureError):
            continue
    return ledger


def would_leave(ledger: an.ReleaseLedger, result: an.Result, df: pd.DataFrame, recipient: str) -> bool:
    kept = ledger.prospect(recipient, persons(df))
    holding = holding_of(result, kept.persons, k=None, tagging=Tagging(KEY), rng=random.Random(2))
    return kept.decision.refusal(holding) is None


def least_loss(
    ledger: an.ReleaseLedger, df: pd.DataFrame, *, models: Sequence[an.Model], shift: int, recipient: str
) -> float | None:
    losses = []
    for x, y in itertools.product(range(5), range(4)):
        try:
            result = an.anonymize(df, schema(shift), models=models, levels={"x": x, "y": y})
        except an.NoSolutionError:
            continue
        if would_leave(ledger, result, df, recipient):
            losses.append(result.loss)
    return min(losses, default=None)


@SETTINGS
@given(
    tables(), st.integers(1, 3), st.integers(1, 2), st.integers(0, 2), st.sampled_from(["univ-x", "public"])
)
def test_search_finds_the_best_table_that_may_leave(
    df: pd.DataFrame, k: int, least: int, shift: int, recipient: str
) -> None:
    ledger, models = filled(df, k=k), asked(k, least)
    best = least_loss(ledger, df, models=models, shift=shift, recipient=recipient)
    try:
        found = an.anonymize(
            df, schema(shift), models=models, ledger=ledger, recipient=recipient, persons=persons(df)
        )
    except an.NoSolutionError:
        assert best is None
        return
    assert best is not None
    assert found.loss == pytest.approx(best)
    assert ledger.release(found, recipient=recipient, persons=persons(df)).id


@SETTINGS
@given(tables(), st.data(), st.integers(2, 3))
def test_search_keeps_values_apart_that_changed_or_not(
    df: pd.DataFrame, data: st.DataObject, least: int
) -> None:
    """No number of persons is asked for: the values alone decide."""
    shift = data.draw(st.integers(0, 2))
    later = df.assign(disease=np.roll(df["disease"].to_numpy(), shift))
    ledger, models = filled(df, k=1, least=least), asked(1, least)
    best = least_loss(ledger, later, models=models, shift=1, recipient="univ-x")
    found = jointly(later, models=models, limit=0, ledger=ledger)
    assert (None if found is None else found.loss) == (None if best is None else pytest.approx(best))


@SETTINGS
@given(tables(), st.integers(1, 3), st.integers(1, 2), st.floats(0.1, 0.6))
def test_condemning_loses_no_better_table_with_suppression(
    df: pd.DataFrame, k: int, least: int, limit: float
) -> None:
    ledger, models = filled(df, k=k), asked(k, least)
    pinned = [
        jointly(df, models=models, limit=limit, ledger=ledger, levels={"x": x, "y": y})
        for x, y in itertools.product(range(5), range(4))
    ]
    best = min((each.loss for each in pinned if each is not None), default=None)
    found = jointly(df, models=models, limit=limit, ledger=ledger)
    for x, y in itertools.product(range(5), range(4)):
        try:
            alone = an.anonymize(
                df,
                schema(1),
                models=models,
                suppression_limit=limit,
                levels={"x": x, "y": y},
                block="enforced",
            )
        except an.NoSolutionError:
            continue
        if would_leave(ledger, alone, df, "univ-x"):
            assert found is not None
            assert found.loss <= alone.loss + 1e-9, "no table that may leave is better"
    assert (None if found is None else found.loss) == (None if best is None else pytest.approx(best))


def jointly(
    df: pd.DataFrame,
    *,
    models: Sequence[an.Model],
    limit: float,
    ledger: an.ReleaseLedger,
    levels: dict[str, int] | None = None,
) -> an.Result | None:
    try:
        return an.anonymize(
            df,
            schema(1),
            models=models,
            suppression_limit=limit,
            levels=levels,
            ledger=ledger,
            recipient="univ-x",
            persons=persons(df),
        )
    except an.NoSolutionError:
        return None


@SETTINGS
@given(tables(), tables(), st.integers(2, 3), st.integers(1, 2), st.floats(0.1, 0.9))
def test_what_is_found_leaves_with_suppression_and_changed_data_too(
    df: pd.DataFrame, later: pd.DataFrame, k: int, least: int, limit: float
) -> None:
    ledger = filled(df, k=k)
    try:
        found = an.anonymize(
            later,
            schema(1),
            models=asked(k, least),
            suppression_limit=limit,
            ledger=ledger,
            recipient="univ-x",
            persons=persons(later),
        )
    except an.NoSolutionError:
        return
    assert ledger.release(found, recipient="univ-x", persons=persons(later)).id
    assert found.suppressed <= limit * len(later)
    assert list(found.frame.columns) == ["x", "y", "disease"]
    assert list(found.secrets) == ["disease"]
