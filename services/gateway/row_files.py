"""Files of questions and answers, row by row (CSV, RFC 4180): read strictly and in constant memory.

Read are UTF-8, with and without a byte order mark, and CP932 (Shift_JIS as Windows writes it); everything else is
refused with the line where it shows. Written is UTF-8, with cells that no spreadsheet evaluates; a file that was
written so is read back as it was.
"""

import codecs
import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from services.contracts.research.table import neutralise, restore
from services.gateway.errors import RowFileError

if TYPE_CHECKING:
    import _csv

LONGEST_LINE: Final = 65_536
_JAPANESE: Final = ("\u3000", "\uffef")
_UNUSED_IN_CP932: Final = frozenset("\x80\xa0\uf8f0\uf8f1\uf8f2\uf8f3")
"""What Python makes of bytes that stand for nothing there."""
_NAMES: Final = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "cp932": "CP932 (Shift_JIS)"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row with something in it: its number (from 1, below the header), and its cells by the header's names.

    `cells` is None where the row has more or fewer cells than the header: `width` of them, up to `line` of the file.
    """

    number: int
    line: int
    width: int
    cells: Mapping[str, str] | None = field(repr=False)


@contextmanager
def open_rows(file: Path, *, required: Sequence[str], optional: Sequence[str]) -> Iterator[Iterator[Row]]:
    """Open a file whose header names every column of `required` and otherwise only those of `optional`, each once.

    Raises: RowFileError naming line and problem; for broken quoting while rows are read.
    """
    with file.open(encoding=encoding_of(file), newline="") as text:
        reader = csv.reader(text, strict=True)
        try:
            header = [_restored(name).strip() for name in next(reader, [])]
        except (csv.Error, UnicodeDecodeError) as error:
            raise _broken(file, reader.line_num, error) from error
        _check_header(file, header, required=required, optional=optional)
        yield _rows(file, reader, header)


class RowWriter:
    """Writes rows under a header."""

    def __init__(self, write: Callable[[Iterable[str]], object], columns: Sequence[str]) -> None:
        self._write = write
        self._columns = list(columns)
        self._write([neutralise(name) for name in columns])

    def write(self, cells: Mapping[str, str]) -> None:
        """Write one row; a column that is not in `cells` is empty."""
        self._write([neutralise(cells.get(name, "")) for name in self._columns])


@contextmanager
def written_rows(file: Path, columns: Sequence[str]) -> Iterator[RowWriter]:
    """Make a file of mode 0600 that grows by what is written. Raises: RowFileError when it is there already."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise RowFileError(file.name, None, "exists already; choose another name") from error
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
        yield RowWriter(csv.writer(opened).writerow, columns)


def encoding_of(file: Path) -> str:
    """Return the encoding that all lines of a file are in. Raises: RowFileError naming a line that is in another."""
    known: tuple[str, int] | None = None
    try:
        with file.open("rb") as content:
            for number, line in enumerate(_lines(file, content), start=1):
                found = _encoding_of_line(file, line, number)
                known = known or (None if found is None else (found, number))
                if found is not None and known is not None and _NAMES[found] != _NAMES[known[0]]:
                    before = f"line {known[1]} is {_NAMES[known[0]]}"
                    problem = f"this line is {_NAMES[found]}, but {before}; save all as UTF-8"
                    raise RowFileError(file.name, number, problem)
    except FileNotFoundError as error:
        raise RowFileError(file.name, None, "does not exist; name a CSV file") from error
    return "utf-8" if known is None else known[0]


def _encoding_of_line(file: Path, line: bytes, number: int) -> str | None:
    if number == 1 and line.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if b"\0" in line:
        raise RowFileError(file.name, number, "NUL characters (UTF-16?); save the file as UTF-8")
    if line.isascii():
        return None
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return _cp932_line(file, line, number)
    # A line of half-width kana in CP932 can pass for accented letters in UTF-8, so only Japanese signs settle it.
    return "utf-8" if any(_JAPANESE[0] <= sign <= _JAPANESE[1] for sign in text) else None


def _cp932_line(file: Path, line: bytes, number: int) -> str:
    try:
        unused = _UNUSED_IN_CP932.intersection(line.decode("cp932"))
    except UnicodeDecodeError:
        unused = _UNUSED_IN_CP932
    if unused:
        raise RowFileError(file.name, number, "neither UTF-8 nor CP932 (Shift_JIS); save the file as UTF-8")
    return "cp932"


def _lines(file: Path, content: BinaryIO) -> Iterator[bytes]:
    number = 0
    while line := content.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise RowFileError(file.name, number, f"longer than {LONGEST_LINE} bytes; is this a CSV file?")
        yield line


def _check_header(
    file: Path, header: Sequence[str], *, required: Sequence[str], optional: Sequence[str]
) -> None:
    known = [*required, *optional]
    wrong = [name for name in header if name not in known or header.count(name) > 1]
    missing = [name for name in required if name not in header]
    if header and not wrong and not missing:
        return
    needed = f", of them {', '.join(required)}" if required else ""
    problem = f"the header must name some of the columns {', '.join(known)}, each once{needed}"
    if wrong:
        problem += f"; it has {wrong[0][:40]!r}"
    elif missing:
        problem += f"; it lacks {missing[0]!r}"
    raise RowFileError(file.name, 1, problem)


def _rows(file: Path, reader: "_csv.Reader", header: Sequence[str]) -> Iterator[Row]:
    number = 0
    try:
        for record in reader:
            if not record:
                continue
            number += 1
            fits = len(record) == len(header)
            cells = dict(zip(header, map(_restored, record), strict=True)) if fits else None
            yield Row(number, reader.line_num, len(record), cells)
    except (csv.Error, UnicodeDecodeError) as error:
        raise _broken(file, reader.line_num, error) from error


def _broken(file: Path, line: int, error: csv.Error | UnicodeDecodeError) -> RowFileError:
    if isinstance(error, UnicodeDecodeError):
        return RowFileError(file.name, line, f"not {_NAMES[error.encoding]} from here on; save all as UTF-8")
    return RowFileError(file.name, line, f"broken quoting ({error}); close each quoted cell")


def _restored(cell: str) -> str:
    # Only what `neutralise` would mark is unmarked, so that a text of others may begin with the mark.
    text = restore(cell)
    return text if neutralise(text) == cell else cell
