"""The joint check of the release ledger alone, and a whole release through it: a million persons, five releases.

Releases are nested cuts of one table and the persons come in another order each time; the last release leaves out
some. Nothing else is known to check this, so there is nothing to compare with but the aim.
"""

import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

import anonymize as an
from anonymize.joint import Holding, Shown, join, too_small
from anonymize.joint_values import too_uniform

PERSONS: Final = 1_000_000
WIDTHS: Final = (10, 20, 40, 80, 160)
DISEASES: Final = 20
CLASSES_AIM: Final = 0.6
REPEATS: Final = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured step. Units: seconds, the best of several runs; `aim` is None where none was set."""

    name: str
    seconds: float
    aim: float | None = None


def joint_check(*, persons: int = PERSONS) -> list[Figure]:
    """Measure the check of classes, the check of values, and a release through a ledger on disk."""
    holdings = held(persons)
    joint = join(holdings)
    return [
        Figure("joint classes", best(lambda: too_small(join(holdings))), CLASSES_AIM),
        Figure("joint values", best(lambda: too_uniform(holdings, joint))),
        Figure("sixth release, all of it", whole_release(persons)),
    ]


def held(persons: int) -> list[Holding]:
    """Five releases as the ledger would have read them."""
    draw = np.random.default_rng(2026)
    position = draw.integers(0, persons // 10, persons)
    disease = draw.integers(0, DISEASES, persons)
    values = draw.integers(0, 2**62, DISEASES)
    found = []
    for at, width in enumerate(WIDTHS):
        order = draw.permutation(persons)
        if at == len(WIDTHS) - 1:
            order = order[position[order] >= WIDTHS[-1]]
        shown = {"disease": Shown(disease[order], values)}
        found.append(Holding(5, order, position[order] // width + 1, {"disease": 2}, shown))
    return found


def whole_release(persons: int) -> float:
    """Decide on a sixth release, with reading, numbering, checking, encrypting, writing and shuffling."""
    draw = np.random.default_rng(2026)
    table = pd.DataFrame(
        {"age": draw.integers(0, 80, persons), "disease": draw.integers(0, DISEASES, persons)}
    )
    widths = an.Hierarchy.intervals([1, 2, 4, 8, 16, 32])
    schema = an.Schema(quasi={"age": widths}, sensitive=["disease"])
    names = [f"person-{number}" for number in range(persons)]
    with tempfile.TemporaryDirectory() as folder:
        ledger = an.ReleaseLedger(f"sqlite:///{Path(folder) / 'ledger.db'}", rng=random.Random(1))
        for level in range(1, 7):
            models: list[an.Model] = [an.KAnonymity(5), an.DistinctLDiversity("disease", 2)]
            result = an.anonymize(table, schema, models=models, levels={"age": level})
            started = time.perf_counter()
            ledger.release(result, recipient="university", persons=names)
        return time.perf_counter() - started


def best(work: Callable[[], object]) -> float:
    """The least time of several runs."""
    found = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


if __name__ == "__main__":
    for figure in joint_check():
        print(f"{figure.name}: {figure.seconds:.3f} s" + (f" (aim {figure.aim} s)" if figure.aim else ""))
