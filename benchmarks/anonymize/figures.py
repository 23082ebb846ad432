"""One row of the table: a time beside its aim, beside others' time, and beside what must be done at least."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured piece of work.

    Units: seconds. `least` is the time of what must be computed at least, in the same run; `aim` None where
    none was set; `other` says what others take, `found` what came out, `well` whether that is as it must be.
    """

    name: str
    seconds: float
    least: float
    aim: float | None
    other: str
    found: str
    well: bool = True

    @property
    def ratio(self) -> float:
        """How many times what must be computed at least."""
        return self.seconds / self.least

    @property
    def reached(self) -> bool:
        """Whether time and outcome are what was aimed at."""
        return self.well and (self.aim is None or self.seconds <= self.aim)


def typical(work: Callable[[], object], *, runs: int) -> float:
    """The median time of several runs, after one that is not counted."""
    work()
    return median(once(work) for _ in range(runs))


def once(work: Callable[[], object]) -> float:
    """The time of one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
