"""Invariants of partitions, recoding, search and joint classes, against the slow reference."""

import itertools
import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymize as an
from anonymize import joint, reference
from anonymize.classes import Classes, combine, number_groups
from anonymize.coding import code_table
from anonymize.evaluation import Evaluator
from anonymize.ladder import LabelRow, Ladder
from anonymize.ledger_decision import expose
from anonymize.search import search

HIERARCHIES: tuple[tuple[LabelRow, ...], ...] = (
    (("a", "x", "*"), ("b", "x", "*"), ("c", "y", "*"), ("d", "y", "*"), ("e", "y", "*")),
    (("a", "*"), ("b", "*"), ("c", "*"), ("d", "*"), ("e", "*")),
    (
        ("a", "p", "r", "*"),
        ("b", "p", "r", "*"),
        ("c", "q", "r", "*"),
        ("d", "s", "s", "*"),
        ("e", "s", "s", "*"),
    ),
)
SETTINGS = settings(max_examples=60, deadline=None)

cells = st.sampled_from("abcde")
limits = st.sampled_from(["0", "0.1", "0.29", "0.5", "1"])


@st.composite
def tables(draw: st.DrawFn) -> tuple[pd.DataFrame, list[tuple[LabelRow, ...]]]:
    hierarchies = draw(st.lists(st.sampled_from(HIERARCHIES), min_size=1, max_size=2))
    rows = draw(
        st.lists(st.tuples(*[cells] * len(hierarchies), st.sampled_from("stu")), min_size=1, max_size=9)
    )
    columns = [f"q{number}" for number in range(len(hierarchies))]
    return pd.DataFrame(rows, columns=[*columns, "secret"]), hierarchies


def schema(hierarchies: Sequence[Sequence[LabelRow]]) -> an.Schema:
    quasi = {
        f"q{n}": an.Hierarchy.from_levels([[*row] for row in rows]) for n, rows in enumerate(hierarchies)
    }
    return an.Schema(quasi=quasi, sensitive=["secret"])


def attempt(
    df: pd.DataFrame, hierarchies: Sequence[Sequence[LabelRow]], *, k: int, diversity: int, limit: str
) -> an.Result | None:
    models: list[an.Model] = [an.KAnonymity(k), an.DistinctLDiversity("secret", diversity)]
    try:
        return an.anonymize(df, schema(hierarchies), models=models, suppression_limit=float(limit))
    except an.NoSolutionError:
        return None


@settings(max_examples=300, deadline=None)
@given(tables(), st.integers(1, 4), st.integers(1, 3), limits)
def test_search_finds_the_references_optimum(
    drawn: tuple[pd.DataFrame, list[tuple[LabelRow, ...]]], k: int, diversity: int, limit: str
) -> None:
    df, hierarchies = drawn
    columns = [reference.Column(tuple(df[f"q{n}"]), rows) for n, rows in enumerate(hierarchies)]
    passes = [reference.k_anonymous(k), reference.distinct_diverse(df["secret"].tolist(), diversity)]
    best = reference.optimum(columns, passes, limit=Fraction(limit))
    result = attempt(df, hierarchies, k=k, diversity=diversity, limit=limit)
    assert (result is None) == (best is None)
    if result is not None and best is not None:
        assert math.isclose(result.loss, best[0], abs_tol=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(10, 80), st.integers(2, 6), limits)
def test_pruning_loses_no_better_node(seed: int, rows: int, k: int, limit: str) -> None:
    skewed = np.random.default_rng(seed).choice(list("abcde"), size=(rows, 3), p=[0.5, 0.2, 0.15, 0.1, 0.05])
    df = pd.DataFrame(skewed, columns=["q0", "q1", "q2"]).assign(secret="s")
    coded = code_table(df, schema([HIERARCHIES[2], HIERARCHIES[0], HIERARCHIES[2]]), sensitive=[])
    budget = math.floor(Fraction(limit) * rows)
    evaluator = Evaluator(coded, [an.KAnonymity(k)], budget=budget, loss=an.Loss())
    every = [range(ladder.height) for ladder in coded.ladders]
    least = min(evaluator.evaluate(levels).loss for levels in itertools.product(*every))
    # Rows are added up in another order by roll-up: equal but for rounding.
    assert math.isclose(search(evaluator, every).best.loss, least, abs_tol=1e-12)


@SETTINGS
@given(tables(), st.integers(1, 4), st.integers(1, 3), limits)
def test_result_satisfies_its_models_within_the_limit(
    drawn: tuple[pd.DataFrame, list[tuple[LabelRow, ...]]], k: int, diversity: int, limit: str
) -> None:
    df, hierarchies = drawn
    result = attempt(df, hierarchies, k=k, diversity=diversity, limit=limit)
    if result is None:
        return
    quasi = [f"q{n}" for n in range(len(hierarchies))]
    found = an.measure(result.frame, quasi=quasi, sensitive=["secret"])
    assert found.k >= k
    assert found.l["secret"] >= diversity
    assert result.suppressed <= math.floor(Fraction(limit) * len(df))
    hidden = result.class_of_row == -1
    assert hidden.sum() == result.suppressed
    assert (result.frame.loc[hidden, quasi] == "*").all(axis=None)
    for n, rows in enumerate(hierarchies):
        label = {row[0]: row[result.levels[f"q{n}"]] for row in rows}
        assert result.frame.loc[~hidden, f"q{n}"].tolist() == [
            label[leaf] for leaf in df.loc[~hidden, f"q{n}"]
        ]
    assert result.frame["secret"].tolist() == df["secret"].tolist()


@SETTINGS
@given(tables(), st.data())
def test_every_row_is_in_exactly_one_class_and_recoding_only_merges_classes(
    drawn: tuple[pd.DataFrame, list[tuple[LabelRow, ...]]], data: st.DataObject
) -> None:
    df, hierarchies = drawn
    finer, coarser = [], []
    for n, rows in enumerate(hierarchies):
        ladder = Ladder.of(rows)
        leaf = np.array([ladder.leaves.index(value) for value in df[f"q{n}"]])
        low = data.draw(st.integers(0, ladder.height - 1))
        high = data.draw(st.integers(low, ladder.height - 1))
        finer.append(ladder.groups[low][leaf])
        coarser.append(ladder.groups[high][leaf])
    rows_each = np.ones(len(df), dtype=np.int64)
    parts = [Classes.build(codes, [9] * len(codes), rows=rows_each, secrets={}) for codes in (finer, coarser)]
    for part in parts:
        assert part.sizes.sum() == len(df)
        assert (part.sizes > 0).all()
        assert np.array_equal(np.bincount(part.of, minlength=len(part.sizes)), part.sizes)
    merged = {(fine, coarse) for fine, coarse in zip(parts[0].of.tolist(), parts[1].of.tolist(), strict=True)}
    assert len(merged) == len(parts[0].sizes), "no fine class is split"


@SETTINGS
@given(
    st.lists(st.lists(st.integers(0, 3), min_size=6, max_size=6), min_size=1, max_size=40),
    st.sampled_from([4, 10, 2**16, 2**31]),
)
def test_classes_are_the_references_for_any_radix(columns: list[list[int]], radix: int) -> None:
    of, count = combine([np.array(column) for column in columns], [radix] * len(columns), records=6)
    expected = reference.classes([tuple(str(column[row]) for column in columns) for row in range(6)])
    assert count == len(expected)
    assert all(len(set(of[rows].tolist())) == 1 for rows in expected.values())
    assert sorted(set(of.tolist())) == list(range(count))


@SETTINGS
@given(st.lists(st.integers(0, 99), max_size=20), st.sampled_from([100, 10**9]))
def test_groups_are_numbered_in_ascending_order(keys: list[int], span: int) -> None:
    numbers, count = number_groups(np.array(keys, dtype=np.int64), span)
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    assert numbers.tolist() == [ranks[key] for key in keys]
    assert count == len(ranks)


memberships = st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(0, 2), min_size=1)


def holding(release: dict[str, int], *, k: int) -> joint.Holding:
    return joint.Holding(
        k=k,
        persons=np.array(["abcdefghijkl".index(person) for person in release], dtype=np.int64),
        classes=np.array(list(release.values()), dtype=np.int64),
        diversity={},
        shown={},
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(memberships, st.integers(1, 4)), min_size=1, max_size=4))
def test_joint_classes_are_the_references(releases: list[tuple[dict[str, int], int]]) -> None:
    holdings = [holding(release, k=k) for release, k in releases]
    found = joint.join(holdings)
    groups: dict[int, set[str]] = {}
    for person, number in enumerate(found.of.tolist()):
        groups.setdefault(number, set()).add("abcdefghijkl"[person])
    expected = reference.joint_classes([release for release, _ in releases])
    present = [members for number, members in groups.items() if found.required[number]]
    assert sorted(map(sorted, present)) == sorted(map(sorted, expected.values()))
    assert found.sizes.tolist() == [len(groups[number]) for number in range(len(groups))]
    allowed = reference.jointly_anonymous([release for release, _ in releases], [k for _, k in releases])
    assert (expose(holdings) is None) == allowed


@settings(max_examples=100, deadline=None)
@given(st.lists(memberships, min_size=1, max_size=3))
def test_repeating_a_release_changes_no_verdict(releases: list[dict[str, int]]) -> None:
    once = expose([holding(release, k=2) for release in releases])
    renumbered = {person: {0: 0, 1: 5, 2: 3}[number] for person, number in releases[-1].items()}
    assert expose([holding(release, k=2) for release in [*releases, renumbered]]) == once
