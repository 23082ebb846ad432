"""Numbers rounded to multiples."""

from dataclasses import dataclass
from decimal import Decimal, localcontext

import pandas as pd

from anonymize.errors import TransformationError
from anonymize.hierarchy_intervals import Number
from anonymize.transformations.columns import EXACT, NumberColumn, finite, plain
from anonymize.transformations.protocol import ColumnTransformation


@dataclass(frozen=True, slots=True)
class Rounding(ColumnTransformation):
    """Rounds every number to the nearest multiple of `base`, ties to the even multiple.

    Computed in decimals, so that 0.15 lies half-way between 0.1 and 0.2 as it is written. Whole numbers stay
    whole, decimals exact; a text is written with the decimals of `base`.
    Guarantees: no number moves by more than base / 2 (a binary fraction is the one nearest to the multiple).
    Raises: TransformationError unless `base` is a finite number above 0.
    """

    base: Number

    def __post_init__(self) -> None:
        if finite(self.base, name="base") <= 0:
            raise TransformationError("base must be above 0, for example 1000 for thousands.")

    def apply(self, series: pd.Series) -> pd.Series:
        """Raises: TransformationError when the column holds what is no number, or parts of a whole number result."""
        column = NumberColumn.of(series)
        base = finite(self.base, name="base")
        column.spelled(base, name="base")
        with localcontext(EXACT):
            rounded = [_nearest(number, base) for number in column.numbers]
            return column.written([column.spelled(number, name="base") for number in rounded])

    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
        return {"transformation": "rounding", "base": plain(self.base)}


def _nearest(number: Decimal, base: Decimal) -> Decimal:
    whole = int(number // base)
    rest = number - whole * base
    if rest < 0:  # decimals divide towards zero
        whole, rest = whole - 1, rest + base
    up = 2 * rest > base or (2 * rest == base and whole % 2 == 1)
    return (whole + up) * base
