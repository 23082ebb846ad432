"""Files of look-ups (J11): CSV in, CSV out that no spreadsheet runs.

A file is read line by line, twice: what is wrong with it is said before anybody is looked up.
"""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, TextIO

from services.contracts.registry.look_ups import BatchResult
from services.contracts.research.table import neutralise
from services.gateway.errors import RowFileError
from services.gateway.inquirer import Known
from services.gateway.row_files import open_rows

COLUMNS: Final = ("number", "name", "address", "birth_date")
FOUND: Final = ("found_name", "found_address", "found_sex", "found_birth_date")


def read_rows(file: Path) -> Iterator[Known]:
    """Return the rows of a file, once all of it was found to be in order. Raises: RowFileError at once."""
    for _ in _rows(file):
        pass
    return _rows(file)


def write_results(target: TextIO, results: Iterable[tuple[Known, BatchResult]]) -> int:
    """Write each row with what became of it, one line for each hit; return how many rows there were.

    A `result` is `found`, `nobody`, or the code of a refusal.
    """
    writer = csv.writer(target)
    writer.writerow(["row", *COLUMNS, "result", *FOUND])
    row = 0
    for row, (known, result) in enumerate(results, start=1):
        asked = [row, *map(neutralise, (known.number, known.name, known.address, known.birth_date))]
        if not result.residents:
            writer.writerow([*asked, result.refused or "nobody", *("" for _ in FOUND)])
        for each in result.residents:
            told = (each.name, each.address, each.sex.value, each.birth_date)
            writer.writerow([*asked, "found", *map(neutralise, told)])
    return row


def _rows(file: Path) -> Iterator[Known]:
    with open_rows(file, required=(), optional=COLUMNS) as rows:
        for row in rows:
            if row.cells is None:
                problem = f"{row.width} cells, another number than the header's; correct it"
                raise RowFileError(file.name, row.line, problem)
            yield Known(**{name: cell.strip() for name, cell in row.cells.items()})
