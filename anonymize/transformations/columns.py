"""Columns as distinct values, read strictly, and written again as the same kind of column."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from numbers import Integral, Real
from typing import Final, Literal

import numpy as np
import pandas as pd

from anonymize.classes import Codes
from anonymize.errors import SchemaError, TransformationError
from anonymize.hierarchy_intervals import Number, as_number
from anonymize.ladder import Occurrences
from anonymize.schema import check_columns

Kind = Literal["whole numbers", "binary fractions", "decimals", "texts"]

# Enough digits for every finite float, so that limits and bases are met exactly.
EXACT: Final = Context(prec=1100)


def called(series: pd.Series) -> str:
    """How messages name the column."""
    return "The column" if series.name is None else f"Column {series.name!r}"


def occurrences_of(series: pd.Series) -> Occurrences:
    """Find the distinct values. Raises: TransformationError when this is no column or has no rows; SchemaError."""
    if not isinstance(series, pd.Series):
        raise TransformationError("apply takes a column; give a pandas Series, such as df['age'].")
    if not len(series):
        raise TransformationError(f"{called(series)} has no rows; there is nothing to transform.")
    return Occurrences.of(series, str(series.name))


def check_names(df: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raises: SchemaError unless these are columns of the table, at least one and each once."""
    if isinstance(columns, str):
        raise SchemaError(f"columns must be a list of column names; write [{columns!r}].")
    names = list(columns)
    if not names or len(set(names)) < len(names):
        raise SchemaError("columns must name at least one column, and each once.")
    check_columns(df, names)


def rewritten(series: pd.Series, values: Sequence[object], codes: Codes) -> pd.Series:
    """The column with `values[code]` in each row; a row of code -1 keeps its missing value.

    Raises: TransformationError when the column's type cannot hold the values.
    """
    if isinstance(series.dtype, pd.CategoricalDtype) or pd.api.types.is_object_dtype(series.dtype):
        cells = np.empty(len(values) + 1, dtype=object)
        cells[:-1] = values
        cells = cells[codes]
        missing = codes < 0
        cells[missing] = series.astype(object).to_numpy(dtype=object)[missing]
        return pd.Series(cells, index=series.index, name=series.name, dtype=object)
    try:
        domain = pd.Series(list(values), dtype=series.dtype)
    except (OverflowError, ValueError) as cause:
        raise TransformationError(
            f"{called(series)} of type {series.dtype} cannot hold the values that result; convert it to a wider"
            " type with astype."
        ) from cause
    return _picked(series, domain, codes)


def retyped(series: pd.Series, values: Sequence[str], codes: Codes) -> pd.Series:
    """As `rewritten`, of a column that becomes text."""
    if pd.api.types.is_object_dtype(series.dtype) or isinstance(series.dtype, pd.StringDtype):
        return rewritten(series, values, codes)
    return _picked(series, pd.Series(list(values), dtype="str"), codes)


def _picked(series: pd.Series, domain: pd.Series, codes: Codes) -> pd.Series:
    found: pd.Series = domain.reindex(codes)
    found.index, found.name = series.index, series.name
    return found


@dataclass(frozen=True, slots=True, eq=False)
class NumberColumn:
    """A column of numbers, or of texts that are numbers, all of one kind.

    Shape: `values` and `numbers`, which are equal to them exactly as written, have one entry per distinct value;
    `codes` one per row, -1 where missing.
    """

    series: pd.Series
    kind: Kind
    values: tuple[object, ...]
    numbers: tuple[Decimal, ...]
    codes: Codes

    @classmethod
    def of(cls, series: pd.Series) -> "NumberColumn":
        """Raises: TransformationError naming the row of what is no number, infinite or of another kind."""
        found = occurrences_of(series)
        numbers: list[Decimal] = []
        kinds: list[Kind] = []
        for position, value in enumerate(found.values):
            number, kind = as_number(value), _kind(value)
            wrong = ""
            if number is None or kind is None:
                wrong = "is not a number; correct it, or convert with pandas.to_numeric"
            elif not number.is_finite():
                wrong = "is infinite; replace it by a number or a missing value"
            elif kinds and kind != kinds[0]:
                wrong = f"is of another kind than the {kinds[0]} above; convert with astype"
            if number is None or kind is None or wrong:
                row = found.row(position)
                raise TransformationError(f"{called(series)}, row {row}: the value {wrong}.", row=row)
            numbers.append(number)
            kinds.append(kind)
        kind = kinds[0] if kinds else "texts"
        return cls(series, kind, found.values, tuple(numbers), found.codes)

    @property
    def counts(self) -> Codes:
        """How many rows have each value."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.values)).astype(np.int64)

    def spelled(self, number: Decimal, *, name: str) -> object:
        """The number as this column writes numbers. Raises: TransformationError for a part of a whole number."""
        match self.kind:
            case "whole numbers":
                if number != number.to_integral_value():
                    raise TransformationError(
                        f"{called(self.series)} holds whole numbers, so {name} must be one; round it, or convert"
                        " the column with astype(float)."
                    )
                return int(number)
            case "binary fractions":
                return float(number)
            case "decimals":
                return number
            case "texts":
                return format(number, "f")

    def written(self, values: Sequence[object]) -> pd.Series:
        """The column with each distinct value replaced."""
        return rewritten(self.series, values, self.codes)


def finite(number: Number, *, name: str) -> Decimal:
    """A parameter exactly as written. Raises: TransformationError unless it is a finite number."""
    found = None if isinstance(number, str) else as_number(number)
    if found is None or not found.is_finite():
        raise TransformationError(f"{name} must be a finite number; correct it.")
    return found


def count(number: int, *, name: str, least: int) -> None:
    """Raises: TransformationError unless this is a whole number, `least` or more."""
    if isinstance(number, bool) or not isinstance(number, Integral) or number < least:
        raise TransformationError(f"{name} must be a whole number, {least} or more.")


def share_of(share: float, rows: int) -> Decimal:
    """Which part of the rows a share is, exactly as written. Raises: TransformationError unless 0 < share <= 1."""
    if isinstance(share, bool) or not isinstance(share, Real | Decimal) or not 0 < share <= 1:
        raise TransformationError("share must be above 0 and at most 1, for example 0.05 for one in twenty.")
    return Decimal(str(share)) * rows


def plain(number: Number) -> int | float:
    """A parameter as JSON writes it."""
    found = finite(number, name="The parameter")
    return int(found) if found == found.to_integral_value() else float(found)


def _kind(value: object) -> Kind | None:
    match value:
        case str():
            return "texts"
        case Decimal():
            return "decimals"
        case Integral():
            return "whole numbers"
        case Real():
            return "binary fractions"
    return None
