"""Extreme numbers in one group."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import ge, le

import numpy as np
import pandas as pd

from anonymize.errors import TransformationError
from anonymize.hierarchy_intervals import Number, as_number
from anonymize.ladder import leaf_text
from anonymize.transformations.columns import (
    NumberColumn,
    called,
    count,
    finite,
    plain,
    retyped,
    share_of,
)
from anonymize.transformations.protocol import ColumnTransformation


@dataclass(frozen=True, slots=True)
class TopCoding(ColumnTransformation):
    """Shows every number at or above a limit as the limit, or as a label such as "90+".

    With a label the column becomes text, for a label is no number. Order is kept: what was not above another
    number is not above it afterwards.
    Raises: TransformationError for a limit that is no finite number, or a label that is one.
    """

    limit: Number
    label: str | None = None

    def __post_init__(self) -> None:
        _check(self.limit, self.label)

    @classmethod
    def at_quantile(
        cls, series: pd.Series, *, share: float, minimum_count: int, label: str | None = None
    ) -> "TopCoding":
        """The highest limit that at least this share of the rows with a value, and this many, lie at or above.

        The limit is a value of the table, and tells that it occurs: prefer one that was fixed beforehand.
        Raises: TransformationError when fewer rows have a value at all.
        """
        column = NumberColumn.of(series)
        order = sorted(range(len(column.numbers)), key=column.numbers.__getitem__, reverse=True)
        return cls(_limit(column, order, share=share, minimum_count=minimum_count), label)

    def apply(self, series: pd.Series) -> pd.Series:
        """Raises: TransformationError when the column holds what is no number, or cannot hold the limit."""
        return _coded(series, finite(self.limit, name="limit"), self.label, beyond=ge)

    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
        return {"transformation": "top coding", "limit": plain(self.limit), "label": self.label}


@dataclass(frozen=True, slots=True)
class BottomCoding(ColumnTransformation):
    """Shows every number at or below a limit as the limit, or as a label; all else is as in `TopCoding`."""

    limit: Number
    label: str | None = None

    def __post_init__(self) -> None:
        _check(self.limit, self.label)

    @classmethod
    def at_quantile(
        cls, series: pd.Series, *, share: float, minimum_count: int, label: str | None = None
    ) -> "BottomCoding":
        """The lowest limit that at least this share of the rows with a value, and this many, lie at or below."""
        column = NumberColumn.of(series)
        order = sorted(range(len(column.numbers)), key=column.numbers.__getitem__)
        return cls(_limit(column, order, share=share, minimum_count=minimum_count), label)

    def apply(self, series: pd.Series) -> pd.Series:
        """Raises: TransformationError when the column holds what is no number, or cannot hold the limit."""
        return _coded(series, finite(self.limit, name="limit"), self.label, beyond=le)

    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
        return {"transformation": "bottom coding", "limit": plain(self.limit), "label": self.label}


def _check(limit: Number, label: object) -> None:
    finite(limit, name="limit")
    if label is not None and (
        not isinstance(label, str) or not label.strip() or as_number(label) is not None
    ):
        raise TransformationError(
            "label must be a text that is no number, such as '90+'; leave it out to show the limit itself."
        )


def _coded(
    series: pd.Series, limit: Decimal, label: str | None, *, beyond: Callable[[Decimal, Decimal], bool]
) -> pd.Series:
    column = NumberColumn.of(series)
    out = [beyond(number, limit) for number in column.numbers]
    if label is None:
        shown = column.spelled(limit, name="limit")
        return column.written([shown if far else each for far, each in zip(out, column.values, strict=True)])
    texts = [label if far else leaf_text(each) for far, each in zip(out, column.values, strict=True)]
    return retyped(series, texts, column.codes)


def _limit(column: NumberColumn, order: Sequence[int], *, share: float, minimum_count: int) -> Decimal:
    """The first number in this order that, with all before it, enough rows have."""
    count(minimum_count, name="minimum_count", least=1)
    counts = column.counts[list(order)]
    rows = int(counts.sum())
    if rows < minimum_count:
        raise TransformationError(
            f"{called(column.series)} has a value in fewer rows than minimum_count; lower that, or leave the"
            " column out."
        )
    wanted = max(math.ceil(share_of(share, rows)), minimum_count)
    return column.numbers[order[int(np.searchsorted(np.cumsum(counts), wanted))]]
