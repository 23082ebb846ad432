"""Hierarchies

A hierarchy says which group each value of a quasi-identifier belongs to, level by level. Level 0 is the value
itself; on the last level all values are one group. Groups never split on the way up. `preview` shows the labels.
"""

from pathlib import Path

import pandas as pd
from support.spec import refused, shows

import anonymize as an


def test_intervals() -> None:
    """Numbers: intervals

    One width per level, each a multiple of the one before; `[20, 25)` holds 20 and not 25.
    """
    ages = pd.Series([20, 24, 25, 67])
    shows(
        an.Hierarchy.intervals([5, 10]).preview(ages),
        r"""
        | 0 | 1 | 2 | 3 |
        | --- | --- | --- | --- |
        | 20 | [20, 25) | [20, 30) | \* |
        | 24 | [20, 25) | [20, 30) | \* |
        | 25 | [25, 30) | [20, 30) | \* |
        | 67 | [65, 70) | [60, 70) | \* |
        """,
    )


def test_bounds() -> None:
    """Bottom and top coding

    From level 1 on, all numbers below `bottom` are one group, and all from `top` on.
    """
    ages = pd.Series([7, 17, 18, 34, 90, 104])
    shows(
        an.Hierarchy.intervals([20], bottom=18, top=90).preview(ages),
        r"""
        | 0 | 1 | 2 |
        | --- | --- | --- |
        | 7 | < 18 | \* |
        | 17 | < 18 | \* |
        | 18 | [18, 20) | \* |
        | 34 | [20, 40) | \* |
        | 90 | >= 90 | \* |
        | 104 | >= 90 | \* |
        """,
    )


def test_dates() -> None:
    """Dates

    By calendar: `day`, `month`, `quarter`, `year`, `decade`, finest first. Text is read as ISO 8601.
    """
    visits = pd.Series(["2024-02-29", "2024-11-05T09:30"])
    shows(
        an.Hierarchy.dates(["month", "quarter", "year"]).preview(visits),
        r"""
        | 0 | 1 | 2 | 3 | 4 |
        | --- | --- | --- | --- | --- |
        | 2024-02-29 | 2024-02 | 2024-Q1 | 2024 | \* |
        | 2024-11-05T09:30 | 2024-11 | 2024-Q4 | 2024 | \* |
        """,
    )


def test_redaction() -> None:
    """Codes: redaction

    One character more is masked on each level, from the right or the left.
    """
    codes = pd.Series(["150-0001", "150-0043"])
    shows(
        an.Hierarchy.redaction(length=8).preview(codes)[[0, 1, 4, 5, 8]],
        r"""
        | 0 | 1 | 4 | 5 | 8 |
        | --- | --- | --- | --- | --- |
        | 150-0001 | 150-000\* | 150-\*\*\*\* | 150\*\*\*\*\* | \* |
        | 150-0043 | 150-004\* | 150-\*\*\*\* | 150\*\*\*\*\* | \* |
        """,
    )


def test_order() -> None:
    """Ordered categories

    Neighbours are joined: the first level in runs of `sizes[0]`, and so on.
    """
    pain = pd.Series(["none", "some"])
    shows(
        an.Hierarchy.order(["none", "some", "much", "most"], sizes=[2]).preview(pain),
        r"""
        | 0 | 1 | 2 |
        | --- | --- | --- |
        | none | [none, some] | \* |
        | some | [none, some] | \* |
        | much | [much, most] | \* |
        | most | [much, most] | \* |
        """,
    )


def test_mapping() -> None:
    """Categories with groups that mean something: mapping

    Each step takes the labels of one level to those of the next.
    """
    organs = an.Hierarchy.mapping({"asthma": "lung", "cough": "lung", "ulcer": "gut"})
    shows(
        organs.preview(pd.Series(["asthma"])),
        r"""
        | 0 | 1 | 2 |
        | --- | --- | --- |
        | asthma | lung | \* |
        | cough | lung | \* |
        | ulcer | gut | \* |
        """,
    )


def test_priority() -> None:
    """Categories without groups: priority

    The least important values are given up first: level 1 shows the first `keep[0]` of them, and so on.
    """
    wards = pd.Series(["medicine", "surgery"])
    shows(
        an.Hierarchy.priority(["medicine", "surgery", "eye", "skin"], keep=[2, 1]).preview(wards),
        r"""
        | 0 | 1 | 2 | 3 |
        | --- | --- | --- | --- |
        | medicine | medicine | medicine | \* |
        | surgery | surgery | \* | \* |
        | eye | \* | \* | \* |
        | skin | \* | \* | \* |
        """,
    )


def test_csv(tmp_path: Path) -> None:
    """Written elsewhere: CSV

    ARX's form: no header, the value first, then its label on each level, separated by `;`. Tab, comma and `|` are
    recognised too, and the encodings UTF-8, UTF-16 and Shift_JIS; anything else is given with `separator=` and
    `encoding=`.
    """
    path = tmp_path / "town.csv"
    path.write_text("渋谷区;東京都;*\n新宿区;東京都;*\n北区;大阪府;*\n", encoding="cp932")
    shows(
        an.Hierarchy.from_csv(path).preview(pd.Series(["北区"])),
        r"""
        | 0 | 1 | 2 |
        | --- | --- | --- |
        | 渋谷区 | 東京都 | \* |
        | 新宿区 | 東京都 | \* |
        | 北区 | 大阪府 | \* |
        """,
    )


def test_missing() -> None:
    """Missing values

    A missing value is a value of its own. It stays missing (shown as an empty cell) on every level but those with a
    single group.
    """
    ages = pd.Series([20, None])
    shows(
        an.Hierarchy.intervals([10]).preview(ages),
        r"""
        | 0 | 1 | 2 |
        | --- | --- | --- |
        | 20 | [20, 30) | \* |
        |  |  | \* |
        """,
    )


def test_strict() -> None:
    """What is no hierarchy is refused

    With the value, the row (the first is 0) and what to do.
    """
    with refused(
        "HierarchyError: Row 1 ('b') has 2 columns, the first row has 3; give every value the same number of levels."
    ):
        an.Hierarchy.from_levels([("a", "x", "*"), ("b", "*")])
    with refused(
        "HierarchyError: Group 'x' on level 1 goes to 'p' in row 0 but to 'q' in row 1; give it one parent."
    ):
        an.Hierarchy.from_levels([("a", "x", "p"), ("b", "x", "q")])
    with refused("HierarchyError: Width 12 of level 2 must be a larger multiple of 5."):
        an.Hierarchy.intervals([5, 12])
    with refused(
        """HierarchyError: Column 'age', row 1: value 'old' is not a number; correct it, or convert the column with
        pandas.to_numeric."""
    ):
        an.Hierarchy.intervals([5]).preview(pd.Series([20, "old"], name="age"))
