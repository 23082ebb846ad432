"""Released tables as CSV (RFC 4180, UTF-8) that a spreadsheet cannot take for formulas."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

Cell = str | int | None

_FORMULA: Final = frozenset("=+-@\t\r\n＝＋－＠")
_MARK: Final = "'"


def neutralise(text: str) -> str:
    """Return a cell that no spreadsheet evaluates: a mark in front of what could begin a formula.

    Guarantees: `restore` returns the text again. Attack OT5.
    """
    suspicious = text[:1] in _FORMULA or text.lstrip()[:1] in _FORMULA or text.startswith(_MARK)
    return _MARK + text if text and suspicious else text


def restore(cell: str) -> str:
    """Return the text that `neutralise` was given."""
    return cell.removeprefix(_MARK)


def write_table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a table as CSV, every cell quoted, a missing value as an empty cell."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    writer.writerows([_spell(cell) for cell in row] for row in rows)
    return written.getvalue().encode()


def read_table(content: bytes) -> list[dict[str, str]]:
    """Return the rows of a released CSV with their texts as they were."""
    reader = csv.DictReader(io.StringIO(content.decode(), newline=""))
    return [{name: restore(cell) for name, cell in row.items()} for row in reader]


def _spell(cell: Cell) -> str:
    if cell is None:
        return ""
    return neutralise(cell) if isinstance(cell, str) else str(cell)
