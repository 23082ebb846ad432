"""How the rows are shown and written."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Row
from benchmarks.stage import BUNDLES, DOCUMENT_BYTES

COLUMNS: Final = ("item", "runs", "median", "p90", "each", "bare", "ratio", "aim")
CAPTION: Final = (
    f"Milliseconds. Many documents lie in {BUNDLES} bundles and have {DOCUMENT_BYTES} bytes each; each: median "
    "for one document or entry; bare: the cryptography of all parties alone, in the same run; ratio: median to bare."
)


def show(rows: Sequence[Row], console: Console) -> None:
    """Print the table."""
    table = Table(
        title="Sekisho over TLS on the loopback",
        caption=CAPTION,
        caption_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for number, column in enumerate(COLUMNS):
        table.add_column(column, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        figures = (row.median_ms, row.p90_ms, row.part_ms, row.bare_ms)
        table.add_row(row.name, str(row.runs), *map(_brief, figures), _brief(row.ratio), _aim(row))
    console.print(table)


def write_json(rows: Sequence[Row], file: Path) -> None:
    """Write the rows as a list of objects with the same names as in `Row`."""
    file.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def _brief(figure: float) -> str:
    digits = 0 if figure >= 100 else 1 if figure >= 10 else 2 if figure >= 1 else 3
    return f"{figure:.{digits}f}"


def _aim(row: Row) -> str:
    if row.within_aim is None:
        return ""
    wanted = f"{row.ratio_aim:g} ×" if row.ratio_aim is not None else f"{row.median_aim:g} ms"
    return f"≤ {wanted} {'ok' if row.within_aim else 'over'}"
