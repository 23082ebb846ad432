"""Local recoding: whatever the table, every class passes as it can be read, and nothing is worse than globally."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymize as an

LEVELS = {
    "q0": [["a", "x", "*"], ["b", "x", "*"], ["c", "y", "*"], ["d", "y", "*"]],
    "q1": [["a", "p", "r", "*"], ["b", "p", "r", "*"], ["c", "q", "r", "*"], ["d", "s", "s", "*"]],
    # A label that stands for one value on one level and for two on the next.
    "q2": [["a", "a", "*"], ["b", "a", "*"], ["c", "c", "*"], ["d", "d", "*"]],
    # No common top: these classes can never all be one.
    "q3": [["a", "x"], ["b", "x"], ["c", "y"], ["d", "y"]],
}
SETTINGS = settings(max_examples=150, deadline=None)

columns = st.lists(st.sampled_from(sorted(LEVELS)), min_size=1, max_size=3, unique=True)
limits = st.sampled_from(["0", "0.2", "0.5", "1"])
models = st.sampled_from(
    [
        [an.KAnonymity(2)],
        [an.KAnonymity(4)],
        [an.KAnonymity(2), an.DistinctLDiversity("secret", 2)],
        [an.KAnonymity(2), an.TCloseness("secret", 0.3)],
        [an.EntropyLDiversity("secret", 1.6)],
        [an.KAnonymity(3), an.RecursiveDiversity("secret", 2, 2.0)],
        [an.BasicBetaLikeness("secret", 0.8)],
        [an.AverageRisk(0.3)],
    ]
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, an.Schema]:
    chosen = draw(columns)
    rows = draw(
        st.lists(
            st.tuples(*[st.sampled_from("abcd")] * len(chosen), st.sampled_from("stu")),
            min_size=1,
            max_size=25,
        )
    )
    quasi = {name: an.Hierarchy.from_levels(LEVELS[name]) for name in chosen}
    return pd.DataFrame(rows, columns=[*chosen, "secret"]), an.Schema(quasi=quasi, sensitive=["secret"])


def attempt(
    drawn: tuple[pd.DataFrame, an.Schema], asked: list[an.Model], *, limit: str, recoding: str
) -> an.Result | None:
    df, schema = drawn
    try:
        return an.anonymize(
            df,
            schema,
            models=asked,
            suppression_limit=float(limit),
            recoding="local" if recoding == "local" else "global",
        )
    except an.NoSolutionError:
        return None


@SETTINGS
@given(tables(), models, limits)
def test_local_is_never_worse_than_global(
    drawn: tuple[pd.DataFrame, an.Schema], asked: list[an.Model], limit: str
) -> None:
    globally = attempt(drawn, asked, limit=limit, recoding="global")
    locally = attempt(drawn, asked, limit=limit, recoding="local")
    if globally is not None:
        assert locally is not None
        assert locally.loss <= globally.loss + 1e-12


@SETTINGS
@given(tables(), models, limits)
def test_every_class_passes_as_it_is_read(
    drawn: tuple[pd.DataFrame, an.Schema], asked: list[an.Model], limit: str
) -> None:
    df, schema = drawn
    result = attempt(drawn, asked, limit=limit, recoding="local")
    if result is None:
        return
    assert result.suppressed <= math.floor(Fraction(limit) * len(df))
    quasi = list(schema.quasi)
    hidden = result.class_of_row == -1
    assert hidden.sum() == result.suppressed
    shown = result.frame[~hidden]
    if hidden.any():
        assert not (shown[quasi] == "*").all(axis=1).any(), "nothing else reads like a suppressed row"
    if len(shown):
        # Read as one class what reads alike, and ask the models of exactly that, against the whole table.
        read = shown.groupby(quasi, sort=False).ngroup().to_numpy()
        told = result.class_of_row[~hidden]
        assert len(set(zip(read.tolist(), told.tolist(), strict=True))) == len(set(read.tolist()))
        for group in set(read.tolist()):
            values = shown["secret"][read == group]
            assert all(_passes(model, values, df["secret"]) for model in asked)
        for model in asked:
            if isinstance(model, an.AverageRisk):
                assert len(set(read.tolist())) + hidden.any() <= model.limit * len(df) + 1e-9
    for name, rows in ((name, LEVELS[name]) for name in quasi):
        labels = {row[0]: row for row in rows}
        for leaf, cell in zip(df.loc[~hidden, name], result.frame.loc[~hidden, name], strict=True):
            assert cell in labels[leaf]
    assert (result.frame.loc[hidden, quasi] == "*").all(axis=None)
    assert result.frame["secret"].tolist() == df["secret"].tolist()


def _passes(model: an.Model, values: pd.Series, table: pd.Series) -> bool:
    shares, whole = values.value_counts(normalize=True), table.value_counts(normalize=True)
    match model:
        case an.KAnonymity():
            return len(values) >= model.k
        case an.AverageRisk():
            return True  # of all classes together; see below
        case an.DistinctLDiversity():
            return values.nunique() >= model.l
        case an.TCloseness():
            return float((shares - whole).fillna(-whole).abs().sum()) / 2 <= model.t + 1e-9
        case an.EntropyLDiversity():
            return float(-(shares * np.log2(shares)).sum()) >= math.log2(model.l) - 1e-9
        case an.RecursiveDiversity():
            counts = values.value_counts().to_numpy()
            return bool(counts[0] < model.c * counts[model.l - 1 :].sum())
        case an.BasicBetaLikeness():
            return bool((shares <= (1 + model.beta) * whole[shares.index] + 1e-9).all())
    raise AssertionError(model)


@SETTINGS
@given(tables(), models, limits)
def test_whatever_applying_a_local_recoding_gives_passes(
    drawn: tuple[pd.DataFrame, an.Schema], asked: list[an.Model], limit: str
) -> None:
    df, schema = drawn
    result = attempt(drawn, asked, limit=limit, recoding="local")
    if result is None:
        return
    try:
        again = result.transformation.apply(df)
    except an.NoSolutionError:
        # A row may fit a class that loses less than its own did; who stays behind may be too few.
        return
    shown = again.frame[again.class_of_row != -1]
    if len(shown):
        read = shown.groupby(list(schema.quasi), sort=False).ngroup().to_numpy()
        for group in set(read.tolist()):
            assert all(_passes(model, shown["secret"][read == group], df["secret"]) for model in asked)


def test_rows_of_another_table_go_where_there_is_room() -> None:
    schema = an.Schema(quasi={"q0": an.Hierarchy.from_levels(LEVELS["q0"])})
    first = pd.DataFrame({"q0": list("aabbcd")})
    result = an.anonymize(first, schema, models=[an.KAnonymity(2)], recoding="local")
    assert result.frame["q0"].tolist() == ["a", "a", "b", "b", "y", "y"]
    again = result.transformation.apply(pd.DataFrame({"q0": list("bccddb")}))
    assert again.frame["q0"].tolist() == ["b", "y", "y", "y", "y", "b"]
    with pytest.raises(an.NoSolutionError, match="first table"):
        result.transformation.apply(pd.DataFrame({"q0": list("aac")}))


def test_what_is_left_joins_a_class_where_nothing_may_be_suppressed() -> None:
    schema = an.Schema(quasi={"q0": an.Hierarchy.from_levels(LEVELS["q0"])})
    first = pd.DataFrame({"q0": list("aaabcdcdcdcdcc")})
    result = an.anonymize(first, schema, models=[an.KAnonymity(2)], recoding="local")
    assert result.frame["q0"].tolist() == ["x"] * 4 + list("cdcdcdcdcc")
    assert result.suppressed == 0
