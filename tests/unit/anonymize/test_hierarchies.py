"""Hierarchies: how values are coarsened, level by level."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import anonymize as an
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


@pytest.mark.parametrize(
    ("content", "says"),
    [(b'"a;b\n', "broken quoting"), (b"\xff\xfe\x00;*\n", "UTF-8"), (b"a;*\nb\n", "h.csv: Row 1 ('b')")],
)
def test_malformed_file_is_refused_by_name(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "h.csv").write_bytes(content)
    with pytest.raises(an.HierarchyError, match=r"h\.csv") as refused:
        an.Hierarchy.from_csv(tmp_path / "h.csv")
    assert says in str(refused.value)


def test_absent_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(an.HierarchyError, match=r"absent\.csv"):
        an.Hierarchy.from_csv(tmp_path / "absent.csv")


def test_value_outside_the_hierarchy_is_named_with_its_row() -> None:
    with pytest.raises(an.HierarchyError, match="'column', row 2: value 'c'") as refused:
        rows(an.Hierarchy.from_levels([("a", "*"), ("b", "*")]), ["a", "b", "c"])
    assert (refused.value.column, refused.value.row) == ("column", 2)


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
