"""Dates cut to calendar periods."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from anonymize.errors import TransformationError
from anonymize.hierarchy_dates import as_date
from anonymize.transformations.columns import called, occurrences_of, rewritten
from anonymize.transformations.protocol import ColumnTransformation

Period = Literal["year", "quarter", "month", "week", "day"]
Instants = NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class DateTruncation(ColumnTransformation):
    """Replaces every date by the first day of its year, quarter, month, week (Monday) or day, at midnight.

    The column keeps its kind: datetimes (in their own time zone), dates, or texts in ISO 8601, which become
    texts such as 2024-05-01.
    Raises: TransformationError for another period.
    """

    to: Period

    def __post_init__(self) -> None:
        if self.to not in get_args(Period):
            raise TransformationError(
                f"DateTruncation knows no such period; choose among {list(get_args(Period))}."
            )

    def apply(self, series: pd.Series) -> pd.Series:
        """Raises: TransformationError naming the row of what is no date."""
        if isinstance(series, pd.Series) and pd.api.types.is_datetime64_any_dtype(series.dtype):
            return _instants(series, self.to)
        found = occurrences_of(series)
        starts: list[object] = []
        kinds: list[type] = []
        for position, value in enumerate(found.values):
            at = as_date(value)
            if at is None or (kinds and _kind(value) is not kinds[0]):
                row = found.row(position)
                wrong = "is no date" if at is None else "is written in another way than those above"
                raise TransformationError(
                    f"{called(series)}, row {row}: the value {wrong}; write dates as 2024-12-31, or convert the"
                    " column with pandas.to_datetime.",
                    row=row,
                )
            kinds.append(_kind(value))
            starts.append(_written(value, _start(at, self.to)))
        return rewritten(series, starts, found.codes)

    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
        return {"transformation": "date truncation", "to": self.to}


def _kind(value: object) -> type:
    return str if isinstance(value, str) else (datetime if isinstance(value, datetime) else date)


def _start(at: date, to: Period) -> date:
    day = date(at.year, at.month, at.day)
    match to:
        case "year":
            return day.replace(month=1, day=1)
        case "quarter":
            return day.replace(month=day.month - (day.month - 1) % 3, day=1)
        case "month":
            return day.replace(day=1)
        case "week":
            return day - timedelta(days=day.weekday())
        case "day":
            return day


def _written(value: object, start: date) -> object:
    match value:
        case pd.Timestamp():
            return pd.Timestamp(datetime.combine(start, time.min, tzinfo=value.tzinfo))
        case datetime():
            return datetime.combine(start, time.min, tzinfo=value.tzinfo)
        case str():
            return start.isoformat()
    return start


def _instants(series: pd.Series, to: Period) -> pd.Series:
    if not len(series):
        raise TransformationError(f"{called(series)} has no rows; there is nothing to transform.")
    zone = series.dt.tz
    local = series if zone is None else series.dt.tz_localize(None)
    values: Instants = local.to_numpy()
    starts = _floor(values, to)
    found = starts.astype(values.dtype)
    if not np.array_equal(found.astype("M8[D]"), starts.astype("M8[D]"), equal_nan=True):
        raise TransformationError(
            f"{called(series)} of type {series.dtype} cannot hold the first day of a {to}; convert it with"
            " astype('datetime64[s]')."
        )
    shown = pd.Series(found, index=series.index, name=series.name)
    if zone is None:
        return shown
    # Midnight that a change of the clock skips is the next instant; one that comes twice, the first.
    first = np.ones(len(shown), dtype=np.bool_)
    placed: pd.Series = shown.dt.tz_localize(zone, ambiguous=first, nonexistent="shift_forward")
    return placed


def _floor(values: Instants, to: Period) -> Instants:
    match to:
        case "year":
            return values.astype("M8[Y]")
        case "quarter":
            months: Instants = values.astype("M8[M]")
            found: Instants = months - (months.astype(np.int64) % 3).astype("m8[M]")
            return found
        case "month":
            return values.astype("M8[M]")
        case "week":
            days: Instants = values.astype("M8[D]")
            # Day 0, the first of 1970, was a Thursday.
            monday: Instants = days - ((days.astype(np.int64) + 3) % 7).astype("m8[D]")
            return monday
        case "day":
            return values.astype("M8[D]")
