"""Hierarchies: how values are coarsened, level by level."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import anonymize as an
from anonymize.hierarchy_dates import PERIODS
from anonymize.ladder import Ladder, Occurrences


def rows(hierarchy: an.Hierarchy, values: list[object]) -> dict[str | None, tuple[str | None, ...]]:
    occurrences = Occurrences.of(pd.Series(values, dtype=object), "column")
    return {row[0]: row[1:] for row in hierarchy.rows(occurrences)}


def test_csv_is_read_in_arx_form(tmp_path: Path) -> None:
    path = tmp_path / "zip.csv"
    path.write_text("81667;8166*;*\n81675;8167*;*\n", encoding="utf-8")
    assert rows(an.Hierarchy.from_csv(path), ["81667"]) == {"81667": ("8166*", "*"), "81675": ("8167*", "*")}


def test_numbers_and_their_text_are_the_same_leaf() -> None:
    hierarchy = an.Hierarchy.from_levels([("39", "adult", "*"), ("7", "child", "*")])
    assert rows(hierarchy, [39.0, 7])["39"] == ("adult", "*")


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([], "no rows"),
        ([("a", "x", "*"), ("b", "*")], "Row 1 ('b') has 2 columns, the first row has 3"),
        ([("a", "*"), ("b", "*"), ("a", "*")], "'a' stands in rows 0 and 2"),
        ([("a", "", "*")], "Row 0 ('a') has no label on level 1"),
        ([("a", "x", "p"), ("b", "x", "q")], "'x' on level 1 goes to 'p' in row 0 but to 'q' in row 1"),
    ],
)
def test_malformed_table_is_refused_with_value_and_row(table: list[tuple[str, ...]], says: str) -> None:
    with pytest.raises(an.HierarchyError) as refused:
        an.Hierarchy.from_levels(table)
    assert says in str(refused.value)


def test_value_outside_the_hierarchy_is_named_with_its_row() -> None:
    with pytest.raises(an.HierarchyError, match="'column', row 2: value 'c'") as refused:
        rows(an.Hierarchy.from_levels([("a", "*"), ("b", "*")]), ["a", "b", "c"])
    assert (refused.value.column, refused.value.row) == ("column", 2)
    with pytest.raises(
        an.HierarchyError, match=r"value 'c' is not in the hierarchy \(nor are 2 other values\)"
    ):
        rows(an.Hierarchy.from_levels([("a", "*")]), ["c", "a", "d", "e", "d"])


def test_redaction_masks_from_either_side() -> None:
    assert rows(an.Hierarchy.redaction(), ["123", "12"]) == {
        "123": ("12*", "1**", "*"),
        "12": ("12*", "1**", "*"),
    }
    assert rows(an.Hierarchy.redaction(start="left"), ["123"]) == {"123": ("*23", "**3", "*")}


def test_redaction_keeps_its_length_for_other_tables() -> None:
    first = Occurrences.of(pd.Series(["12345"]), "zip")
    settled = an.Hierarchy.redaction().settled(first)
    assert rows(settled, ["99"])["99"] == ("99  *", "99 **", "99***", "9****", "*")
    with pytest.raises(an.HierarchyError, match="longer than 5"):
        rows(settled, ["123456"])


def test_mapping_steps_lead_to_one_top() -> None:
    hierarchy = an.Hierarchy.mapping(
        {"flu": "lung", "asthma": "lung", "ulcer": "gut"}, {"lung": "organ", "gut": "organ"}
    )
    assert rows(hierarchy, ["flu"])["ulcer"] == ("gut", "organ")
    assert rows(an.Hierarchy.mapping({"a": "x", "b": "y"}), ["a"])["a"] == ("x", "*")


def test_mapping_without_a_group_for_a_label_is_refused() -> None:
    with pytest.raises(an.HierarchyError, match="Step 2 has no group for 'gut'"):
        an.Hierarchy.mapping({"ulcer": "gut"}, {"lung": "organ"})


@pytest.mark.parametrize(
    ("hierarchy", "labels"),
    [
        (an.Hierarchy.from_levels([("1", "low", "*"), ("9", "high", "*")]), (None, "*")),
        (an.Hierarchy.from_levels([("1", "low", "*"), ("", "unknown", "*")]), ("unknown", "*")),
        (an.Hierarchy.intervals([5]), (None, "*")),
        (an.Hierarchy.redaction(length=2), (None, "*")),
        (an.Hierarchy.suppression(), ("*",)),
    ],
)
def test_missing_value_is_a_value_of_its_own(hierarchy: an.Hierarchy, labels: tuple[str | None, ...]) -> None:
    assert rows(hierarchy, [1, None])[None] == labels


def test_shares_are_leaves_of_the_group_over_all_leaves() -> None:
    ladder = Ladder.of([("a", "x", "*"), ("b", "x", "*"), ("c", "y", "*"), ("d", "x", "*")])
    assert ladder.shares(0).tolist() == [0.25] * 4
    assert ladder.shares(1).tolist() == [0.75, 0.75, 0.25, 0.75]
    assert ladder.shares(2).tolist() == [1.0] * 4


def test_values_that_differ_only_in_type_are_refused() -> None:
    with pytest.raises(an.SchemaError, match="mixes types: '1' in row 1"):
        Occurrences.of(pd.Series([1, "1"], dtype=object), "column")


def test_values_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(an.SchemaError, match="lists or mappings"):
        Occurrences.of(pd.Series([[1], [2]], dtype=object), "column")


def test_neighbours_in_an_order_are_grouped() -> None:
    hierarchy = an.Hierarchy.order(["none", "low", "mid", "high", "top"], sizes=[2, 4])
    assert rows(hierarchy, ["low"]) == {
        "none": ("[none, low]", "[none, high]", "*"),
        "low": ("[none, low]", "[none, high]", "*"),
        "mid": ("[mid, high]", "[none, high]", "*"),
        "high": ("[mid, high]", "[none, high]", "*"),
        "top": ("[top]", "[top]", "*"),
    }


@pytest.mark.parametrize(
    ("values", "sizes", "says"),
    [
        (["a", "b"], [], "needs sizes"),
        (["a", "b"], [1], "larger multiple of 1"),
        (["a", "b"], [2, 3], "larger multiple of 2"),
        (["a", "b", "a"], [2], "'a' stands in rows 0 and 2"),
        (["a", "b", "a, b"], [2], r"both be '\[a, b\]'"),
        ([], [2], "no rows"),
    ],
)
def test_order_that_cannot_be_grouped_is_refused(values: list[str], sizes: list[int], says: str) -> None:
    with pytest.raises(an.HierarchyError, match=says):
        an.Hierarchy.order(values, sizes=sizes)


def test_least_important_values_go_first() -> None:
    assert rows(an.Hierarchy.priority(["flu", "cold", "rare"], keep=[2, 1]), ["flu"]) == {
        "flu": ("flu", "flu", "*"),
        "cold": ("cold", "*", "*"),
        "rare": ("*", "*", "*"),
    }


@pytest.mark.parametrize(
    ("values", "keep", "says"),
    [
        (["a", "b"], [2], "less than 2 values"),
        (["a", "b", "c"], [1, 2], "2 does not come after 1"),
        (["a", "b"], [0], "at least 1"),
        (["a", "*"], [1], "cannot be a value"),
        (["a", "a"], [1], "'a' stands in rows 0 and 1"),
    ],
)
def test_priority_that_does_not_fall_is_refused(values: list[str], keep: list[int], says: str) -> None:
    with pytest.raises(an.HierarchyError, match=says):
        an.Hierarchy.priority(values, keep=keep)


def test_dates_are_grouped_by_calendar() -> None:
    hierarchy = an.Hierarchy.dates(["day", "month", "quarter", "year", "decade"])
    labels = ("2024-11-05", "2024-11", "2024-Q4", "2024", "2020-2029", "*")
    written = rows(hierarchy, ["2024-11-05", "2024-11-05T13:30:00", None])
    assert written["2024-11-05"] == written["2024-11-05T13:30:00"] == labels
    assert written[None] == (None, None, None, None, None, "*")
    assert rows(hierarchy, [date(2024, 11, 5)])["2024-11-05"] == labels
    stamps = Occurrences.of(pd.to_datetime(pd.Series(["2024-11-05 13:30", None])), "at")
    assert hierarchy.rows(stamps)[0] == ("2024-11-05 13:30:00", *labels)


@pytest.mark.parametrize(
    ("periods", "says"),
    [([], "list of periods"), (["week"], "no period 'week'"), (["year", "month"], "fine to coarse")],
)
def test_periods_that_do_not_nest_are_refused(periods: list[str], says: str) -> None:
    with pytest.raises(an.HierarchyError, match=says):
        an.Hierarchy.dates(periods)


@pytest.mark.parametrize("value", ["5 November", "2024-13-01", 20241105])
def test_value_that_is_no_date_is_named_with_its_row(value: object) -> None:
    with pytest.raises(an.HierarchyError, match=r"row 1: value .* is not a date"):
        rows(an.Hierarchy.dates(), ["2024-01-01", value])


@given(st.dates(min_value=date(1, 1, 1)), st.dates(min_value=date(1, 1, 1)))
def test_periods_lie_within_each_other(one: date, other: date) -> None:
    occurrences = Occurrences.of(pd.Series([one, other], dtype=object), "at")
    Ladder.of(an.Hierarchy.dates(list(PERIODS)).rows(occurrences))
