"""Conditions of a permission: how often it may be used, and whether what was read may be passed on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field

from consent.canonical import JsonObject
from consent.errors import MalformedError
from consent.wire import WireModel


class FrequencyUnit(StrEnum):
    """A span of time in which uses are counted."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


SPANS: Final[Mapping[FrequencyUnit, timedelta]] = {
    FrequencyUnit.HOUR: timedelta(hours=1),
    FrequencyUnit.DAY: timedelta(days=1),
    FrequencyUnit.WEEK: timedelta(days=7),
    FrequencyUnit.MONTH: timedelta(days=30),
}
"""How long each unit is; the span slides, so that midnight does not double what is allowed."""

LONGEST: Final = max(SPANS.values())
MOST_TIMES: Final = 1000


@dataclass(frozen=True, slots=True)
class Frequency:
    """At most `times` uses within one `unit` of time. Raises: MalformedError unless 1 to 1,000."""

    times: int
    unit: FrequencyUnit

    def __post_init__(self) -> None:
        if not 1 <= self.times <= MOST_TIMES:
            raise MalformedError(f"A frequency allows 1 to {MOST_TIMES} uses.")

    def used_up(self, uses: Iterable[datetime], *, now: datetime) -> bool:
        """Whether no further use is allowed now; a use dated ahead of `now` counts too (a clock was set back)."""
        since = now - SPANS[self.unit]
        return sum(each > since for each in uses) >= self.times


class Onward(StrEnum):
    """Whether the recipient may pass on what it read."""

    FORBIDDEN = "forbidden"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a permission is bound to besides its scope; of a refusal, nothing."""

    frequency: Frequency | None = None
    onward: Onward = Onward.FORBIDDEN


UNCONDITIONAL: Final = Conditions()


def conditions_payload(conditions: Conditions) -> JsonObject:
    """Write conditions; what is not laid down is not written."""
    frequency = conditions.frequency
    counted: JsonObject = (
        {} if frequency is None else {"frequency": {"times": frequency.times, "unit": frequency.unit}}
    )
    onward: JsonObject = {} if conditions.onward is Onward.FORBIDDEN else {"onward": conditions.onward}
    return {**counted, **onward}


class FrequencyWire(WireModel):
    """Wire form of `Frequency`."""

    times: Annotated[int, Field(ge=1, le=MOST_TIMES)]
    unit: FrequencyUnit


class ConditionsWire(WireModel):
    """Wire form of `Conditions`; never empty, so that one meaning has one spelling."""

    frequency: FrequencyWire | None = None
    onward: Onward | None = None

    def to_conditions(self) -> Conditions:
        """Raises: MalformedError for a spelling that `conditions_payload` does not write."""
        if self.onward is Onward.FORBIDDEN or (self.frequency is None and self.onward is None):
            raise MalformedError("Conditions that are the default are left out.")
        frequency = None if self.frequency is None else Frequency(self.frequency.times, self.frequency.unit)
        return Conditions(frequency, self.onward or Onward.FORBIDDEN)
