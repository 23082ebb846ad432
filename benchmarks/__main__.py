"""`python -m benchmarks`: measure over real processes and TLS on the loopback, and print the table."""

import argparse
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.credentials import credential_items
from benchmarks.measuring import Bounds, Item, Row, measure
from benchmarks.merkle import log_items
from benchmarks.records import record_items
from benchmarks.stage import stage
from benchmarks.table import show, write_json

FULL: Final = Bounds(runs=100, seconds=8.0)
QUICK: Final = Bounds(runs=5, seconds=1.0)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few runs of each, under half a minute in all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows to FILE")
    arguments = parser.parse_args()
    console = Console()
    rows = run(QUICK if arguments.quick else FULL, console)
    show(rows, console)
    if arguments.json is not None:
        write_json(rows, arguments.json)


def run(bounds: Bounds, console: Console) -> list[Row]:
    """Return one row for each item."""
    with tempfile.TemporaryDirectory(prefix="sekisho-bench-") as name, console.status("starting") as status:

        def measured(items: Iterable[Item]) -> list[Row]:
            rows = []
            for item in items:
                status.update(item.name)
                rows.append(measure(item, bounds))
            return rows

        with stage(Path(name) / "bodies") as scene:
            rows = measured([*record_items(scene), *credential_items(scene)])
        with log_items(Path(name)) as items:
            return rows + measured(items)


if __name__ == "__main__":
    main()
