"""A process of its own, so that its greatest memory is that of one anonymisation: prints JSON."""

import json
import resource
import sys
import time

import anonymize as an
from benchmarks.anonymize import synthetic


def main(rows: int) -> None:
    """Units: seconds; memory as a multiple of the table's own. The greatest memory of a process never falls."""
    table, schema = synthetic.table(rows, distinct=0.9), synthetic.schema()
    bytes_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    started = time.perf_counter()
    result = an.anonymize(table, schema, models=[an.KAnonymity(5)], suppression_limit=0.05)
    seconds = time.perf_counter() - started
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - bytes_before
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


if __name__ == "__main__":
    main(int(sys.argv[1]))
