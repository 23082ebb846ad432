"""Estimates of population uniqueness, on populations whose uniqueness is known."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anonymize as an
from anonymize.classes import Codes
from anonymize.population import Uniqueness, uniqueness_of

ROWS = 40_000


def pitman_population(rng: np.random.Generator, *, strength: float, discount: float) -> Codes:
    """Class of each row, drawn one by one by Pitman's scheme."""
    of = np.zeros(ROWS, dtype=np.int64)
    sizes: list[int] = [1]
    for row in range(1, ROWS):
        if rng.random() < (strength + discount * len(sizes)) / (strength + row):
            of[row] = len(sizes)
            sizes.append(1)
            continue
        while True:  # a row's class with probability in proportion to size - discount
            candidate = of[rng.integers(row)]
            if rng.random() < 1 - discount / sizes[candidate]:
                break
        of[row] = candidate
        sizes[candidate] += 1
    return of


def slide_population(rng: np.random.Generator, *, r: float, p: float) -> Codes:
    sizes = 1 + rng.negative_binomial(r, p, ROWS)
    of = np.repeat(np.arange(ROWS), sizes)[:ROWS]
    return np.asarray(of)


def sampled(rng: np.random.Generator, of: Codes, fraction: float) -> Uniqueness:
    chosen = rng.choice(of, int(len(of) * fraction), replace=False)
    return uniqueness_of(np.unique(chosen, return_counts=True)[1], fraction)


def true_uniqueness(of: Codes) -> float:
    return float((np.unique(of, return_counts=True)[1] == 1).sum() / len(of))


@pytest.mark.parametrize(("strength", "discount"), [(300.0, 0.2), (2000.0, 0.05), (50.0, 0.6)])
@pytest.mark.parametrize("fraction", [0.05, 0.1])
def test_pitman_finds_the_uniqueness_of_its_own_populations(
    strength: float, discount: float, fraction: float
) -> None:
    rng = np.random.default_rng(1)
    of = pitman_population(rng, strength=strength, discount=discount)
    found = sampled(rng, of, fraction)
    assert found.pitman == pytest.approx(true_uniqueness(of), rel=0.35)
    assert (found.chosen, found.dankar) == ("pitman", found.pitman)


@pytest.mark.parametrize(("r", "p"), [(0.5, 0.3), (1.0, 0.1), (0.3, 0.05)])
@pytest.mark.parametrize("fraction", [0.2, 0.5])
def test_negative_binomial_finds_the_uniqueness_of_its_own_populations(
    r: float, p: float, fraction: float
) -> None:
    rng = np.random.default_rng(2)
    of = slide_population(rng, r=r, p=p)
    found = sampled(rng, of, fraction)
    assert found.snb == pytest.approx(true_uniqueness(of), rel=0.3)
    assert found.zayatz is not None
    assert found.snb is not None
    assert found.dankar == min(found.snb, found.zayatz)


@pytest.mark.parametrize("fraction", [0.5, 0.8])
def test_zayatz_is_near_when_most_of_the_population_is_in_the_sample(fraction: float) -> None:
    rng = np.random.default_rng(3)
    of = slide_population(rng, r=1.0, p=0.3)
    assert sampled(rng, of, fraction).zayatz == pytest.approx(true_uniqueness(of), rel=0.3)


def estimates(found: Uniqueness) -> list[float | None]:
    return [found.zayatz, found.pitman, found.snb, found.dankar]


@pytest.mark.parametrize("sizes", [[2, 2, 3], [5], [100, 200]])
def test_table_without_unique_rows_shows_none(sizes: Sequence[int]) -> None:
    found = uniqueness_of(np.array(sizes), 0.1)
    assert estimates(found) == [0, 0, 0, 0]
    assert found.chosen == "exact"


def test_whole_population_is_counted() -> None:
    found = uniqueness_of(np.array([1, 1, 2, 6]), 1.0)
    assert estimates(found) == [0.2] * 4
    assert found.chosen == "exact"


@pytest.mark.parametrize("fraction", [0.05, 0.5])
def test_table_of_unique_rows_is_taken_to_be_unique(fraction: float) -> None:
    found = uniqueness_of(np.ones(500, dtype=np.int64), fraction)
    assert (found.pitman, found.snb) == (None, None)
    assert found.dankar == found.zayatz == 1
    assert found.chosen == "zayatz"
    assert set(found.reasons) == {"pitman", "snb"}
    assert "nothing tells how large classes are" in found.reasons["snb"]


@pytest.mark.parametrize("sizes", [[1, 2], [1, 1_000_000], [1] * 5 + [2], [1] + [2] * 4000])
@pytest.mark.parametrize("fraction", [1e-6, 0.01, 0.3, 0.999])
def test_estimate_is_a_share_or_has_a_reason(sizes: Sequence[int], fraction: float) -> None:
    found = uniqueness_of(np.array(sizes), fraction)
    for name, value in (("zayatz", found.zayatz), ("pitman", found.pitman), ("snb", found.snb)):
        assert (value is None) == (name in found.reasons)
        assert value is None or 0 <= value <= 1
    assert found.dankar is not None


def test_results_count_as_they_are_released() -> None:
    df = pd.DataFrame({"age": [20, 21, 22, 23, 40], "sex": list("ffmmf")})
    schema = an.Schema({"age": an.Hierarchy.intervals([2]), "sex": an.Hierarchy.suppression()})
    raw = an.population_uniqueness(df, quasi=["age", "sex"], sampling_fraction=0.5)
    assert raw.sample_uniqueness == 1
    result = an.anonymize(df, schema, models=[an.KAnonymity(2)], suppression_limit=0.4)
    assert an.population_uniqueness(result, sampling_fraction=0.5).sample_uniqueness == 0
    again = an.population_uniqueness(result, quasi=["age", "sex"], sampling_fraction=0.5)
    assert again.to_dict()["dankar"] == 0


@pytest.mark.parametrize("fraction", [0, -1, 1.5, float("nan"), True, "0.1"])
def test_impossible_fraction_is_refused(fraction: float) -> None:
    with pytest.raises(an.SchemaError, match="above 0 and at most 1"):
        uniqueness_of(np.array([1, 2]), fraction)


def test_columns_are_needed_for_a_bare_table() -> None:
    with pytest.raises(an.SchemaError, match="list of column names"):
        an.population_uniqueness(pd.DataFrame({"a": [1]}), sampling_fraction=0.1)


def test_table_within_the_limit_keeps_its_unique_rows() -> None:
    of = slide_population(np.random.default_rng(2), r=1.0, p=0.05)[:400]
    df = pd.DataFrame({"place": of, "sex": "f"})
    schema = an.Schema({"place": an.Hierarchy.intervals([4, 16]), "sex": an.Hierarchy.suppression()})
    raw = an.population_uniqueness(df, quasi=["place", "sex"], sampling_fraction=0.01).dankar
    assert raw is not None
    assert 0 < raw < 1
    loose = an.anonymize(df, schema, models=[an.PopulationUniqueness(min(raw * 1.01, 1.0), 0.01)])
    assert loose.levels == {"place": 0, "sex": 0}
    strict = an.anonymize(df, schema, models=[an.PopulationUniqueness(raw * 0.5, 0.01)])
    found = an.population_uniqueness(strict, sampling_fraction=0.01)
    assert strict.levels["place"] > 0
    assert found.sample_uniqueness == 0 or (found.dankar is not None and found.dankar <= raw * 0.5)


def test_unique_rows_beyond_the_limit_are_suppressed() -> None:
    df = pd.DataFrame({"place": [*range(5), *[7] * 15]})
    schema = an.Schema({"place": an.Hierarchy.suppression()})
    result = an.anonymize(
        df, schema, models=[an.PopulationUniqueness(0.0, 0.5, "zayatz")], suppression_limit=0.25
    )
    assert result.suppressed == 5
    assert an.population_uniqueness(result, sampling_fraction=0.5).dankar == 0


def test_impossible_limits_are_refused() -> None:
    with pytest.raises(an.ModelError, match="limit"):
        an.PopulationUniqueness(1.5, 0.1)
    with pytest.raises(an.SchemaError, match="sampling_fraction"):
        an.PopulationUniqueness(0.1, 0)
    unknown: Any = "argus"
    with pytest.raises(an.ModelError, match="dankar, pitman"):
        an.PopulationUniqueness(0.1, 0.1, unknown)
