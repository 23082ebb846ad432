"""What is measured, row by row."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

import anonymize as an
from anonymize.classes import Classes
from benchmarks.anonymize import synthetic
from benchmarks.anonymize.figures import Figure, once, typical
from benchmarks.anonymize.joint_check import joint_check
from benchmarks.anonymize.reference import Case, global_cases, granularity, local_cases

FIVE: Final = (an.KAnonymity(5),)
AIMS: Final = {"adult9_k5_s5": 0.200, "mach9_k5_s5": 1.2, "adult9_k5_s0": 0.030}
LOCAL_AIMS: Final = {"adult9_k5_local_fast001": (2.5, 0.945), "adult8_k5_te02_local_fast001": (10.0, 0.60)}
RADICES: Final = (10, 5, 8, 20, 4, 50)
START: Final = (
    "import pandas as pd; import anonymize as an;"
    "an.anonymize(pd.DataFrame({'q': [1, 1, 2, 2]}), an.Schema(quasi={'q': an.Hierarchy.suppression()}),"
    " models=[an.KAnonymity(2)])"
)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured; `divisor` makes synthetic tables that many times smaller than the aims are for."""

    runs: int
    divisor: int
    cases: int | None


FULL: Final = Scale(5, 1, None)
QUICK: Final = Scale(1, 100, 2)

Rows = Callable[[Scale], Iterator[Figure]]


def optima(scale: Scale) -> Iterator[Figure]:
    """Every global case of the reference: the optimum, and times where one is aimed at."""
    cases = global_cases()[: scale.cases]
    if not cases:
        return
    worst, agreeing, seconds, least = 0.0, 0, 0.0, 0.0
    for case in cases:
        table, schema, asked = case.table, case.schema, case.asked
        found: list[an.Result] = []
        seconds += once(
            lambda: found.append(  # noqa: B023 - called at once
                an.anonymize(table, schema, models=asked, suppression_limit=case.limit)  # noqa: B023
            )
        )
        least += once(lambda: numbered(table, schema))  # noqa: B023 - called at once
        off = abs(found[0].loss - case.found["score"])
        worst = max(worst, off)
        agreeing += off <= 1e-6 and found[0].suppressed == case.found["suppressed_rows"]
    yield Figure(
        f"all {len(cases)} global cases",
        seconds,
        least,
        None,
        f"{sum(case.seconds for case in cases):.1f} s",
        f"{agreeing} optima, off by {worst:.0e} at most",
        well=agreeing == len(cases),
    )
    yield from (timed(case, scale) for case in cases if case.name in AIMS)


def timed(case: Case, scale: Scale) -> Figure:
    """The median of whole calls."""
    table, schema, asked = case.table, case.schema, case.asked
    result = an.anonymize(table, schema, models=asked, suppression_limit=case.limit)
    off = abs(result.loss - case.found["score"])
    return Figure(
        case.name,
        typical(
            lambda: an.anonymize(table, schema, models=asked, suppression_limit=case.limit),
            runs=3 * scale.runs,
        ),
        typical(lambda: numbered(table, schema), runs=scale.runs),
        AIMS[case.name],
        f"{case.seconds:.3f} s",
        f"off by {off:.0e}",
        well=off <= 1e-6,
    )


def numbered(table: pd.DataFrame, schema: an.Schema) -> None:
    """What no anonymisation can do without: number the values of each quasi-identifier once."""
    for column in schema.quasi:
        pd.factorize(table[column])


def large(scale: Scale) -> Iterator[Figure]:
    """Synthetic tables with 90 % distinct rows; the larger one in a process of its own, for its memory."""
    rows = 539_254 // scale.divisor
    table, schema = synthetic.table(rows, distinct=0.9), synthetic.schema()
    found: list[an.Result] = []
    seconds = once(lambda: found.append(an.anonymize(table, schema, models=FIVE, suppression_limit=0.05)))
    yield Figure(
        f"{rows:,} rows x 9, k=5, 5 %",
        seconds,
        once(lambda: numbered(table, schema)),
        15.0,
        "91 s",
        f"loss {found[0].loss:.4f}",
        well=_proven(found[0]),
    )
    rows = 1_200_000 // scale.divisor
    table = synthetic.table(rows, distinct=0.9)
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-") as folder:
        file = Path(folder) / "columns.npy"
        np.save(file, table.to_numpy().T)
        command = [sys.executable, "-m", "benchmarks.anonymize.peak", str(file)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    # A small table is nothing beside what the libraries need themselves.
    roomy = told["memory"] <= 4 or scale.divisor > 1
    yield Figure(
        f"{rows:,} rows x 9, k=5, 5 %",
        told["seconds"],
        once(lambda: numbered(table, schema)),
        25.0,
        "154 s",
        f"loss {told['loss']:.4f}, memory {told['memory']:.1f} x the table",
        well=told["optimal"] and roomy,
    )


def _proven(result: an.Result) -> bool:
    search = result.report["search"]
    return isinstance(search, dict) and bool(search["optimal"])


def local(scale: Scale) -> Iterator[Figure]:
    """Every local case of the reference: what is kept, and times where one is aimed at."""
    cases = local_cases()[: scale.cases]
    for case in cases:
        table, schema, asked = case.table, case.schema, case.asked
        found: list[an.Result] = []
        seconds = once(
            lambda: found.append(  # noqa: B023 - called at once
                an.anonymize(table, schema, models=asked, suppression_limit=case.limit, recoding="local")  # noqa: B023
            )
        )
        aim, wanted = LOCAL_AIMS.get(case.name, (None, case.found["granularity"]))
        kept = granularity(found[0])
        yield Figure(
            f"local {case.name.removesuffix('_local_fast001')}",
            seconds,
            once(lambda: numbered(table, schema)),  # noqa: B023 - called at once
            aim,
            f"{case.found['granularity']:.3f} in {case.seconds:.1f} s",
            f"granularity {kept:.4f} (wanted {wanted:.3f})",
            well=kept >= wanted,
        )


def measures(scale: Scale) -> Iterator[Figure]:
    """All of `measure` on a table as it was given."""
    cases = [case for case in global_cases() if case.name == "adult9_k5_s0"]
    for case in cases:
        quasi = [column for column in case.quasi if column != "occupation"]
        schema = an.Schema(quasi={column: case.hierarchy(column) for column in case.quasi})
        found = an.measure(case.table, quasi=quasi, sensitive=["occupation"])
        yield Figure(
            "measure, adult as it is",
            typical(
                lambda: an.measure(case.table, quasi=quasi, sensitive=["occupation"]),  # noqa: B023
                runs=3 * scale.runs,
            ),
            typical(lambda: numbered(case.table, schema), runs=scale.runs),  # noqa: B023
            0.1,
            "pycanon > 35 s",
            f"k {found.k}, t {found.sensitive['occupation'].t:.4f}",
        )


def classes(scale: Scale) -> Iterator[Figure]:
    """Sizes of the classes of rows that are numbers already."""
    rows = 10_000_000 // scale.divisor
    draw = np.random.default_rng(1)
    columns = [draw.integers(0, radix, rows) for radix in RADICES]
    each = np.ones(rows, dtype=np.int64)
    built = Classes.build(columns, RADICES, rows=each, secrets={})
    yield Figure(
        f"classes of {rows:,} rows x 6 codes",
        typical(lambda: Classes.build(columns, RADICES, rows=each, secrets={}).sizes, runs=scale.runs),
        typical(lambda: [column.sum() for column in columns], runs=scale.runs),
        0.3,
        "pandas 1.65 s",
        f"{len(built.sizes):,} classes",
        well=int(built.sizes.sum()) == rows,
    )


def joint(scale: Scale) -> Iterator[Figure]:
    """The ledger's check of a person's tuple of classes, and whole releases."""
    persons = 1_000_000 // scale.divisor
    keys = [np.random.default_rng(at).integers(0, 1000, persons) for at in range(5)]
    least = typical(lambda: [np.bincount(key) for key in keys], runs=scale.runs)
    for figure in joint_check(persons=persons):
        yield Figure(
            f"{figure.name}, {persons:,} persons x 5",
            figure.seconds,
            least,
            figure.aim,
            "none has it",
            "",
        )


def start(scale: Scale) -> Iterator[Figure]:
    """A process that imports the library and does one small job."""

    def run(code: str) -> None:
        subprocess.run([sys.executable, "-c", code], check=True)

    yield Figure(
        "import and a first small job",
        typical(lambda: run(START), runs=scale.runs),
        typical(lambda: run("import pandas"), runs=scale.runs),
        1.5,
        "",
        "",
    )


EVERY: Final[tuple[Rows, ...]] = (optima, large, local, measures, classes, joint, start)
