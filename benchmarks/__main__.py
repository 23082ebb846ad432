"""`python -m benchmarks`: measure over real processes and TLS on the loopback, and print the table."""

import argparse
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.status import Status

from benchmarks.credentials import credential_items
from benchmarks.decisions import decision_items
from benchmarks.measuring import Bounds, Item, Row, measure
from benchmarks.merkle import log_items
from benchmarks.records import record_items
from benchmarks.stage import stage
from benchmarks.table import show, write_json

FULL: Final = Bounds(runs=100, seconds=8.0)
QUICK: Final = Bounds(runs=5, seconds=1.0)
FULL_MANY: Final = 1_000
QUICK_MANY: Final = 200
"""Documents in one request."""
FULL_LOG: Final = 1_000_000
QUICK_LOG: Final = 10_000

WIDTH_OF_A_FILE = 120


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few runs of each, under half a minute in all")
    parser.add_argument("--log", action="store_true", help="the log only: no body is started")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows to FILE")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE)
    bounds = QUICK if arguments.quick else FULL
    rows = run_log(bounds, console) if arguments.log else run(bounds, console)
    show(rows, console)
    if arguments.json is not None:
        write_json(rows, arguments.json)


def run(bounds: Bounds, console: Console) -> list[Row]:
    """Return one row for each item."""
    with (
        tempfile.TemporaryDirectory(prefix="sekisho-bench-") as name,
        console.status("starting") as status,
        stage(Path(name) / "bodies", many=QUICK_MANY if bounds is QUICK else FULL_MANY) as scene,
    ):
        rows = _measured([*record_items(scene), *credential_items(scene)], bounds, status)
    return [*rows, *run_decisions(bounds, console), *run_log(bounds, console)]


def run_decisions(bounds: Bounds, console: Console) -> list[Row]:
    """Return the rows of decisions, which need no body."""
    with (
        tempfile.TemporaryDirectory(prefix="sekisho-bench-") as name,
        console.status("signing") as status,
        decision_items(Path(name)) as items,
    ):
        return _measured(items, bounds, status)


def run_log(bounds: Bounds, console: Console) -> list[Row]:
    """Return the rows of the log, which needs no body."""
    filled = QUICK_LOG if bounds is QUICK else FULL_LOG
    with (
        tempfile.TemporaryDirectory(prefix="sekisho-bench-") as name,
        console.status("filling") as status,
        log_items(Path(name), filled=filled) as items,
    ):
        return _measured(items, bounds, status)


def _measured(items: Iterable[Item], bounds: Bounds, status: Status) -> list[Row]:
    rows = []
    for item in items:
        status.update(item.name)
        rows.append(measure(item, bounds))
    return rows


if __name__ == "__main__":
    main()
