"""What a statistic must satisfy before it leaves."""

import math
from dataclasses import dataclass
from enum import Enum
from typing import Final

from anonymize.errors import StatisticsError


def require_whole(name: str, value: object, *, least: int) -> None:
    """Raises: StatisticsError unless the value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise StatisticsError(f"{name} must be a whole number of at least {least}; correct it.")


def require_share(name: str, value: object) -> None:
    """Raises: StatisticsError unless the value is a number above 0 and at most 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise StatisticsError(f"{name} must be a share above 0 and at most 1; correct it.")


def require_positive(name: str, value: object) -> None:
    """Raises: StatisticsError unless the value is a finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise StatisticsError(f"{name} must be a finite number above 0; correct it.")


class Zeros(Enum):
    """What happens to cells that count nobody.

    PUBLISHED zeros tell of everybody in a row that they do not have the value; only tables whose zeros are
    known or harmless can afford them.
    """

    SUPPRESSED = "suppressed"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Dominance:
    """The (n, k) rule: the n largest contributions may make up at most the share k of a group's total."""

    n: int = 2
    k: float = 0.85

    def __post_init__(self) -> None:
        require_whole("n", self.n, least=1)
        require_share("k", self.k)


DEFAULT_DOMINANCE: Final = Dominance()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsPolicy:
    """Thresholds of published statistics.

    `minimum_count` is the least number of persons behind any published number, `rounding` the base that
    rounded counts are multiples of. `protection` is how wide the interval must be that an attacker can
    compute for a suppressed count; None stands for `minimum_count` in exact tables, for `rounding` in rounded
    ones. `dominance` and `p_percent` (the remainder without the two largest contributions must be at least that
    share of the largest) hold for means and sums; None switches a rule off. `digits` are the significant digits
    of published means, sums and quantiles.
    Raises: StatisticsError for numbers that make no sense.
    """

    minimum_count: int = 10
    rounding: int = 5
    protection: int | None = None
    zeros: Zeros = Zeros.SUPPRESSED
    dominance: Dominance | None = DEFAULT_DOMINANCE
    p_percent: float | None = 0.1
    digits: int = 3

    def __post_init__(self) -> None:
        require_whole("minimum_count", self.minimum_count, least=2)
        require_whole("rounding", self.rounding, least=1)
        require_whole("digits", self.digits, least=1)
        if self.rounding > self.minimum_count:
            raise StatisticsError("rounding must not exceed minimum_count; counts would round to 0.")
        if self.protection is not None:
            require_whole("protection", self.protection, least=1)
        if self.p_percent is not None:
            require_share("p_percent", self.p_percent)

    def width(self, base: int) -> int:
        """How many more the most that a suppressed count can be must be than the least, in a table of this base."""
        if self.protection is not None:
            return self.protection
        return base if base > 1 else self.minimum_count


DEFAULT_STATISTICS: Final = StatisticsPolicy()
