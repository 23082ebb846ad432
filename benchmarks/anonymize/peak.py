"""A process of its own, so that its greatest memory is that of one anonymisation: prints JSON."""

import json
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

import anonymize as an
from benchmarks.anonymize import synthetic


def main(file: Path) -> None:
    """Read a table that was drawn elsewhere, as drawing it takes more memory than anonymising it.

    Units: seconds; memory as a multiple of the table's own. The greatest memory of a process never falls.
    """
    columns = np.load(file)
    table = pd.DataFrame({f"q{at}": column for at, column in enumerate(columns)}, copy=False)
    schema = synthetic.schema()
    before = greatest()
    started = time.perf_counter()
    result = an.anonymize(table, schema, models=[an.KAnonymity(5)], suppression_limit=0.05)
    seconds = time.perf_counter() - started
    grown = greatest() - before
    size = int(table.memory_usage(index=False).sum())
    print(
        json.dumps(
            {
                "seconds": seconds,
                "memory": grown / size,
                "loss": result.loss,
                "optimal": result.report["search"]["optimal"],  # type: ignore[index]  # JSON-able values
            }
        )
    )


def greatest() -> int:
    """The most memory that this process had at any time, in bytes, as Linux tells it.

    `resource.getrusage` would not do: it counts what the parent had when it started this process.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(Path(sys.argv[1]))
