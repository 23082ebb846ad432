"""The search: lattices kept as an array or in part, stopping, and what is known of the answer."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anonymize as an
from anonymize.asked import Asked
from anonymize.coding import code_table
from anonymize.evaluation import Evaluator
from anonymize.models import Model
from anonymize.search import Optimum, search


def evaluator(seed: int, *models: Model, limit: float, columns: int = 4) -> Evaluator:
    rng = np.random.default_rng(seed)
    df = pd.DataFrame({f"q{n}": rng.geometric(0.15 + 0.1 * n, 80) % 12 for n in range(columns)})
    df["secret"] = rng.choice(list("aaabbc"), 80)
    widths = [an.Hierarchy.intervals([2, 4]), an.Hierarchy.intervals([3]), an.Hierarchy.intervals([6])]
    schema = an.Schema({f"q{n}": widths[n % 3] for n in range(columns)}, sensitive=["secret"])
    asked = Asked(tuple(models), limit)
    return asked.evaluator(code_table(df, schema, sensitive=asked.sensitive))


def heights(found: Evaluator) -> list[range]:
    return [range(ladder.height) for ladder in found.table.ladders]


def best_of_all(found: Evaluator) -> float:
    return min(found.evaluate(levels).loss for levels in itertools.product(*heights(found)))


CASES = [
    (seed, models, limit)
    for seed in range(6)
    for models in (
        (an.KAnonymity(3),),
        (an.KAnonymity(2), an.DistinctLDiversity("secret", 2)),
        (an.KAnonymity(2), an.TCloseness("secret", 0.3)),
        (an.EntropyLDiversity("secret", 1.8),),
    )
    for limit in (0.0, 0.1, 0.5)
]


@pytest.mark.parametrize(("seed", "models", "limit"), CASES)
@pytest.mark.parametrize("largest_array", [10**6, 0], ids=["array", "queue"])
def test_found_is_the_best_of_all_nodes(
    seed: int, models: tuple[Model, ...], limit: float, largest_array: int
) -> None:
    table = evaluator(seed, *models, limit=limit)
    found = search(table, heights(table), largest_array=largest_array)
    assert found.best.loss == pytest.approx(best_of_all(table), abs=1e-12)
    assert found.optimal
    assert found.describe()["gap"] == 0


@pytest.mark.parametrize("after", [1, 2, 3, 5, 8, 13])
@pytest.mark.parametrize("largest_array", [10**6, 0], ids=["array", "queue"])
def test_stopped_search_keeps_to_its_bound(after: int, largest_array: int) -> None:
    table = evaluator(1, an.KAnonymity(3), limit=0.1)
    try:
        found: Optimum = search(
            table,
            heights(table),
            watch=lambda progress: progress.checked < after,
            largest_array=largest_array,
        )
    except an.SearchStoppedError:
        assert after < 6
        return
    assert found.checked <= after
    assert found.bound <= best_of_all(table) + 1e-12 <= found.best.loss + 1e-12


def wide_table(columns: int) -> tuple[pd.DataFrame, an.Schema]:
    rng = np.random.default_rng(5)
    df = pd.DataFrame({f"q{n}": rng.integers(0, 4, 300) for n in range(columns)})
    return df, an.Schema({str(column): an.Hierarchy.intervals([2]) for column in df})


def test_lattice_beyond_counting_gives_a_table_and_says_how_good_it_is() -> None:
    df, schema = wide_table(32)
    left = iter(range(500))
    result = an.anonymize(
        df,
        schema,
        models=[an.KAnonymity(5)],
        suppression_limit=0.05,
        watch=lambda _: next(left, None) is not None,
    )
    found: Any = result.report["search"]
    assert found["lattice"] == 3**32
    assert not found["optimal"]
    assert found["bound"] <= result.loss
    assert found["gap"] == pytest.approx(result.loss - found["bound"])
    assert result.loss < 1
    assert result.frame.groupby([*schema.quasi]).size().min() >= 5


def test_time_limit_is_kept_by_the_clock_given() -> None:
    df, schema = wide_table(16)
    seconds = iter(range(100_000))
    told: list[an.Progress] = []

    def watch(progress: an.Progress) -> bool:
        told.append(progress)
        return True

    result = an.anonymize(
        df,
        schema,
        models=[an.KAnonymity(5)],
        time_limit=20,
        clock=lambda: next(seconds),
        watch=watch,
    )
    assert len(told) <= 20
    found: Any = result.report["search"]
    assert found["checked"] == told[-1].checked
    assert min(progress.best for progress in told) == pytest.approx(result.loss)


def test_search_stopped_at_once_says_so() -> None:
    df, schema = wide_table(16)
    with pytest.raises(an.SearchStoppedError, match="more time"):
        an.anonymize(df, schema, models=[an.KAnonymity(299)], watch=lambda _: False)
