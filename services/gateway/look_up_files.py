"""Files of look-ups (J11): CSV in, as UTF-8 (with or without a mark) or CP932; CSV out that no spreadsheet runs.

A file is read line by line, twice: what is wrong with it is said before anybody is looked up.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from services.contracts.registry.look_ups import BatchResult
from services.contracts.research.table import neutralise, restore
from services.gateway.errors import GatewayError
from services.gateway.inquirer import Known

COLUMNS: Final = ("number", "name", "address", "birth_date")
FOUND: Final = ("found_name", "found_address", "found_sex", "found_birth_date")
LONGEST_LINE: Final = 65_536
_UNASSIGNED: Final = frozenset("\x80\xa0\uf8f0\uf8f1\uf8f2\uf8f3")
"""What Python reads from bytes that CP932 does not use."""
_NAMES: Final = {"utf-8": "UTF-8", "cp932": "CP932 (Shift_JIS)"}


class LookUpFileError(GatewayError):
    """The file is not a file of look-ups; the message names the line and what to correct."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}, line {line}: {problem}")
        self.line = line


def read_rows(file: Path) -> Iterator[Known]:
    """Return the rows of a file, once all of it was found to be in order. Raises: LookUpFileError at once."""
    encoding = _encoding(file)
    for _ in _rows(file, encoding):
        pass
    return _rows(file, encoding)


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


def _rows(file: Path, encoding: str) -> Iterator[Known]:
    with file.open(encoding=encoding, newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            header = _header(file, next(reader, []))
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(header):
                    problem = f"{len(cells)} cells for {len(header)} columns; correct it"
                    raise LookUpFileError(file.name, reader.line_num, problem)
                yield Known(**dict(zip(header, map(_plain, cells), strict=True)))
        except csv.Error as error:
            problem = f"broken quoting ({error}); close each quoted cell"
            raise LookUpFileError(file.name, reader.line_num, problem) from error


def _header(file: Path, header: list[str]) -> list[str]:
    wrong = [name for name in header if name not in COLUMNS or header.count(name) > 1]
    if not header or wrong:
        problem = f"the header must name some of the columns {', '.join(COLUMNS)}, each once"
        raise LookUpFileError(file.name, 1, problem + (f"; it has {wrong[0][:40]!r}" if wrong else ""))
    return header


def _plain(cell: str) -> str:
    text = restore(cell)
    return text.strip() if neutralise(text) == cell else cell.strip()


def _encoding(file: Path) -> str:
    """Return the encoding that all lines have in common."""
    known: tuple[str, int] | None = None
    with file.open("rb") as content:
        for number, line in enumerate(_lines(file, content), start=1):
            if number == 1 and line.startswith(codecs.BOM_UTF8):
                known = ("utf-8-sig", 1)
            found = _encoding_of(file, line, number)
            if found is None:
                continue
            if known is None:
                known = (found, number)
            elif not known[0].startswith(found):
                before = _NAMES[known[0].removesuffix("-sig")]
                problem = f"this line is {_NAMES[found]}, but line {known[1]} is {before}; save all as UTF-8"
                raise LookUpFileError(file.name, number, problem)
    return "utf-8" if known is None else known[0]


def _encoding_of(file: Path, line: bytes, number: int) -> str | None:
    if b"\0" in line:
        raise LookUpFileError(file.name, number, "NUL characters (UTF-16?); save the file as UTF-8")
    if line.isascii():
        return None
    for encoding in _NAMES:
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _UNASSIGNED.isdisjoint(text):
            return encoding
    raise LookUpFileError(file.name, number, "neither UTF-8 nor CP932; save the file as UTF-8")


def _lines(file: Path, content: BinaryIO) -> Iterator[bytes]:
    number = 0
    while line := content.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise LookUpFileError(file.name, number, f"longer than {LONGEST_LINE} bytes; is this a CSV file?")
        yield line
