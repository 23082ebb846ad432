"""Losses against plain Python, and the search under each of them against trying everything."""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymize as an
from anonymize import reference
from anonymize.coding import code_table
from anonymize.counting import AnyLoss
from anonymize.evaluation import Evaluator
from anonymize.ladder import LabelRow
from anonymize.search import search

HIERARCHIES: tuple[tuple[LabelRow, ...], ...] = (
    (("a", "x", "*"), ("b", "x", "*"), ("c", "y", "*"), ("d", "y", "*")),
    (("a", "p", "r", "*"), ("b", "p", "r", "*"), ("c", "q", "r", "*"), ("d", "s", "s", "*")),
    (("a", "x"), ("b", "x"), ("c", "c"), ("d", "d")),
)
WEIGHTS = {"q0": 2.5, "q1": 0.5}
LOSSES: tuple[AnyLoss, ...] = (
    an.Loss(),
    an.Loss(WEIGHTS),
    an.Precision(),
    an.Precision(WEIGHTS),
    an.NormalisedEntropy(),
    an.NormalisedEntropy(WEIGHTS),
    an.Discernibility(),
    an.AverageClassSize(),
)
Records = Sequence[tuple[str, str]]
Pair = tuple[tuple[LabelRow, ...], tuple[LabelRow, ...]]

records = st.lists(st.tuples(*[st.sampled_from("abcd")] * 2), min_size=1, max_size=9)
pairs = st.tuples(*[st.sampled_from(HIERARCHIES)] * 2)
losses = st.sampled_from(LOSSES)


def shown(table: Records, pair: Pair, levels: Sequence[int]) -> list[tuple[str | None, ...]]:
    label = [{row[0]: row[level] for row in rows} for rows, level in zip(pair, levels, strict=True)]
    return [tuple(label[n][cell] for n, cell in enumerate(record)) for record in table]


def expected(
    loss: AnyLoss, table: Records, pair: Pair, *, levels: Sequence[int], block: frozenset[int]
) -> float:
    """The loss of a small table, as its definition says."""
    found = shown(table, pair, levels)
    sizes = Counter(cells for row, cells in enumerate(found) if row not in block)
    finest = Counter(table)
    rows = len(table)
    match loss:
        case an.Discernibility():
            raw = sum(size * size for size in sizes.values()) + rows * len(block)
            least = sum(size * size for size in finest.values())
            return (raw - least) / (rows * rows - least) if rows * rows > least else 0.0
        case an.AverageClassSize():
            least_average = rows / len(finest)
            average = rows / (len(sizes) + bool(block))
            return (average - least_average) / (rows - least_average) if rows > least_average else 0.0
    columns = [
        column_loss(loss, table, block, rows_of, n=n, level=level)
        for n, (rows_of, level) in enumerate(zip(pair, levels, strict=True))
    ]
    weights = [WEIGHTS[f"q{n}"] if getattr(loss, "weights", {}) else 1.0 for n in range(len(columns))]
    if isinstance(loss, an.Loss):
        product = math.prod((x + 1) ** weight for x, weight in zip(columns, weights, strict=True))
        return float(product ** (1 / sum(weights)) - 1)
    return sum(x * weight for x, weight in zip(columns, weights, strict=True)) / sum(weights)


def column_loss(
    loss: AnyLoss, table: Records, block: frozenset[int], rows: tuple[LabelRow, ...], *, n: int, level: int
) -> float:
    """Kept cells cost what they show, hidden ones everything; entropy is counted over the whole table."""
    kept = [record for row, record in enumerate(table) if row not in block]
    hidden = [record for row, record in enumerate(table) if row in block]
    values = Counter(record[n] for record in table)
    label = {row[0]: row[level] for row in rows}
    groups: Counter[str | None] = Counter()
    for value, count in values.items():
        groups[label[value]] += count
    if isinstance(loss, an.NormalisedEntropy):
        bits = sum(math.log2(len(table) / values[record[n]]) for record in table)
        lost = sum(math.log2(groups[label[record[n]]] / values[record[n]]) for record in kept)
        lost += sum(math.log2(len(table) / values[record[n]]) for record in hidden)
        return lost / bits if bits else 0.0
    if isinstance(loss, an.Precision):
        return (len(kept) * level / (len(rows[0]) - 1) + len(hidden)) / len(table)
    leaves = Counter(label.values())
    lost = sum((leaves[label[record[n]]] - 1) / (len(rows) - 1) for record in kept)
    return (lost + len(hidden)) / len(table)


def evaluator_of(table: Records, pair: Pair, loss: AnyLoss, *, k: int, limit: str = "0") -> Evaluator:
    df = pd.DataFrame(table, columns=["q0", "q1"])
    quasi = {f"q{n}": an.Hierarchy.from_levels([[*row] for row in rows]) for n, rows in enumerate(pair)}
    coded = code_table(df, an.Schema(quasi=quasi), sensitive=[])
    budget = math.floor(Fraction(limit) * len(table))
    return Evaluator(coded, [an.KAnonymity(k)], budget=budget, loss=loss)


def every_level(pair: Pair) -> list[range]:
    return [range(len(rows[0])) for rows in pair]


@settings(max_examples=200, deadline=None)
@given(records, pairs, losses, st.integers(1, 4), st.sampled_from(["0", "0.3", "0.5", "1"]))
def test_search_finds_the_least_of_all_tables_under_every_loss(
    table: Records, pair: Pair, loss: AnyLoss, k: int, limit: str
) -> None:
    best = math.inf
    budget = math.floor(Fraction(limit) * len(table))
    for levels in itertools.product(*every_level(pair)):
        found = list(reference.classes(shown(table, pair, levels)).values())
        for block in reference.suppressions(found, [reference.k_anonymous(k)], budget):
            best = min(best, expected(loss, table, pair, levels=levels, block=block))
    try:
        optimum = search(evaluator_of(table, pair, loss, k=k, limit=limit), every_level(pair))
    except an.NoSolutionError:
        assert best == math.inf
        return
    assert optimum.best.loss == pytest.approx(best, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), losses, st.integers(2, 6), st.sampled_from(["0", "0.05", "0.2", "0.6"]))
@pytest.mark.parametrize("largest_array", [10**6, 0], ids=["array", "queue"])
def test_pruning_loses_no_better_node_under_any_loss(
    largest_array: int, seed: int, loss: AnyLoss, k: int, limit: str
) -> None:
    rng = np.random.default_rng(seed)
    table = [tuple(row) for row in rng.choice(list("abcd"), size=(60, 2), p=[0.6, 0.25, 0.1, 0.05]).tolist()]
    pair = (HIERARCHIES[0], HIERARCHIES[1])
    evaluator = evaluator_of(table, pair, loss, k=k, limit=limit)
    least = min(evaluator.evaluate(levels).loss for levels in itertools.product(*every_level(pair)))
    found = search(evaluator, every_level(pair), largest_array=largest_array)
    assert found.best.loss == pytest.approx(least, abs=1e-12)
    assert found.bound <= found.best.loss


@settings(max_examples=80, deadline=None)
@given(records, pairs, losses)
def test_untouched_table_costs_nothing_and_no_node_costs_less_than_its_bound(
    table: Records, pair: Pair, loss: AnyLoss
) -> None:
    evaluator = evaluator_of(table, pair, loss, k=1)
    assert evaluator.evaluate((0, 0)).loss == pytest.approx(0, abs=1e-12)
    for levels in itertools.product(*every_level(pair)):
        figures = [evaluator.unsuppressed[at][level] for at, level in enumerate(levels)]
        assert evaluator.loss.total(figures) <= evaluator.evaluate(levels).loss + 1e-12
        for finer in itertools.product(*(range(level + 1) for level in levels)):
            assert evaluator.evaluate(finer).loss <= evaluator.evaluate(levels).loss + 1e-12


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_table_that_is_suppressed_whole_costs_most(loss: AnyLoss) -> None:
    table = [("a", "a"), ("b", "c"), ("c", "b"), ("d", "d")]
    evaluator = evaluator_of(table, (HIERARCHIES[0], HIERARCHIES[1]), loss, k=3, limit="1")
    found = evaluator.evaluate((0, 0))
    assert found.suppressed.all()
    assert found.loss == pytest.approx(1)


make: list[Callable[[dict[str, float]], AnyLoss]] = [an.Loss, an.Precision, an.NormalisedEntropy]


@pytest.mark.parametrize("kind", make)
@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), True, "2"])
def test_weight_that_is_no_positive_number_is_refused(
    kind: Callable[[dict[str, float]], AnyLoss], weight: float
) -> None:
    with pytest.raises(an.SchemaError, match="positive number"):
        kind({"q0": weight})


def test_weight_of_an_unknown_column_is_refused() -> None:
    with pytest.raises(an.SchemaError, match="'age', which is no quasi-identifier"):
        evaluator_of([("a", "b")], (HIERARCHIES[0], HIERARCHIES[1]), an.Loss({"age": 2}), k=1)


def test_weights_stay_what_they_were() -> None:
    given = {"q0": 2.0}
    loss = an.Loss(given)
    given["q0"] = 5.0
    assert loss == an.Loss({"q0": 2.0})


def test_weighty_column_is_kept_finer() -> None:
    df = pd.DataFrame({"q0": list("aabb") * 3, "q1": list("abab") * 3})
    levels = an.Hierarchy.from_levels([["a", "*"], ["b", "*"]])
    schema = an.Schema({"q0": levels, "q1": levels})
    for heavy, light in (("q0", "q1"), ("q1", "q0")):
        result = an.anonymize(df, schema, models=[an.KAnonymity(6)], loss=an.Loss({heavy: 3.0}))
        assert result.levels == {heavy: 0, light: 1}


def test_what_is_no_loss_is_refused() -> None:
    df = pd.DataFrame({"q0": list("ab")})
    schema = an.Schema({"q0": an.Hierarchy.suppression()})
    unknown: AnyLoss = "entropy"  # type: ignore[assignment]  # on purpose: what a notebook may pass
    with pytest.raises(an.ModelError, match="loss must be a loss such as"):
        an.anonymize(df, schema, models=[an.KAnonymity(2)], loss=unknown)
