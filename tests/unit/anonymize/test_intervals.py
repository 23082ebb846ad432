"""Intervals: numbers in nested ranges, with everything outside bottom and top in one group each."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anonymize as an
from anonymize.ladder import Ladder, Occurrences


def rows(hierarchy: an.Hierarchy, values: list[object]) -> dict[str | None, tuple[str | None, ...]]:
    occurrences = Occurrences.of(pd.Series(values, dtype=object), "column")
    return {row[0]: row[1:] for row in hierarchy.rows(occurrences)}


def test_intervals_nest_and_end_in_a_star() -> None:
    found = rows(an.Hierarchy.intervals([5, 10], origin=0), [0, 4, 5, 19, -1])
    assert found == {
        "0": ("[0, 5)", "[0, 10)", "*"),
        "4": ("[0, 5)", "[0, 10)", "*"),
        "5": ("[5, 10)", "[0, 10)", "*"),
        "19": ("[15, 20)", "[10, 20)", "*"),
        "-1": ("[-5, 0)", "[-10, 0)", "*"),
    }


def test_interval_origin_moves_each_level() -> None:
    assert rows(an.Hierarchy.intervals([5, 10], origin=[0, 5]), [3, 7]) == {
        "3": ("[0, 5)", "[-5, 5)", "*"),
        "7": ("[5, 10)", "[5, 15)", "*"),
    }


def test_decimal_boundary_belongs_to_the_interval_above_it() -> None:
    assert rows(an.Hierarchy.intervals([0.1]), [0.3, 0.25])["0.3"] == ("[0.3, 0.4)", "*")


@pytest.mark.parametrize(
    ("widths", "origin", "says"),
    [
        ([], 0, "at least one width"),
        ([0], 0, "positive"),
        ([5, 12], 0, "larger multiple of 5"),
        ([5, 5], 0, "larger multiple of 5"),
        ([5, 10], [0, 3], "boundary of level 1"),
        ([5, 10], [0], "one origin for all"),
        ([float("inf")], 0, "finite"),
    ],
)
def test_intervals_that_do_not_nest_are_refused(
    widths: list[float], origin: float | list[float], says: str
) -> None:
    with pytest.raises(an.HierarchyError, match=says):
        an.Hierarchy.intervals(widths, origin=origin)


@pytest.mark.parametrize(
    ("value", "says"), [("x", "not a number"), (True, "not a number"), (np.inf, "infinite")]
)
def test_interval_of_something_that_is_no_number_is_refused(value: object, says: str) -> None:
    with pytest.raises(an.HierarchyError, match=says):
        rows(an.Hierarchy.intervals([5]), [2, value])


def test_numbers_outside_bottom_and_top_are_one_group_each() -> None:
    found = rows(an.Hierarchy.intervals([5, 20], bottom=18, top=33), [-3, 17, 18, 21, 32, 33, 99])
    assert found["-3"] == found["17"] == ("< 18", "< 18", "*")
    assert found["18"] == ("[18, 20)", "[18, 20)", "*")
    assert found["21"] == ("[20, 25)", "[20, 33)", "*")
    assert found["32"] == ("[30, 33)", "[20, 33)", "*")
    assert found["33"] == found["99"] == (">= 33", ">= 33", "*")


def test_infinite_numbers_need_bounds() -> None:
    found = rows(an.Hierarchy.intervals([5], bottom=0, top=90.5), [-np.inf, 2, np.inf])
    assert found["inf"] == (">= 90.5", "*")
    assert found["-inf"] == ("< 0", "*")
    with pytest.raises(an.HierarchyError, match="row 1: value 'inf' is infinite"):
        rows(an.Hierarchy.intervals([5], bottom=0), [2, np.inf])


def test_bottom_lies_below_top() -> None:
    with pytest.raises(an.HierarchyError, match="bottom 9 of intervals must lie below top 9"):
        an.Hierarchy.intervals([5], bottom=9, top=9)


def test_numbers_may_be_written_as_text() -> None:
    found = rows(an.Hierarchy.intervals([5]), ["007", "7", " 7.5 ", "-1e1", None])
    assert found["007"] == found["7"] == found[" 7.5 "] == ("[5, 10)", "*")
    assert found["-1e1"] == ("[-10, -5)", "*")
    for text in ("1_000", "１", "nan", "0x10", "", "7 years"):
        with pytest.raises(an.HierarchyError, match="not a number"):
            rows(an.Hierarchy.intervals([5]), ["1", text])


@given(
    st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=30, unique=True),
    st.integers(1, 50),
    st.integers(-100, 100),
    st.none() | st.integers(-(10**6), -1),
    st.none() | st.integers(0, 10**6),
)
def test_whole_numbers_are_grouped_as_decimals_are(
    values: list[int], width: int, origin: int, bottom: int | None, top: int | None
) -> None:
    hierarchy = an.Hierarchy.intervals([width, 3 * width], origin=origin, bottom=bottom, top=top)
    grouped = rows(hierarchy, list(values))
    assert grouped == rows(hierarchy, [Decimal(value) for value in values])
    assert grouped == rows(hierarchy, [str(value) for value in values])


@given(
    st.lists(st.decimals(-1000, 1000, places=2), min_size=1, max_size=30, unique=True),
    st.none() | st.integers(-900, 0),
    st.none() | st.integers(1, 900),
)
def test_bounded_intervals_nest_and_hold_their_numbers(
    values: list[Decimal], bottom: int | None, top: int | None
) -> None:
    hierarchy = an.Hierarchy.intervals([7, 70], origin=[3, 10], bottom=bottom, top=top)
    occurrences = Occurrences.of(pd.Series(values, dtype=object), "at")
    found = hierarchy.rows(occurrences)
    Ladder.of(found)
    for value, row in zip(values, found, strict=True):
        for label in row[1:-1]:
            assert label is not None
            if label.startswith("["):
                lower, upper = label[1:-1].split(", ")
                assert Decimal(lower) <= value < Decimal(upper)
            else:
                assert value < Decimal(label[2:]) if label[0] == "<" else value >= Decimal(label[3:])
