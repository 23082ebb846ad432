"""Means, sums and quantiles of groups, hidden where few persons or single contributions would show."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Final

import numpy as np
import pandas as pd

from anonymize.classes import combine
from anonymize.errors import StatisticsError
from anonymize.loss import Floats
from anonymize.schema import check_columns
from anonymize.statistics.cells import coded, require_one_row_each
from anonymize.statistics.policy import DEFAULT_STATISTICS, StatisticsPolicy
from anonymize.statistics.suppression import rounded

ROWS: Final = "rows"
_Statistic = Callable[[Floats], float]


@dataclass(frozen=True, slots=True, eq=False)
class GroupStatistics:
    """Statistics of a column by groups that may be published; hidden numbers are not in it.

    No margins are shown: those of another table on the same persons need a CountLedger that admits the groups
    of both.
    """

    policy: StatisticsPolicy
    _frame: pd.DataFrame = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """Shape: a row per occurring group: its labels, `rows` (rounded), each statistic; missing where hidden."""
        return self._frame.copy()


def group_means(
    df: pd.DataFrame,
    column: str,
    *,
    by: Sequence[str] = (),
    policy: StatisticsPolicy = DEFAULT_STATISTICS,
    persons: str | None = None,
) -> GroupStatistics:
    """The mean of a column in each group of rows that are equal in `by`, in the policy's significant digits.

    Guarantees: shown only where at least `minimum_count` rows contribute something other than 0, not all
    contribute the same, and the dominance and p-percent rules hold for the contributions' absolute values.
    Each row is one person; with `persons`, the column that names them, that is checked.
    Raises: StatisticsError for missing, infinite or other than numeric values, and for flags (0 and 1 only).
    Source: A. Hundepool et al., Statistical Disclosure Control, Wiley 2012, chapter 4.
    """
    statistics: dict[str, _Statistic] = {"mean": lambda values: _mean(values, policy)}
    return _grouped(df, column, by=by, policy=policy, persons=persons, statistics=statistics)


def group_sums(
    df: pd.DataFrame,
    column: str,
    *,
    by: Sequence[str] = (),
    policy: StatisticsPolicy = DEFAULT_STATISTICS,
    persons: str | None = None,
) -> GroupStatistics:
    """As `group_means`, for sums."""
    statistics: dict[str, _Statistic] = {"sum": lambda values: _mean(values, policy) * len(values)}
    return _grouped(df, column, by=by, policy=policy, persons=persons, statistics=statistics)


def group_quantiles(
    df: pd.DataFrame,
    column: str,
    *,
    q: Sequence[float],
    by: Sequence[str] = (),
    policy: StatisticsPolicy = DEFAULT_STATISTICS,
    persons: str | None = None,
) -> GroupStatistics:
    """Quantiles of a column in each group, between two rows interpolated, in the policy's significant digits.

    Guarantees: shown only where at least `minimum_count` rows lie before and as many behind the quantile's
    place, and not all rows are the same; so minimum and maximum never are (attack RI9).
    Raises: as `group_means`.
    """
    if not q or any(isinstance(each, bool) or not isinstance(each, Real) or not 0 <= each <= 1 for each in q):
        raise StatisticsError("q must list at least one number from 0 to 1.")

    def quantile(place: float) -> _Statistic:
        return lambda values: _quantile(values, place, policy)

    statistics = {f"quantile {each:g}": quantile(float(each)) for each in q}
    return _grouped(df, column, by=by, policy=policy, persons=persons, statistics=statistics)


def numbers(df: pd.DataFrame, column: str) -> Floats:
    """A column's finite numbers. Raises: StatisticsError for anything else in it."""
    series = df[column]
    if not pd.api.types.is_numeric_dtype(series) or series.dtype.kind in "bc":
        raise StatisticsError(
            f"Column {column!r} holds no numbers; convert it, or count it with frequency_table."
        )
    if series.isna().any():
        raise StatisticsError(f"Column {column!r} has rows without a value; drop them or fill them in first.")
    found: Floats = series.to_numpy(dtype=np.float64)
    if not np.isfinite(found).all():
        raise StatisticsError(f"Column {column!r} has infinite values; drop or correct these rows first.")
    return found


def _grouped(
    df: pd.DataFrame,
    column: str,
    *,
    by: Sequence[str],
    policy: StatisticsPolicy,
    persons: str | None,
    statistics: Mapping[str, _Statistic],
) -> GroupStatistics:
    if isinstance(by, str) or len({*by, column}) != len(by) + 1:
        raise StatisticsError("by must list different columns, the one that is measured not among them.")
    check_columns(df, [*by, column])
    require_one_row_each(df, persons)
    values = numbers(df, column)
    if np.isin(values, (0, 1)).all():
        raise StatisticsError(
            f"Column {column!r} has 0 and 1 only, so that its mean is a count; use frequency_table."
        )
    axes, codes = zip(*(coded(df, each, categories=None) for each in by), strict=True) if by else ((), ())
    group, count = combine(codes, [len(axis.labels) for axis in axes], records=len(df))
    first = np.unique(group, return_index=True)[1]
    frame = pd.DataFrame(
        {
            axis.column: np.array(axis.labels, dtype=object)[code[first]]
            for axis, code in zip(axes, codes, strict=True)
        },
        index=range(count),
    )
    sizes = np.bincount(group, minlength=count).astype(np.int64)
    parts = np.split(values[np.argsort(group, kind="stable")], np.cumsum(sizes)[:-1])
    shown = pd.array(rounded(sizes, policy.rounding), dtype="Int64")
    shown[sizes < policy.minimum_count] = pd.NA
    frame[ROWS] = shown
    for name, statistic in statistics.items():
        frame[name] = [_digits(statistic(part), policy) for part in parts]
    return GroupStatistics(policy, frame)


def _mean(values: Floats, policy: StatisticsPolicy) -> float:
    sizes = np.sort(np.abs(values))[::-1]
    hidden = (sizes > 0).sum() < policy.minimum_count or np.ptp(values) == 0
    if hidden or _dominated(sizes, policy) or _estimable(sizes, policy):
        return np.nan
    return float(values.mean())


def _dominated(sizes: Floats, policy: StatisticsPolicy) -> bool:
    rule = policy.dominance
    return rule is not None and bool(sizes[: rule.n].sum() > rule.k * sizes.sum())


def _estimable(sizes: Floats, policy: StatisticsPolicy) -> bool:
    """Whether the second largest contributor can estimate the largest one too well."""
    return policy.p_percent is not None and bool(sizes[2:].sum() < policy.p_percent * sizes[0])


def _quantile(values: Floats, place: float, policy: StatisticsPolicy) -> float:
    position = place * (len(values) - 1)
    fewest = min(np.floor(position), len(values) - 1 - np.ceil(position))
    if fewest < policy.minimum_count or np.ptp(values) == 0:
        return np.nan
    return float(np.quantile(values, place))


def _digits(value: float, policy: StatisticsPolicy) -> float:
    if np.isinf(value):
        raise StatisticsError("The values are too large to be summed; divide the column by a power of ten.")
    return float(f"{value:.{policy.digits - 1}e}")
