"""A table's rows counted in cells, with every margin."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from anonymize.classes import Codes
from anonymize.errors import StatisticsError
from anonymize.ladder import Occurrences
from anonymize.schema import check_columns

TOTAL: Final = "(total)"
MISSING: Final = "(missing)"

Categories = Mapping[str, Sequence[object]]


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of a table: a column and the labels of its categories, the margin not among them.

    `public` says that the labels were given, not found in the table: then a label tells nothing.
    """

    column: str
    labels: tuple[str, ...]
    public: bool


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Counts of all cells and margins.

    Shape: `counts` has one more entry along each axis than it has labels, the margin, last.
    """

    axes: tuple[Axis, ...]
    counts: Codes

    @property
    def shape(self) -> tuple[int, ...]:
        """How many labels each axis has."""
        return tuple(len(axis.labels) for axis in self.axes)


def require_one_row_each(df: pd.DataFrame, persons: str | None) -> None:
    """Raises: StatisticsError when the column of persons repeats one or lacks one; None says that rows are persons."""
    if persons is None:
        return
    check_columns(df, [persons])
    if df[persons].isna().any():
        raise StatisticsError(f"Column {persons!r} names nobody in some rows; drop them or name the person.")
    if df[persons].duplicated().any():
        raise StatisticsError(
            f"A person of column {persons!r} has more than one row; join each person's rows, or draw one of"
            " them with one_row_each."
        )


def coded(df: pd.DataFrame, column: str, *, categories: Sequence[object] | None) -> tuple[Axis, Codes]:
    """The axis of a column and which label each row has; missing values are a label of their own.

    Raises: StatisticsError when a value is not among the categories that were given, or spells a reserved label.
    """
    found = Occurrences.of(df[column], column)
    if categories is None:
        order = _ordered(found)
        labels = tuple(found.texts[at] for at in order)
        place = np.empty(len(order) + 1, dtype=np.int64)
        place[order] = np.arange(len(order))
    else:
        given = Occurrences.of(pd.Series(list(categories), dtype=object), column)
        labels = given.texts
        index = {text: at for at, text in enumerate(labels)}
        for at, text in enumerate(found.texts):
            if text not in index:
                raise StatisticsError(
                    f"Column {column!r}, row {found.row(at)}: {text!r} is not among the categories; add it."
                )
        place = np.array([*(index[text] for text in found.texts), 0], dtype=np.int64)
    if {TOTAL, MISSING} & set(labels):
        raise StatisticsError(f"Column {column!r} holds a reserved label ({TOTAL}, {MISSING}); rename it.")
    place[-1] = len(labels)
    shown = (*labels, MISSING) if found.missing else labels
    return Axis(column, shown, categories is not None), place[found.codes]


def count_cells(df: pd.DataFrame, by: Sequence[str], *, categories: Categories | None, most: int) -> Cells:
    """Count rows by the categories of one to three columns.

    Raises: StatisticsError for other numbers of columns and for tables of more than `most` cells.
    """
    if isinstance(by, str) or not 1 <= len(by) <= 3 or len(set(by)) != len(by):
        raise StatisticsError("by must list one to three different columns; count fewer at a time.")
    check_columns(df, by)
    given = categories or {}
    if unknown := sorted(set(given) - set(by)):
        raise StatisticsError(
            f"Categories are given for {unknown[0]!r}, which is not counted by; remove them."
        )
    axes, codes = zip(*(coded(df, each, categories=given.get(each)) for each in by), strict=True)
    shape = tuple(len(axis.labels) for axis in axes)
    size = int(np.prod([length + 1 for length in shape], dtype=object))
    if size > most:
        raise StatisticsError(
            f"The table would have {size} cells with its margins, at most {most} can be protected; count by"
            " fewer columns or broader categories."
        )
    place = np.ravel_multi_index(codes, shape)
    counts = np.bincount(place, minlength=int(np.prod(shape))).reshape(shape)
    for axis in range(len(shape)):
        counts = np.concatenate([counts, counts.sum(axis=axis, keepdims=True)], axis=axis)
    return Cells(axes, counts.astype(np.int64))


def _ordered(found: Occurrences) -> list[int]:
    numbers = range(len(found.values))
    if all(isinstance(value, int | float) for value in found.values):
        return sorted(numbers, key=lambda at: float(found.texts[at]))
    return sorted(numbers, key=found.texts.__getitem__)
