"""Dates and times in calendar periods."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from anonymize.errors import HierarchyError
from anonymize.hierarchy_kinds import Kind
from anonymize.ladder import TOP, LabelRow, Occurrences

Period = Callable[[date], str]

PERIODS: Final[Mapping[str, Period]] = MappingProxyType(
    {
        "day": lambda at: f"{at.year:04d}-{at.month:02d}-{at.day:02d}",
        "month": lambda at: f"{at.year:04d}-{at.month:02d}",
        "quarter": lambda at: f"{at.year:04d}-Q{(at.month + 2) // 3}",
        "year": lambda at: f"{at.year:04d}",
        "decade": lambda at: f"{at.year // 10}0-{at.year // 10}9",
    }
)
"""How a date is written in each period, from the finest to the coarsest; each lies within the next."""


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates in calendar periods, one per level."""

    periods: tuple[str, ...]

    @classmethod
    def of(cls, periods: Sequence[str]) -> "Dates":
        known = list(PERIODS)
        if isinstance(periods, str) or not periods:
            raise HierarchyError(f"dates needs a list of periods, finest first; choose among {known}.")
        for period in periods:
            if period not in PERIODS:
                raise HierarchyError(f"dates knows no period {period!r}; choose among {known}.")
        ranks = [known.index(period) for period in periods]
        if ranks != sorted(set(ranks)):
            raise HierarchyError("The periods of dates must go from fine to coarse, each once; sort them.")
        return cls(tuple(periods))

    def rows(self, occurrences: Occurrences) -> tuple[LabelRow, ...]:
        spell = [PERIODS[period] for period in self.periods]
        table: list[LabelRow] = []
        for position, (value, text) in enumerate(zip(occurrences.values, occurrences.texts, strict=True)):
            at = as_date(value)
            if at is None:
                raise occurrences.error(
                    position, "is not a date; write dates as 2024-12-31 or convert with pandas.to_datetime"
                )
            table.append((text, *(each(at) for each in spell), TOP))
        if occurrences.missing:
            table.append((*(None,) * (len(spell) + 1), TOP))
        return tuple(table)

    def settled(self, occurrences: Occurrences) -> Kind:  # noqa: ARG002 - depends on no table
        return self


def as_date(value: object) -> date | None:
    """The date that a value is or is the ISO 8601 text of, else None."""
    if isinstance(value, date):
        return value
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        return None
