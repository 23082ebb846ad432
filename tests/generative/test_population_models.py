"""Models beside a population, and risks: verdicts and optima against plain counting over labels."""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymize as an
from anonymize import reference
from anonymize.coding import code_table
from anonymize.evaluation import Evaluator
from anonymize.search import search

HIERARCHY = (("a", "x", "*"), ("b", "x", "*"), ("c", "y", "*"), ("d", "y", "*"))
LABELS = {row[0]: row for row in HIERARCHY}
SCHEMA = an.Schema(quasi={name: an.Hierarchy.from_levels(HIERARCHY) for name in ("q0", "q1")})
SETTINGS = settings(max_examples=150, deadline=None)

records = st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"))
# The people of the table, and those who are only in the population.
people = st.tuples(st.lists(records, min_size=1, max_size=7), st.lists(records, max_size=8))
Row = tuple[str, str]
Classes = dict[tuple[str, ...], int]
Passes = Callable[[Classes, Classes, int], bool]


def frame(rows: Sequence[Row]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=["q0", "q1"])


def written(rows: Sequence[Row], levels: tuple[int, int]) -> Classes:
    return Counter(
        tuple(LABELS[cell][level] for cell, level in zip(row, levels, strict=True)) for row in rows
    )


def nodes() -> Iterator[tuple[int, int]]:
    yield from itertools.product(range(3), repeat=2)


def cost(rows: Sequence[Row], levels: tuple[int, int], hidden: frozenset[int]) -> float:
    columns = [reference.Column(tuple(row[at] for row in rows), HIERARCHY) for at in range(2)]
    return reference.loss(columns, levels, hidden)


def cheapest(rows: Sequence[Row], everybody: Sequence[Row], passes: Passes, *, budget: int) -> float | None:
    """The least loss over all levels and all sets of classes to suppress."""
    best: float | None = None
    for levels in nodes():
        classes = written(rows, levels)
        label_of = [next(iter(written([row], levels))) for row in rows]
        for count in range(len(classes) + 1):
            for chosen in itertools.combinations(classes, count):
                hidden = frozenset(at for at, label in enumerate(label_of) if label in chosen)
                kept = {label: size for label, size in classes.items() if label not in chosen}
                if len(hidden) <= budget and passes(kept, written(everybody, levels), len(hidden)):
                    loss = cost(rows, levels, hidden)
                    best = loss if best is None else min(best, loss)
    return best


def found(rows: Sequence[Row], model: an.Model, *, limit: str) -> float | None:
    try:
        return an.anonymize(
            frame(rows), SCHEMA, models=[model], suppression_limit=float(limit), block="enforced"
        ).loss
    except an.NoSolutionError:
        return None


def agree(
    rows: Sequence[Row], everybody: Sequence[Row], model: an.Model, passes: Passes, *, limit: str
) -> None:
    budget = math.floor(Fraction(limit) * len(rows))
    best, mine = cheapest(rows, everybody, passes, budget=budget), found(rows, model, limit=limit)
    if budget == 0:
        assert (mine is None) == (best is None)
    if best is None:
        assert mine is None
    elif mine is not None:
        assert mine >= best - 1e-12
        if budget == 0:
            assert math.isclose(mine, best, abs_tol=1e-12)


@SETTINGS
@given(people, st.integers(1, 5), st.sampled_from(["0", "0.3", "1"]))
def test_k_map_counts_persons_of_the_population(
    drawn: tuple[list[Row], list[Row]], k: int, limit: str
) -> None:
    rows, everybody = drawn[0], drawn[0] + drawn[1]

    def passes(kept: Classes, population: Classes, hidden: int) -> bool:
        return all(population[label] >= k for label in kept) and (not hidden or len(everybody) >= k)

    agree(rows, everybody, an.KMap(k, frame(everybody)), passes, limit=limit)
    agree(rows, everybody, an.MaximalRisk(1 / k, frame(everybody)), passes, limit="0")


@SETTINGS
@given(people, st.integers(0, 10), st.integers(0, 10), st.sampled_from(["0", "0.5"]))
def test_presence_is_a_share_of_the_population(
    drawn: tuple[list[Row], list[Row]], one: int, other: int, limit: str
) -> None:
    rows, everybody = drawn[0], drawn[0] + drawn[1]
    low, high = sorted((one / 10, other / 10))

    def within(size: int, persons: int) -> bool:
        return low - 1e-9 <= size / persons <= high + 1e-9

    def passes(kept: Classes, population: Classes, hidden: int) -> bool:
        fine = all(within(size, population[label]) for label, size in kept.items())
        # Whose class is suppressed, is not told apart from anybody.
        covered = low == 0 or hidden > 0 or set(population) <= set(kept)
        return fine and covered and (not hidden or within(hidden, len(everybody)))

    agree(rows, everybody, an.DeltaPresence(low, high, frame(everybody)), passes, limit=limit)


@SETTINGS
@given(people, st.integers(1, 20), st.sampled_from(["0", "0.4", "1"]))
def test_average_risk_is_classes_by_rows(drawn: tuple[list[Row], list[Row]], risk: int, limit: str) -> None:
    rows = drawn[0]
    share = Fraction(risk, 20)

    def passes(kept: Classes, population: Classes, hidden: int) -> bool:
        return len(kept) + (hidden > 0) <= share * len(rows)

    agree(rows, rows, an.AverageRisk(float(share)), passes, limit=limit)
    budget = math.floor(Fraction(limit) * len(rows))
    # The smallest classes are the fewest rows: where any set will do, so does the search's.
    best, mine = (
        cheapest(rows, rows, passes, budget=budget),
        found(rows, an.AverageRisk(float(share)), limit=limit),
    )
    assert (best is None) == (mine is None)


@SETTINGS
@given(people, st.integers(1, 20), st.sampled_from(["0", "0.4"]))
def test_average_risk_beside_a_population(drawn: tuple[list[Row], list[Row]], risk: int, limit: str) -> None:
    rows, everybody = drawn[0], drawn[0] + drawn[1]
    share = risk / 20

    def passes(kept: Classes, population: Classes, hidden: int) -> bool:
        mean = sum(size / population[label] for label, size in kept.items()) + hidden / len(everybody)
        return mean <= share * len(rows) + 1e-9

    agree(rows, everybody, an.AverageRisk(share, frame(everybody)), passes, limit=limit)


def test_population_must_hold_the_table_and_its_columns() -> None:
    rows = frame([("a", "a"), ("b", "b")])
    with pytest.raises(an.ModelError, match="lacks rows of the table"):
        an.anonymize(rows, SCHEMA, models=[an.KMap(2, rows[:1])])
    with pytest.raises(an.ModelError, match="no column 'q1'"):
        an.anonymize(rows, SCHEMA, models=[an.KMap(2, rows[["q0"]])])
    with pytest.raises(an.ModelError, match="no rows"):
        an.anonymize(rows, SCHEMA, models=[an.KMap(2, rows[:0])])
    with pytest.raises(an.ModelError, match="DataFrame"):
        an.KMap(2, [("a", "a")])  # type: ignore[arg-type]  # what is refused
    with pytest.raises(an.ModelError, match="exchange"):
        an.DeltaPresence(0.5, 0.2, rows)
    with pytest.raises(an.ModelError, match="above 0"):
        an.AverageRisk(0)
    with pytest.raises(an.ModelError, match="recoding='global'"):
        an.anonymize(rows, SCHEMA, models=[an.KMap(2, rows)], recoding="local")


def test_values_of_the_population_that_the_table_has_not_are_written_by_the_same_hierarchy() -> None:
    ages = an.Schema(quasi={"age": an.Hierarchy.intervals([10])})
    table = pd.DataFrame({"age": [21, 35]})
    everybody = pd.DataFrame({"age": [21, 22, 23, 35, 36, 77]})
    result = an.anonymize(table, ages, models=[an.KMap(2, everybody)])
    assert result.frame["age"].tolist() == ["[20, 30)", "[30, 40)"]
    assert result.report["suppressed"] == 0
    with pytest.raises(an.NoSolutionError, match="k-map"):
        an.anonymize(table, ages, models=[an.KMap(7, everybody)])


def test_maximal_risk_of_a_tenth_asks_for_ten_rows() -> None:
    ages = an.Schema(quasi={"age": an.Hierarchy.suppression()})
    table = pd.DataFrame({"age": [1] * 10 + [2] * 10})
    assert an.anonymize(table, ages, models=[an.MaximalRisk(0.1)]).levels == {"age": 0}
    assert an.anonymize(table, ages, models=[an.MaximalRisk(0.09)]).levels == {"age": 1}


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(10, 60),
    st.integers(1, 4),
    st.integers(1, 12),
    st.sampled_from(["0", "0.1", "0.4"]),
)
def test_pruning_loses_no_better_node_under_risks(
    seed: int, rows: int, k: int, risk: int, limit: str
) -> None:
    draw = np.random.default_rng(seed)
    table = pd.DataFrame(
        draw.choice(list("abcd"), size=(rows, 2), p=[0.6, 0.2, 0.1, 0.1]), columns=["q0", "q1"]
    )
    everybody = pd.concat([table, table.sample(rows // 2, random_state=seed % 1000)])
    models: list[an.Model] = [an.KAnonymity(k), an.AverageRisk(risk / 12), an.KMap(k + 1, everybody)]
    coded = code_table(table, SCHEMA, sensitive=[])
    evaluator = Evaluator(coded, models, budget=math.floor(Fraction(limit) * rows), loss=an.Loss())
    every = [range(ladder.height) for ladder in coded.ladders]
    least = min(evaluator.evaluate(levels).loss for levels in itertools.product(*every))
    try:
        found = search(evaluator, every).best.loss
    except an.NoSolutionError:
        found = math.inf
    assert found == least or math.isclose(found, least, abs_tol=1e-12)
