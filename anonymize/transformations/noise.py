"""Noise under differential privacy, value by value, by OpenDP's measurements."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from anonymize.errors import TransformationError
from anonymize.transformations.columns import NumberColumn, called, finite, plain
from anonymize.transformations.protocol import ColumnTransformation

if TYPE_CHECKING:
    from opendp.core import Measurement


@dataclass(frozen=True, slots=True)
class LaplaceNoise(ColumnTransformation):
    """Adds Laplace noise to every number, after moving numbers outside `lower`..`upper` to the nearer bound.

    Guarantees: epsilon-differential privacy of each row's value (the local model, noise by OpenDP from the
    system's random source): whatever is published of a row, and of all others, is at most exp(epsilon) times
    likelier for one value within the bounds than for any other. It holds for bounds that do not come from the
    table. Several noisy columns of a row add up; *which* rows lack a value is not protected, and no other column.
    Shape: the column becomes float64.
    Raises: TransformationError unless epsilon is above 0 and lower below upper, all finite.
    Source: C. Dwork and others, Calibrating noise to sensitivity in private data analysis, TCC 2006; S.
    Kasiviswanathan and others, What can we learn privately?, SIAM Journal on Computing 40(3), 2011 (local model).
    """

    epsilon: float
    lower: float
    upper: float

    def __post_init__(self) -> None:
        _check(self.epsilon, self.lower, self.upper)

    def apply(self, series: pd.Series) -> pd.Series:
        """Raises: TransformationError when the column holds what is no finite number."""
        column = NumberColumn.of(series)
        low, high = float(self.lower), float(self.upper)
        clamped = [min(max(float(number), low), high) for number in column.numbers]
        noisy = _noisy(column, clamped, laplace(reach_of(low, high), self.epsilon))
        found = np.full(len(series), np.nan)
        found[column.codes >= 0] = noisy
        return pd.Series(found, index=series.index, name=series.name)

    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
        return _described("Laplace noise", self.epsilon, self.lower, self.upper)


@dataclass(frozen=True, slots=True)
class GeometricNoise(ColumnTransformation):
    """Adds whole noise to every whole number; the rest, and what is guaranteed, is as of `LaplaceNoise`.

    Shape: the column becomes int64, or Int64 where values are missing.
    Raises: TransformationError also for bounds that are no whole numbers of 53 bits.
    Source: A. Ghosh, T. Roughgarden, M. Sundararajan, Universally utility-maximizing privacy mechanisms, SIAM
    Journal on Computing 41(6), 2012.
    """

    epsilon: float
    lower: int
    upper: int

    def __post_init__(self) -> None:
        _check(self.epsilon, self.lower, self.upper)
        if any(bound % 1 or abs(bound) >= 2**53 for bound in (self.lower, self.upper)):
            raise TransformationError("lower and upper must be whole numbers of at most 53 bits.")

    def apply(self, series: pd.Series) -> pd.Series:
        """Raises: TransformationError when the column holds what is no finite whole number."""
        column = NumberColumn.of(series)
        if any(number != number.to_integral_value() for number in column.numbers):
            raise TransformationError(
                f"{called(series)} has parts of whole numbers; apply Rounding(1) first, or LaplaceNoise."
            )
        low, high = int(self.lower), int(self.upper)
        clamped = [min(max(int(number), low), high) for number in column.numbers]
        noisy = _noisy(column, clamped, geometric(high - low, self.epsilon))
        there = column.codes >= 0
        if there.all():
            return pd.Series(np.array(noisy, dtype=np.int64), index=series.index, name=series.name)
        cells = np.full(len(series), pd.NA, dtype=object)
        cells[there] = noisy
        return pd.Series(cells, index=series.index, name=series.name, dtype="Int64")

    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
        return _described("geometric noise", self.epsilon, self.lower, self.upper)


def _check(epsilon: float, lower: float, upper: float) -> None:
    if isinstance(epsilon, bool) or not isinstance(epsilon, Real) or not 0 < float(epsilon) < math.inf:
        raise TransformationError("epsilon must be a finite number above 0, for example 1.0.")
    if finite(lower, name="lower") >= finite(upper, name="upper"):
        raise TransformationError("lower must lie below upper; give the bounds that values can have at all.")


def _described(name: str, epsilon: float, lower: float, upper: float) -> dict[str, object]:
    return {
        "transformation": name,
        "epsilon": float(epsilon),
        "lower": plain(lower),
        "upper": plain(upper),
        "protects": "each row's value of this column, by itself",
    }


def reach_of(low: float, high: float) -> float:
    """How far two values within the bounds can be apart, rounded up."""
    reach = high - low
    return reach if Fraction(reach) >= Fraction(high) - Fraction(low) else math.nextafter(reach, math.inf)


def laplace(reach: float, epsilon: float) -> "Measurement":
    """The measurement of a column of fractions that are at most `reach` apart. Raises: TransformationError."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="f64", nan=False)), dp.l1_distance(T="f64")
    return _calibrated(lambda scale: dp.m.make_laplace(*space, scale=scale), reach, epsilon)


def geometric(reach: int, epsilon: float) -> "Measurement":
    """The measurement of a column of whole numbers. Raises: TransformationError."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
    return _calibrated(lambda scale: dp.m.make_geometric(*space, scale=scale), reach, epsilon)


def _calibrated(make: "Callable[[float], Measurement]", reach: float, epsilon: float) -> "Measurement":
    """The measurement with the least noise of which OpenDP says that it is private enough.

    A column is one vector: one row's value changes it by at most `reach` in the 1-norm.
    """
    scale = reach / float(epsilon)
    if not 0 < scale < math.inf:
        raise TransformationError(
            "No noise can be computed for this epsilon and these bounds; bring them nearer to 1."
        )
    measurement = make(scale)
    while not measurement.check(reach, float(epsilon)):  # the quotient was rounded down
        scale = math.nextafter(scale, math.inf)
        measurement = make(scale)
    return measurement


def _noisy(column: NumberColumn, clamped: Sequence[float], measurement: "Measurement") -> Sequence[float]:
    values = [clamped[code] for code in column.codes.tolist() if code >= 0]
    found: Sequence[float] = measurement(values) if values else []
    return found
