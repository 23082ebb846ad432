"""Statistics with noise that hides whether any one person is in the table (differential privacy, OpenDP)."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from anonymize.errors import StatisticsError
from anonymize.ladder import Occurrences
from anonymize.releases import SYSTEM_RANDOM, permutation
from anonymize.statistics.budget import PrivacyAccount
from anonymize.statistics.cells import require_one_row_each
from anonymize.statistics.magnitude import numbers

if TYPE_CHECKING:
    from opendp.mod import Measurement

OTHER: Final = "(other)"
STEPS: Final = 5000
"""Means are computed of whole numbers from -STEPS to STEPS: noise on floating-point numbers would leak."""
CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class PrivateNumber:
    """A noisy number. `within` is how far it is from the true one at most, in 95 % of cases; None if unknown."""

    value: float
    epsilon: float
    within: float | None


@dataclass(frozen=True, slots=True)
class PrivateCounts:
    """Noisy counts by category; those of values outside the categories under "(other)". May be negative."""

    counts: Mapping[str, int]
    epsilon: float
    within: float


def private_count(
    df: pd.DataFrame, *, epsilon: float, account: PrivacyAccount, persons: str | None = None
) -> PrivateNumber:
    """The number of rows, with discrete Laplace noise; may be negative.

    Guarantees: `epsilon`-differential privacy for persons who come or go, if each has one row: that is
    checked with `persons`, the column that names them. Charged to the account before noise is drawn.
    Raises: BudgetExhaustedError; StatisticsError for an unusable request or table. Tell errors about the table
    to nobody but its holder: they are not noisy.
    """
    _check(df, [], persons)
    account.charge(epsilon=epsilon, statistic="count")
    noisy, within = _noisy_sum(np.ones(len(df), dtype=np.int64), bounds=(0, 1), epsilon=epsilon)
    return PrivateNumber(float(noisy), epsilon, within)


def private_histogram(
    df: pd.DataFrame,
    column: str,
    *,
    categories: Sequence[object],
    epsilon: float,
    account: PrivacyAccount,
    persons: str | None = None,
) -> PrivateCounts:
    """The number of rows in each public category, each with discrete Laplace noise.

    Guarantees, raises: as `private_count`.
    """
    _check(df, [column], persons)
    labels = Occurrences.of(pd.Series(list(categories), dtype=object), column).texts
    if not labels or OTHER in labels or len(labels) != len(categories):
        raise StatisticsError(
            f"categories must be different values, none missing and none {OTHER}; correct them."
        )
    found = Occurrences.of(df[column], column)
    index = {text: at for at, text in enumerate(labels)}
    place = np.array([*(index.get(text, len(labels)) for text in found.texts), len(labels)])
    account.charge(epsilon=epsilon, statistic="histogram")
    dp = _opendp()
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.symmetric_distance()
    counting = space >> dp.t.then_count_by_categories(
        list(range(len(labels))), null_category=True, TOA="i64", MO="L1Distance<i64>"
    )
    measurement, scale = _laplace(dp, counting, epsilon)
    noisy = measurement(place[found.codes].tolist())
    return PrivateCounts(dict(zip((*labels, OTHER), noisy, strict=True)), epsilon, _within(scale))


def private_mean(
    df: pd.DataFrame,
    column: str,
    *,
    bounds: tuple[float, float],
    epsilon: float,
    account: PrivacyAccount,
    persons: str | None = None,
) -> PrivateNumber:
    """The mean of a column, values outside the public bounds counted as the bound: a noisy sum over a noisy count.

    Half of `epsilon` goes to each. Values are rounded to one part in 10,000 of the bounds' distance first.
    Guarantees, raises: as `private_count`.
    """
    lower, upper = bounds
    if not (math.isfinite(lower) and math.isfinite(upper) and lower < upper):
        raise StatisticsError("bounds must be two finite numbers, the lower first, known without the table.")
    _check(df, [column], persons)
    middle, half = lower / 2 + upper / 2, upper / 2 - lower / 2
    steps = np.rint((np.clip(numbers(df, column), lower, upper) - middle) / half * STEPS).astype(np.int64)
    steps = np.clip(steps, -STEPS, STEPS)
    account.charge(epsilon=epsilon, statistic="mean")
    total, _ = _noisy_sum(steps, bounds=(-STEPS, STEPS), epsilon=epsilon / 2)
    rows, _ = _noisy_sum(np.ones(len(df), dtype=np.int64), bounds=(0, 1), epsilon=epsilon / 2)
    share = min(max(total / STEPS / max(rows, 1), -1.0), 1.0)
    return PrivateNumber(middle + half * share, epsilon, None)


def private_quantile(
    df: pd.DataFrame,
    column: str,
    *,
    q: float,
    candidates: Sequence[float],
    epsilon: float,
    account: PrivacyAccount,
    persons: str | None = None,
) -> PrivateNumber:
    """The one of the public candidates that is about the column's quantile, chosen by noisy scores.

    Guarantees, raises: as `private_count`.
    """
    if isinstance(q, bool) or not 0 <= q <= 1:
        raise StatisticsError("q must be a number from 0 to 1.")
    ordered = [float(each) for each in candidates]
    if len(ordered) < 2 or not np.isfinite(ordered).all() or not (np.diff(ordered) > 0).all():
        raise StatisticsError("candidates must be two or more finite numbers in ascending order.")
    _check(df, [column], persons)
    values = numbers(df, column).tolist()
    account.charge(epsilon=epsilon, statistic="quantile")
    dp = _opendp()
    space = dp.vector_domain(dp.atom_domain(T="f64", nan=False)), dp.symmetric_distance()
    scoring = space >> dp.t.then_quantile_score_candidates(ordered, q)
    choosing = dp.binary_search_chain(
        lambda scale: scoring >> dp.m.then_noisy_max(dp.max_divergence(), scale, negate=True),
        d_in=1,
        d_out=float(epsilon),
    )
    return PrivateNumber(ordered[choosing(values)], epsilon, None)


def one_row_each(df: pd.DataFrame, *, persons: str, rng: random.Random = SYSTEM_RANDOM) -> pd.DataFrame:
    """Draw one row of each person, so that nobody contributes more than one. Shape: rows in random order."""
    _check(df, [persons], None)
    mixed = df.iloc[permutation(len(df), rng)]
    return mixed[~mixed[persons].duplicated() & mixed[persons].notna()].reset_index(drop=True)


def _check(df: pd.DataFrame, columns: Iterable[str], persons: str | None) -> None:
    # An empty table is no error: that it is empty is nobody's to know.
    for column in [*columns, *([] if persons is None else [persons])]:
        if column not in df.columns:
            raise StatisticsError(f"The table has no column {column!r}; correct the name or the table.")
    if len(df):
        require_one_row_each(df, persons)


def _opendp() -> ModuleType:
    # Imported by whoever draws noise only: it takes a second.
    import opendp.prelude as dp

    dp.enable_features("contrib")
    return dp


def _noisy_sum(
    values: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", *, bounds: tuple[int, int], epsilon: float
) -> tuple[int, float]:
    dp = _opendp()
    domain = dp.vector_domain(dp.atom_domain(bounds=bounds, T="i64"))
    summing = (domain, dp.symmetric_distance()) >> dp.t.then_sum()
    measurement, scale = _laplace(dp, summing, epsilon)
    return int(measurement(values)), _within(scale)


def _laplace(dp: ModuleType, transformation: object, epsilon: float) -> "tuple[Measurement, float]":
    """The transformation with the least noise that one row more or less costs at most epsilon."""
    scale = dp.binary_search_param(
        lambda each: transformation >> dp.m.then_laplace(each), d_in=1, d_out=float(epsilon)
    )
    return transformation >> dp.m.then_laplace(scale), float(scale)


def _within(scale: float) -> float:
    return scale * math.log(1 / (1 - CONFIDENCE))
