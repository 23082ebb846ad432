"""Whole calls of `anonymize` on public tables, beside the times of ARX 3.9.2 for the same optimum.

ARX's figures are of its search alone, warm, on another day of a machine of two cores; ours are of the whole call.
The tables are read from beside the repository.
"""

import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd

import anonymize as an

DATA: Final = Path(__file__).resolve().parents[3] / "shared" / "data"
AIMS: Final = {"adult9_k5_s0": 0.030, "adult9_k5_s5": 0.200, "mach9_k5_s5": 1.2}
REPEATS: Final = 5


@dataclass(frozen=True, slots=True)
class Compared:
    """One case of the reference. Units: seconds, medians; `off` is how far the loss is from the reference's."""

    name: str
    seconds: float
    aim: float
    arx: float
    off: float


def optima() -> list[Compared]:
    """Measure every case that has an aim."""
    cases = json.loads((DATA / "arx-reference.json").read_text(encoding="utf-8"))["global"]
    return [compared(case) for case in cases if case["id"] in AIMS]


def compared(case: dict[str, object]) -> Compared:
    """Measure one case, after one call that is not counted."""
    stem = DATA / str(case["data"]).removesuffix(".csv")
    columns = case["qi"]
    assert isinstance(columns, list)
    schema = an.Schema(
        quasi={
            name: an.Hierarchy.from_csv(stem.with_name(f"{stem.name}_hierarchy_{name}.csv"))
            for name in columns
        }
    )
    table = pd.read_csv(stem.with_suffix(".csv"), sep=";")
    limit = float(str(case["suppression_limit"]))
    times = []
    for _ in range(REPEATS + 1):
        started = time.perf_counter()
        result = an.anonymize(table, schema, models=[an.KAnonymity(5)], suppression_limit=limit)
        times.append(time.perf_counter() - started)
    name = str(case["id"])
    arx = float(str(case["search_ms"])) / 1000
    off = abs(result.loss - float(str(case["score"])))
    return Compared(name, statistics.median(times[1:]), AIMS[name], arx, off)


if __name__ == "__main__":
    for row in optima():
        print(
            f"{row.name}: {row.seconds:.3f} s (aim {row.aim} s, ARX {row.arx:.3f} s), "
            f"loss {row.off:.0e} from the reference's"
        )
