"""Files of questions and answers, row by row (CSV, RFC 4180): read strictly and in constant memory.

Read are UTF-8, with and without a byte order mark, and CP932 (Shift_JIS as Windows writes it); everything else is
refused with the line where it shows. Written is UTF-8, with cells that no spreadsheet evaluates; a file that was
written so is read back as it was.
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.contracts.research.table import neutralise, restore
from services.gateway.errors import RowFileError

if TYPE_CHECKING:
    import _csv

_MARKS_OF_OTHERS: Final = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_JAPANESE: Final = ("\u3000", "\uffef")
_UNUSED_IN_CP932: Final = frozenset("\x80\uf8f0\uf8f1\uf8f2\uf8f3")
"""What Python makes of bytes that stand for nothing there."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row with something in it: its number (from 1, below the header), and its cells by the header's names.

    `cells` is None where the row has more or fewer cells than the header.
    """

    number: int
    cells: Mapping[str, str] | None = field(repr=False)


@contextmanager
def open_rows(file: Path, *, required: Sequence[str], optional: Sequence[str]) -> Iterator[Iterator[Row]]:
    """Open a file whose header names every column of `required` and otherwise only those of `optional`.

    Raises: RowFileError naming the line, or the name in the header, that is wrong; broken quoting while rows are read.
    """
    with _opened(file) as lines:
        reader = csv.reader(lines, strict=True)
        try:
            header = [_restored(name).strip() for name in next(reader, [])]
            _check_header(file, header, required=required, optional=optional)
        except csv.Error as error:
            raise _broken(file, reader.line_num, error) from error
        yield _rows(file, reader, header)


@contextmanager
def written_rows(file: Path, columns: Sequence[str]) -> Iterator["RowWriter"]:
    """Make a file of mode 0600 that grows by what is written. Raises: RowFileError when it is there already."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise RowFileError(f"{file} exists already; choose another name") from error
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
        writer = RowWriter(csv.writer(opened).writerow, columns)
        yield writer


class RowWriter:
    """Writes rows under a header."""

    def __init__(self, write: Callable[[Iterable[str]], object], columns: Sequence[str]) -> None:
        self._write = write
        self._columns = list(columns)
        self._write([neutralise(name) for name in columns])

    def write(self, cells: Mapping[str, str]) -> None:
        """Write one row; a column that is not in `cells` is empty."""
        self._write([neutralise(cells.get(name, "")) for name in self._columns])


def encoding_of(file: Path) -> str:
    """Return the encoding that all lines of a file are in. Raises: RowFileError naming lines that are in another."""
    seen: dict[str, int] = {}
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            found = _encoding_of_line(file, line, number)
            if found is not None:
                seen.setdefault(found, number)
            if len(seen) > 1:
                places = " and ".join(f"line {at} in {name}" for name, at in sorted(seen.items()))
                raise RowFileError(f"{file.name} mixes encodings: {places}; save all of it as UTF-8.")
    return "cp932" if "cp932" in seen else "utf-8-sig"


def _encoding_of_line(file: Path, line: bytes, number: int) -> str | None:
    if number == 1 and line[:2] in _MARKS_OF_OTHERS:
        name = _MARKS_OF_OTHERS[line[:2]]
        raise RowFileError(f"{file.name} is in {name}; save it as UTF-8.")
    if b"\0" in line:
        raise RowFileError(f"{file.name}:{number} holds a NUL character and is no text; save it as UTF-8.")
    if line.isascii():
        return None
    try:
        text = line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        return _cp932_line(file, line, number)
    # A line of half-width kana in CP932 can pass for accented letters in UTF-8, so only Japanese signs settle it.
    return "UTF-8" if any(_JAPANESE[0] <= sign <= _JAPANESE[1] for sign in text) else None


def _cp932_line(file: Path, line: bytes, number: int) -> str:
    try:
        unused = _UNUSED_IN_CP932.intersection(line.decode("cp932"))
    except UnicodeDecodeError:
        unused = _UNUSED_IN_CP932
    if unused:
        raise RowFileError(
            f"{file.name}:{number} is neither UTF-8 nor CP932 (Shift_JIS); save the file as UTF-8."
        )
    return "cp932"


@contextmanager
def _opened(file: Path) -> Iterator[Iterator[str]]:
    try:
        encoding = encoding_of(file)
        with file.open(encoding=encoding, newline="") as opened:
            yield opened
    except FileNotFoundError as error:
        raise RowFileError(f"{file} does not exist; name a CSV file") from error


def _check_header(
    file: Path, header: Sequence[str], *, required: Sequence[str], optional: Sequence[str]
) -> None:
    known = [*required, *optional]
    listed = ", ".join(known)
    if not header:
        raise RowFileError(f"{file.name} is empty; its first line names the columns: {listed}.")
    for name in header:
        if name not in known:
            raise RowFileError(f"{file.name}: the header names {name[:40]!r}, which is none of: {listed}.")
        if header.count(name) > 1:
            raise RowFileError(f"{file.name}: the header names {name!r} twice; remove one.")
    if missing := [name for name in required if name not in header]:
        raise RowFileError(f"{file.name}: the header lacks {missing[0]!r}; it needs {', '.join(required)}.")


def _rows(file: Path, reader: "_csv.Reader", header: Sequence[str]) -> Iterator[Row]:
    number = 0
    try:
        for record in reader:
            if not record:
                continue
            number += 1
            fits = len(record) == len(header)
            yield Row(number, dict(zip(header, map(_restored, record), strict=True)) if fits else None)
    except csv.Error as error:
        raise _broken(file, reader.line_num, error) from error


def _broken(file: Path, line: int, error: csv.Error) -> RowFileError:
    return RowFileError(
        f"{file.name}:{line} has broken quoting ({error}); write a quote within a cell as two."
    )


def _restored(cell: str) -> str:
    # Only what `neutralise` would mark is unmarked, so that a text of others may begin with the mark.
    text = restore(cell)
    return text if neutralise(text) == cell else cell
