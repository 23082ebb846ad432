"""Transformations over random tables: guarantees hold, and agree with what plain Python finds."""

import math
import random
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import anonymize as an
from anonymize.transformations.mdav import mdav
from anonymize.transformations.noise import geometric, laplace, reach_of

Place = tuple[tuple[float, ...], tuple[int, ...]]

NUMBERS = st.lists(st.integers(-300, 300), min_size=1, max_size=30)
DECIMALS = st.lists(
    st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=3), min_size=1, max_size=20
)
BASES = st.sampled_from([Decimal(text) for text in ("0.005", "0.1", "0.25", "1", "3", "10", "250")])
PERIODS = st.sampled_from(["year", "quarter", "month", "week", "day"])
CELLS = st.lists(
    st.tuples(*[st.sampled_from(["a", "b", "c", None])] * 2, st.integers(0, 3)), min_size=1, max_size=25
)


@given(NUMBERS, st.integers(-300, 300))
def test_bounding_keeps_the_order_and_is_done_once(numbers: list[int], limit: int) -> None:
    series = pd.Series(numbers)
    for step, bound in ((an.TopCoding(limit), min), (an.BottomCoding(limit), max)):
        found = step.apply(series)
        assert found.tolist() == [bound(number, limit) for number in numbers]
        assert found[series.argsort()].is_monotonic_increasing
        assert step.apply(found).equals(found)


@given(NUMBERS, st.floats(0.01, 1), st.integers(1, 30))
def test_limit_at_a_quantile_is_the_farthest_with_enough_rows(
    numbers: list[int], share: float, least: int
) -> None:
    assume(least <= len(numbers))
    enough = max(Fraction(str(share)) * len(numbers), Fraction(least))
    top = an.TopCoding.at_quantile(pd.Series(numbers), share=share, minimum_count=least).limit
    bottom = an.BottomCoding.at_quantile(pd.Series(numbers), share=share, minimum_count=least).limit
    assert top == max(n for n in numbers if sum(other >= n for other in numbers) >= enough)
    assert bottom == min(n for n in numbers if sum(other <= n for other in numbers) >= enough)


@given(DECIMALS, BASES)
def test_rounding_moves_to_a_nearest_multiple_and_even_ones_win_ties(
    numbers: list[Decimal], base: Decimal
) -> None:
    found = an.Rounding(base).apply(pd.Series(numbers, dtype=object)).tolist()
    step = Fraction(base)
    for number, rounded in zip(numbers, found, strict=True):
        assert Fraction(rounded) == round(Fraction(number) / step) * step
        assert abs(Fraction(rounded) - Fraction(number)) <= step / 2
    texts = an.Rounding(base).apply(pd.Series(list(map(str, numbers)), dtype=object))
    assert [Decimal(text) for text in texts] == found
    floats = an.Rounding(base).apply(pd.Series([float(number) for number in numbers]))
    assert floats.tolist() == [float(rounded) for rounded in found]


@given(st.lists(st.datetimes(), min_size=1, max_size=10), PERIODS)
def test_all_kinds_of_dates_are_cut_alike_and_never_later(moments: list[Any], to: Any) -> None:
    cut = an.DateTruncation(to)
    machine = pd.Series(np.array(moments, dtype="M8[us]"))
    found = cut.apply(machine)
    texts = cut.apply(pd.Series([moment.isoformat() for moment in moments], dtype=object))
    assert [at.date().isoformat() for at in found] == texts.tolist()
    assert (found <= machine).all()
    assert cut.apply(found).equals(found)
    longest = {"year": 366, "quarter": 92, "month": 31, "week": 7, "day": 1}[to]
    assert ((machine - found) < pd.Timedelta(days=longest)).all()


@given(CELLS, st.data(), st.randoms(use_true_random=False))
def test_sample_is_part_of_the_table_and_exactly_as_large_as_asked(
    cells: list[Any], data: st.DataObject, source: random.Random
) -> None:
    table = pd.DataFrame(cells, columns=["a", "b", "c"]).assign(row=range(len(cells)))
    rows = data.draw(st.integers(1, len(table)))
    drawn = an.Sampling(source, rows=rows).apply(table)
    assert drawn["row"].nunique() == len(drawn) == rows
    assert drawn.astype(object).equals(table.iloc[drawn["row"]].reset_index(drop=True).astype(object))


def test_every_row_is_as_likely_in_a_sample_as_any_other() -> None:
    """3 of 6 rows, 4,000 times: each about 2,000 times, with a standard deviation of 32."""
    table = pd.DataFrame({"row": range(6)})
    for source in (random.Random(3), np.random.default_rng(3)):
        sampling = an.Sampling(source, rows=3)
        seen = Counter(row for _ in range(4000) for row in sampling.apply(table)["row"])
        assert all(1800 < seen[row] < 2200 for row in range(6))


@settings(deadline=None)
@given(CELLS, st.integers(1, 6))
def test_aggregated_columns_show_every_combination_often_enough(cells: list[Any], size: int) -> None:
    table = pd.DataFrame(cells, columns=["a", "b", "c"])
    columns = ["a", "b", "c"]
    lacking = Counter(zip(table["a"].isna(), table["b"].isna(), strict=True))
    if min(lacking.values()) < size:
        with pytest.raises(an.TransformationError):
            an.MicroAggregation(size).apply(table, columns)
        return
    for centre in ("mean", "median"):
        found = an.MicroAggregation(size, centre).apply(table, columns)
        assert an.measure(found, quasi=columns).k >= size
        assert found[["a", "b"]].isna().equals(table[["a", "b"]].isna())
        assert set(found["a"].dropna()) <= set(table["a"].dropna())
    total = an.MicroAggregation(size).apply(table, columns)["c"].sum()
    assert math.isclose(total, table["c"].sum(), abs_tol=1e-9)


def plain_mdav(
    points: list[tuple[float, ...]], codes: list[tuple[int, ...]], size: int
) -> set[frozenset[int]]:
    """MDAV-generic as the paper tells it, over lists."""
    left, groups = list(range(len(points))), set()

    def apart(place: Place, row: int) -> float:
        numbers = sum((a - b) ** 2 for a, b in zip(place[0], points[row], strict=True))
        return numbers + sum(a != b for a, b in zip(place[1], codes[row], strict=True))

    def centre() -> Place:
        columns = zip(*(points[row] for row in left), strict=True)
        counts = [Counter(column) for column in zip(*(codes[row] for row in left), strict=True)]
        modes = tuple(min(each, key=lambda code: (-each[code], code)) for each in counts)
        return tuple(sum(column) / len(left) for column in columns), modes

    def farthest(place: Place) -> int:
        return max(left, key=lambda row: apart(place, row))

    def group(row: int) -> None:
        chosen = sorted(left, key=lambda other: apart((points[row], codes[row]), other))[:size]
        groups.add(frozenset(chosen))
        left[:] = [other for other in left if other not in chosen]

    while len(left) >= 3 * size:
        first = farthest(centre())
        second = farthest((points[first], codes[first]))
        group(first)
        group(second)
    if len(left) >= 2 * size:
        group(farthest(centre()))
    return groups | {frozenset(left)}


@pytest.mark.parametrize(("columns", "texts"), [(1, 0), (2, 0), (3, 0), (1, 1), (2, 2)])
@pytest.mark.parametrize("seed", range(12))
def test_groups_are_those_of_the_plain_algorithm(columns: int, texts: int, seed: int) -> None:
    """Random fractions, among which no two distances are the same."""
    chosen = np.random.default_rng(seed)
    size, rows = int(chosen.integers(1, 6)), int(chosen.integers(6, 70))
    points, codes = chosen.normal(size=(columns, rows)), chosen.integers(0, 3, size=(texts, rows))
    group = mdav(points, codes, size=size)
    found = {frozenset(np.flatnonzero(group == number).tolist()) for number in set(group.tolist())}
    plain = [tuple(point) for point in points.T.tolist()], [tuple(each) for each in codes.T.tolist()]
    assert found == plain_mdav(*plain, size)
    assert all(size <= len(each) < 2 * size for each in found)


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_groups_do_not_depend_on_units(factor: float) -> None:
    chosen = np.random.default_rng(5)
    table = pd.DataFrame(chosen.normal(size=(60, 2)), columns=["a", "b"])
    found = an.MicroAggregation(3).apply(table, ["a", "b"])
    other = an.MicroAggregation(3).apply(table.assign(a=table["a"] * factor), ["a", "b"])
    assert found["b"].equals(other["b"])


@given(st.floats(1e-3, 1e3), st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
@settings(deadline=None)
def test_noise_is_enough_by_opendps_own_account(epsilon: float, lower: float, width: float) -> None:
    upper = lower + width
    reach = reach_of(lower, upper)
    assert Fraction(reach) >= Fraction(upper) - Fraction(lower)
    assert laplace(reach, epsilon).check(reach, epsilon)
    assert geometric(math.ceil(width), epsilon).check(math.ceil(width), epsilon)


@settings(deadline=None)
@given(CELLS, st.integers(1, 6))
def test_cells_are_only_ever_replaced_by_a_star_and_every_class_is_large_enough(
    cells: list[Any], k: int
) -> None:
    table = pd.DataFrame(cells, columns=["a", "b", "c"])
    assume(k <= len(table))
    columns = ["a", "b", "c"]
    found = an.CellSuppression(k).apply(table, columns)
    assert an.measure(found, quasi=columns).k >= k
    before, after = (frame.astype(object).to_numpy().ravel().tolist() for frame in (table, found))
    assert all(
        now == "*" or now == was or (now != now and was != was) or now is was
        for was, now in zip(before, after, strict=True)
    )
    if an.measure(table, quasi=columns).k >= k:
        assert "*" not in after


@settings(deadline=None)
@given(st.integers(9, 14), st.integers(0, 1000))
def test_many_columns_are_tried_within_bounds_and_still_suffice(columns: int, seed: int) -> None:
    names = [f"q{number}" for number in range(columns)]
    values = np.random.default_rng(seed).integers(0, 3, size=(20, columns))
    table = pd.DataFrame(values, columns=names)
    found = an.CellSuppression(3).apply(table, names)
    assert an.measure(found, quasi=names).k >= 3
    assert ((found == table) | (found == "*")).all(axis=None)
