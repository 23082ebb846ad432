"""Timing: the item over real services and its bare cryptography, in turns, so that both meet the same machine."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Final

WARM_UP: Final = 3
FEWEST_RUNS: Final = 5


@dataclass(frozen=True, slots=True)
class Item:
    """One row to be: what is done, and the cryptography it cannot do without, done in this process.

    Units: one call of `work` or `bare` does `parts` parts; `aim` is the ratio or the milliseconds to stay within.
    """

    name: str
    part: str
    parts: int
    work: Callable[[], object]
    bare: Callable[[], object]
    ratio_aim: float | None = None
    median_aim: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One measured item. Units: milliseconds for the whole item, and for one part of it where the name says so."""

    name: str
    part: str
    parts: int
    runs: int
    median_ms: float
    p90_ms: float
    part_ms: float
    bare_ms: float
    ratio: float
    ratio_aim: float | None
    median_aim: float | None

    @property
    def within_aim(self) -> bool | None:
        """Whether the aim is met; None where there is none."""
        if self.ratio_aim is None and self.median_aim is None:
            return None
        return (self.ratio_aim is None or self.ratio <= self.ratio_aim) and (
            self.median_aim is None or self.median_ms <= self.median_aim
        )


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is measured. Units: `seconds` for each item; whichever of the two bounds is reached first ends it."""

    runs: int
    seconds: float


def measure(item: Item, bounds: Bounds) -> Row:
    """Run an item until one of the bounds, warm, and return its row."""
    for _ in range(WARM_UP):
        item.work()
        item.bare()
    worked: list[float] = []
    computed: list[float] = []
    end = time.perf_counter() + bounds.seconds
    while len(worked) < FEWEST_RUNS or (len(worked) < bounds.runs and time.perf_counter() < end):
        worked.append(_timed(item.work))
        computed.append(_timed(item.bare))
    middle, bare = median(worked), median(computed)
    return Row(
        name=item.name,
        part=item.part,
        parts=item.parts,
        runs=len(worked),
        median_ms=middle,
        p90_ms=_p90(worked),
        part_ms=middle / item.parts,
        bare_ms=bare,
        ratio=middle / bare,
        ratio_aim=item.ratio_aim,
        median_aim=item.median_aim,
    )


def _timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _p90(times: Sequence[float]) -> float:
    return quantiles(times, n=10, method="inclusive")[-1]
