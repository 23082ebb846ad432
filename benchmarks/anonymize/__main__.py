"""`python -m benchmarks.anonymize`: the library's own table, beside ARX's times and what must be done at least.

ARX's figures are of its search alone, warm, on another day of a machine of two cores; ours are whole calls.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.anonymize.figures import Figure
from benchmarks.anonymize.reference import REFERENCE
from benchmarks.anonymize.rows import EVERY, FULL, QUICK, Scale

COLUMNS: Final = ("work", "seconds", "aim", "least", "ratio", "others", "found", "reached")
CAPTION: Final = (
    "Seconds; medians, or single runs where one takes seconds. least: numbering the values of each column once (of "
    "codes: adding them up; of releases: counting each once) in the same run. Tables named adult and mach are read "
    "from beside the repository; the larger ones are drawn (benchmarks/anonymize/synthetic.py)."
)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anonymize", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few and small tables, in some seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the rows to FILE")
    arguments = parser.parse_args()
    console = Console(width=None if Console().is_terminal else 160)
    if not REFERENCE.exists():
        console.print("The public tables are not beside the repository: rows that need them are left out.")
    figures = run(QUICK if arguments.quick else FULL, console)
    show(figures, console)
    if arguments.json is not None:
        told = [{**asdict(figure), "ratio": figure.ratio, "reached": figure.reached} for figure in figures]
        arguments.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def run(scale: Scale, console: Console) -> list[Figure]:
    """Return all rows."""
    figures: list[Figure] = []
    with console.status("starting") as status:
        for rows in EVERY:
            status.update(rows.__doc__ or "")
            figures += rows(scale)
    return figures


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print the table."""
    table = Table(
        title="anonymize", caption=CAPTION, caption_justify="left", box=SIMPLE_HEAD, show_edge=False
    )
    for number, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if 0 < number < 5 else "left")
    for figure in figures:
        table.add_row(
            figure.name,
            f"{figure.seconds:.3f}",
            "" if figure.aim is None else f"{figure.aim:g}",
            f"{figure.least:.3f}",
            f"{figure.ratio:.1f}",
            figure.other,
            figure.found,
            "yes" if figure.reached else "NO",
        )
    console.print(table)


if __name__ == "__main__":
    main()
