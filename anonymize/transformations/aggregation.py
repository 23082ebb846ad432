"""Micro-aggregation: groups of rows that are near each other show one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from numbers import Number as AnyNumber
from typing import Final, Literal

import numpy as np
import pandas as pd

from anonymize.classes import Codes, Mask, combine
from anonymize.errors import TransformationError
from anonymize.loss import Floats
from anonymize.transformations.columns import called, check_names, count, occurrences_of, rewritten
from anonymize.transformations.mdav import mdav
from anonymize.transformations.protocol import TableTransformation

Centre = Literal["mean", "median"]

_GREATEST: Final = 1e150
"""Squares of greater numbers are beyond machine numbers."""


@dataclass(frozen=True, slots=True)
class MicroAggregation(TableTransformation):
    """Joins rows that are near each other in groups of `size` to 2 * size - 1, which then show one value each.

    Of numbers a group shows the mean or the median, as fractions; of texts and truth values the most frequent
    one, the first in the table among equals. Numbers are divided by their standard deviation, a text that differs
    counts as a distance of 1. Rows that lack a value are grouped with those that lack the same ones.
    Guarantees: every combination of values of the aggregated columns occurs in at least `size` rows; by "mean"
    the sum of a column stays the same but for rounding.
    Raises: TransformationError for an impossible size or centre.
    Source: see `anonymize.transformations.mdav`.
    """

    size: int
    centre: Centre = "mean"

    def __post_init__(self) -> None:
        count(self.size, name="size", least=1)
        if self.centre not in ("mean", "median"):
            raise TransformationError('centre must be "mean" or "median".')

    def apply(self, df: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
        """Raises: TransformationError when too few rows lack the same values, or a column is of no use here."""
        check_names(df, columns)
        parts = [_part(df[column]) for column in columns]
        group = self._groups(parts, rows=len(df))
        frame = df.copy()
        for column, part in zip(columns, parts, strict=True):
            frame[column] = part.aggregated(group, self.centre)
        return frame

    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
        return {"transformation": "micro-aggregation", "size": int(self.size), "centre": self.centre}

    def _groups(self, parts: "Sequence[_Numbers | _Categories]", *, rows: int) -> Codes:
        """Number the groups, apart for each set of columns that rows lack."""
        lacking = [part.missing.astype(np.int64) for part in parts]
        pattern, patterns = combine(lacking, [2] * len(parts), records=rows)
        group = np.empty(rows, dtype=np.int64)
        known = 0
        for number in range(patterns):
            there = np.flatnonzero(pattern == number)
            if len(there) < self.size:
                raise TransformationError(
                    f"Fewer than {self.size} rows lack values of the same columns as row {there[0]}, or have all:"
                    " fill values in, leave such rows out, or lower size.",
                    row=int(there[0]),
                )
            present = [part for part in parts if not part.missing[there[0]]]
            numbers = [_standardised(part, there) for part in present if isinstance(part, _Numbers)]
            codes = [part.codes[there] for part in present if isinstance(part, _Categories)]
            found = mdav(
                np.array(numbers, dtype=np.float64).reshape(len(numbers), len(there)),
                np.array(codes, dtype=np.int64).reshape(len(codes), len(there)),
                size=self.size,
            )
            group[there] = found + known
            known += int(found.max()) + 1
        return group


@dataclass(frozen=True, slots=True, eq=False)
class _Numbers:
    series: pd.Series
    values: Floats

    @property
    def missing(self) -> Mask:
        return np.isnan(self.values)

    def aggregated(self, group: Codes, centre: Centre) -> pd.Series:
        grouped = pd.Series(self.values, index=self.series.index, name=self.series.name).groupby(group)
        # Adding 0 makes a mean of -0.0 the same value as 0.0.
        found: pd.Series = grouped.transform(centre) + 0.0
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Categories:
    series: pd.Series
    values: tuple[object, ...]
    codes: Codes

    @property
    def missing(self) -> Mask:
        return self.codes < 0

    def aggregated(self, group: Codes, centre: Centre) -> pd.Series:  # noqa: ARG002 - texts have one centre
        # Rows of a group lack the value all or none: -1 stays -1.
        pairs, rows = np.unique(group * (len(self.values) + 1) + self.codes + 1, return_counts=True)
        groups, codes = np.divmod(pairs, len(self.values) + 1)
        order = np.lexsort((codes, -rows, groups))
        first = order[np.unique(groups[order], return_index=True)[1]]
        return rewritten(self.series, self.values, (codes[first] - 1)[group])


def _part(series: pd.Series) -> _Numbers | _Categories:
    """Raises: TransformationError for what is neither numbers nor categories, and for numbers too large."""
    dtype = series.dtype
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        if pd.api.types.is_complex_dtype(dtype):
            raise TransformationError(f"{called(series)} holds complex numbers; give their parts as columns.")
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        if (np.abs(values) > _GREATEST).any():
            row = int((np.abs(values) > _GREATEST).argmax())
            raise TransformationError(
                f"{called(series)}, row {row}: the value is infinite or too large to compute with; replace it by a"
                " number or a missing value, or rescale the column.",
                row=row,
            )
        return _Numbers(series, values)
    found = occurrences_of(series)
    for position, value in enumerate(found.values):
        if not isinstance(value, str | bool | np.bool_):
            row = found.row(position)
            known = isinstance(value, AnyNumber | Decimal | date)
            advice = (
                "convert numbers with astype(float), and dates to numbers" if known else "give plain texts"
            )
            raise TransformationError(
                f"{called(series)}, row {row}: the value is neither text nor in a column of numbers; {advice}.",
                row=row,
            )
    return _Categories(series, found.values, found.codes)


def _standardised(part: _Numbers, rows: Codes) -> Floats:
    values = part.values[rows]
    found: Floats = (values - values.mean()) / (values.std() or 1.0)
    return found
