"""The validated, integer-coded form of a hierarchy over one column's domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from anonymize.classes import Codes
from anonymize.errors import HierarchyError, SchemaError
from anonymize.loss import Floats

TOP: Final = "*"
_SPELLED_VARIOUSLY: Final = frozenset(
    ["mixed", "mixed-integer", "mixed-integer-float", "floating", "decimal", "datetime", "complex"]
)
"""Kinds of columns in which equal values may be written differently: 1 and True, 0.0 and -0.0, 1.0 and 1.00."""

Label = str | None
LabelRow = tuple[Label, ...]


def leaf_text(value: object) -> str:
    """Spell a value as hierarchies do: whole numbers without decimals, everything else as printed."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


@dataclass(frozen=True, slots=True, eq=False)
class Occurrences:
    """The distinct values of a column and which row has which.

    Shape: `codes` has one entry per row, an index into `values`, -1 where missing.
    """

    column: str
    values: tuple[object, ...]
    texts: tuple[str, ...]
    codes: Codes

    @classmethod
    def of(cls, series: pd.Series, column: str) -> "Occurrences":
        """Raises: SchemaError when values cannot be compared, or are equal but not written equally.

        What counts as one value must look like one, or the classes that are checked are not those that leave.
        """
        try:
            codes, distinct = pd.factorize(series)
        except TypeError as cause:
            raise SchemaError(f"Column {column!r} holds lists or mappings; give plain values.") from cause
        values = tuple(distinct.tolist())
        texts = tuple(leaf_text(value) for value in values)
        found = cls(column, values, texts, codes.astype(np.int64))
        if series.dtype != object:
            _check_zeros(series, column)
        elif pd.api.types.infer_dtype(series, skipna=True) in _SPELLED_VARIOUSLY:
            found._check_spelling(series)
        if len(set(texts)) != len(texts):
            twice = int(pd.Index(texts).duplicated().argmax())
            row = found.row(twice)
            raise SchemaError(
                f"Column {column!r} mixes types: {texts[twice]!r} in row {row} also occurs as another type;"
                " convert the column with astype."
            )
        return found

    def _check_spelling(self, series: pd.Series) -> None:
        spelled = [str(value) for value in self.values]
        for row, (code, value) in enumerate(zip(self.codes.tolist(), series.tolist(), strict=True)):
            if code >= 0 and str(value) != spelled[code]:
                raise SchemaError(
                    f"Column {self.column!r} mixes types: {str(value)!r} in row {row} equals {spelled[code]!r};"
                    " convert the column with astype."
                )

    @property
    def missing(self) -> bool:
        """Whether any row has no value."""
        return bool((self.codes < 0).any())

    @property
    def leaves(self) -> tuple[Label, ...]:
        """The occurring leaves, the missing one last."""
        return (*self.texts, None) if self.missing else self.texts

    def row(self, position: int) -> int:
        """The first row that has the value at `position`, counted from 0."""
        return int(np.argmax(self.codes == position))

    def error(self, position: int, advice: str) -> HierarchyError:
        """An error about the value at `position` that says where it is and what to do."""
        row = self.row(position)
        return HierarchyError(
            f"Column {self.column!r}, row {row}: value {self.texts[position]!r} {advice}.",
            column=self.column,
            row=row,
        )


def _check_zeros(series: pd.Series, column: str) -> None:
    # Of machine numbers only these are equal and not written equally.
    values = series.to_numpy() if series.dtype.kind == "f" else np.empty(0)
    if len(set(np.signbit(values[values == 0]).tolist())) > 1:
        raise SchemaError(f"Column {column!r} has both 0.0 and -0.0; add 0.0 to it, which makes them equal.")


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """For each level the group of every leaf, as numbers.

    Shape: `groups[level]` has one group number per leaf, `labels[level]` one label per group.
    Guarantees: leaves that share a group share one on every higher level.
    """

    leaves: tuple[Label, ...]
    groups: tuple[Codes, ...]
    labels: tuple[tuple[Label, ...], ...]

    @classmethod
    def of(cls, rows: Sequence[LabelRow]) -> "Ladder":
        """Number the groups of each level; raises HierarchyError when the rows are no hierarchy."""
        groups, labels = check_rows(rows)
        return cls(labels[0], groups, labels)

    @property
    def height(self) -> int:
        """How many levels there are, level 0 included."""
        return len(self.groups)

    def shares(self, level: int) -> Floats:
        """For each leaf, which part of all leaves its group on the level holds."""
        groups = self.groups[level]
        return (np.bincount(groups)[groups] / len(groups)).astype(np.float64)


Numbered = tuple[tuple[Codes, ...], tuple[tuple[Label, ...], ...]]


def check_rows(rows: Sequence[LabelRow]) -> Numbered:
    """Return group numbers and labels per level, as `Ladder` has them.

    Raises: HierarchyError naming value, row and what to correct, unless the rows form a hierarchy.
    """
    if not rows or len({len(row) for row in rows}) > 1 or not rows[0]:
        _explain_shape(rows)
    groups, labels = zip(*(_number(column) for column in zip(*rows, strict=True)), strict=True)
    if len(labels[0]) < len(rows) or any(None in level for level in labels[1:]):
        _explain_shape(rows)
    for level in range(1, len(groups) - 1):
        parent = np.empty(len(labels[level]), dtype=np.int64)
        parent[groups[level]] = groups[level + 1]
        if not np.array_equal(parent[groups[level]], groups[level + 1]):
            _explain_parents(rows, level)
    return groups, labels


def _number(column: Sequence[Label]) -> tuple[Codes, tuple[Label, ...]]:
    cells = np.empty(len(column), dtype=object)
    cells[:] = column
    codes, found = pd.factorize(cells)
    labels: tuple[Label, ...] = tuple(found.tolist())
    missing = codes < 0
    if missing.any():
        codes = np.where(missing, len(labels), codes)
        labels = (*labels, None)
    return codes.astype(np.int64, copy=False), labels


def _explain_shape(rows: Sequence[LabelRow]) -> None:
    if not rows:
        raise HierarchyError("The hierarchy has no rows; give one row per value.")
    height = len(rows[0])
    first_row: dict[Label, int] = {}
    for number, row in enumerate(rows):
        if len(row) != height or not row:
            raise HierarchyError(
                f"Row {number} ({row[0] if row else ''!r}) has {len(row)} columns, the first row"
                f" has {height}; give every value the same number of levels.",
                row=number,
            )
        if row[0] in first_row:
            raise HierarchyError(
                f"Value {row[0]!r} stands in rows {first_row[row[0]]} and {number}; keep one of them.",
                row=number,
            )
        first_row[row[0]] = number
        if row[0] is not None and None in row:
            raise HierarchyError(
                f"Row {number} ({row[0]!r}) has no label on level {row.index(None)}; write one.", row=number
            )


def _explain_parents(rows: Sequence[LabelRow], level: int) -> None:
    parents: dict[Label, tuple[Label, int]] = {}
    for number, row in enumerate(rows):
        parent, earlier = parents.setdefault(row[level], (row[level + 1], number))
        if parent != row[level + 1]:
            raise HierarchyError(
                f"Group {row[level]!r} on level {level} goes to {parent!r} in row {earlier} but to"
                f" {row[level + 1]!r} in row {number}; give it one parent.",
                row=number,
            )
