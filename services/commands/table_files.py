"""Tables in CSV files: every cell as text, read strictly; written so that no spreadsheet runs them."""

import csv
import os
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import numpy as np
import pandas as pd

from anonymize import FileFormatError
from anonymize.delimited import decode, records, separator_of
from services.contracts.research.table import neutralise, restore

_CHUNK: Final = 20_000
_PLAIN_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class TableFile:
    """A table as it was read, and how it was written.

    Shape: columns of texts, None where a cell is empty.
    """

    frame: pd.DataFrame
    separator: str
    encoding: str


def read_table(path: Path, *, separator: str | None = None, encoding: str | None = None) -> TableFile:
    """Read a CSV file with a header; separator and encoding are recognised unless given.

    Guarantees: a file of `write_table` gives the table again, also its cells that look like formulas.
    Raises: FileFormatError naming file, record and what to correct.
    """
    try:
        text, found = decode(path.read_bytes(), encoding)
        chosen = separator or separator_of(text)
        return TableFile(_frame(records(text, chosen)), chosen, found)
    except FileFormatError as cause:
        raise FileFormatError(f"{path.name}: {cause}") from cause


def shuffled(frame: pd.DataFrame, chosen: random.Random) -> pd.DataFrame:
    """Put the rows in an order that tells nothing; `chosen` must be unpredictable. Attack RI6."""
    keys = np.frombuffer(chosen.randbytes(8 * len(frame)), dtype=np.uint64)
    return frame.iloc[np.argsort(keys, kind="stable")].reset_index(drop=True)


def write_table(frame: pd.DataFrame, target: TextIO, *, separator: str) -> None:
    """Write header and rows without an index; cells that begin like a formula are marked. Attack OT5."""
    writer = csv.writer(target, delimiter=separator)
    writer.writerow([_spelled(str(name)) for name in frame.columns])
    columns = [_cells(frame[name]) for name in frame.columns]
    writer.writerows(zip(*columns, strict=True))


@contextmanager
def written_together(targets: Sequence[Path]) -> Iterator[list[TextIO]]:
    """Open one UTF-8 file per target, mode 0600; they appear all together when the block ends well, else not at all.

    Raises: OSError at once when a target's folder cannot be written.
    """
    drafts = [
        target.with_name(f".{target.name}.{random.SystemRandom().getrandbits(64):x}") for target in targets
    ]
    try:
        with ExitStack() as open_files:
            yield [
                open_files.enter_context(open(draft, "x", encoding="utf-8", newline="", opener=_own))
                for draft in drafts
            ]
        for draft, target in zip(drafts, targets, strict=True):
            draft.replace(target)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def _own(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _frame(rows: Iterator[list[str]]) -> pd.DataFrame:
    header = [_restored(name) for name in next(rows, [])]
    if not header:
        raise FileFormatError("The file is empty; it needs a first line with the names of the columns.")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise FileFormatError(f"More than one column is named {twice[0]!r}; rename one.")
    columns: list[list[str | None]] = [[] for _ in header]
    # Equal cells are kept once, or a large table would not fit the memory that it fits in as codes.
    known: dict[str, str | None] = {"": None}
    for first in range(0, 2**62, _CHUNK):
        chunk = list(islice(rows, _CHUNK))
        _check_widths(chunk, len(header), first=first)
        for column, cells in zip(columns, zip(*chunk, strict=True), strict=False):
            column.extend(known.setdefault(cell, _restored(cell)) for cell in cells)
        if len(chunk) < _CHUNK:
            break
    return pd.DataFrame(
        {name: pd.Series(column, dtype=object) for name, column in zip(header, columns, strict=True)}
    )


def _check_widths(chunk: Iterable[Sequence[str]], width: int, *, first: int) -> None:
    for number, record in enumerate(chunk, start=first + 1):
        if len(record) != width:
            raise FileFormatError(
                f"Record {number} below the header has {len(record)} cells for {width} columns; correct it,"
                " or name the separator."
            )


def _cells(series: pd.Series) -> Iterable[str]:
    codes, values = pd.factorize(series.astype(object))
    # The appended entry is picked by code -1: a missing value.
    spelled = [*(_spelled(str(value)) for value in values), ""]
    return (spelled[code] for code in codes.tolist())


def _spelled(text: str) -> str:
    return text if _PLAIN_NUMBER.fullmatch(text) else neutralise(text)


def _restored(cell: str) -> str:
    # Only what `_spelled` would mark is unmarked, so that a text of others may begin with the mark.
    text = restore(cell)
    return text if _spelled(text) == cell else cell
