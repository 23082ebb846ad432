"""Delimited text (CSV): encoding and separator recognised or given, quoting read strictly."""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Final

from anonymize.errors import FileFormatError

SEPARATORS: Final = (";", "\t", ",", "|")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_RECORDS: Final = 50
_SAMPLE: Final = 2**16
_LATIN_LETTERS: Final = 0xE0
"""From this first byte on, a character that reads as rare Shift_JIS is more likely an accented Latin letter."""


def decode(content: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return the text and the encoding it was in.

    Without `encoding`, UTF-8 and UTF-16 (with or without a mark) and Shift_JIS as Windows writes it (cp932)
    are recognised.
    Raises: FileFormatError when the bytes are not in the encoding, or in none that is recognised.
    """
    chosen = encoding or _recognised(content)
    try:
        text = content.decode(chosen)
    except LookupError as cause:
        raise FileFormatError(
            f"There is no encoding {chosen!r}; name one such as utf-8, cp932 or cp1252."
        ) from cause
    except UnicodeDecodeError as cause:
        line = content[: cause.start].count(b"\n") + 1
        raise FileFormatError(
            f"Line {line} is not {chosen}; save the file as UTF-8 or name its encoding."
        ) from cause
    if "\0" in text:
        raise FileFormatError("The file holds NUL characters and is no text; save it as UTF-8.")
    return text.removeprefix("\ufeff"), chosen


def separator_of(text: str) -> str:
    """Return the separator under which the first records have equally many and most columns; ';' if none has."""
    best, width = SEPARATORS[0], 1
    for separator in SEPARATORS:
        widths = Counter(map(len, _sample(text, separator)))
        if len(widths) == 1 and (found := next(iter(widths))) > width:
            best, width = separator, found
    if width > 1:
        return best
    # No separator makes all records equally wide: the first record's own, so that the odd one can be named.
    first = text[:_SAMPLE].partition("\n")[0]
    return max(SEPARATORS, key=lambda separator: (first.count(separator), -SEPARATORS.index(separator)))


def records(text: str, separator: str) -> Iterator[list[str]]:
    """Read record by record, lines without anything left out.

    Raises: FileFormatError for broken quoting, naming the line.
    """
    if len(separator) != 1 or separator in '"\r\n':
        raise FileFormatError("The separator must be one character, such as ',' or ';'.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for record in reader:
            if record:
                yield record
            line = reader.line_num + 1
    except csv.Error as cause:
        raise FileFormatError(
            f"The record from line {line} on has broken quoting ({cause}); close each quoted cell and write"
            ' a quote within one as "".'
        ) from cause


def _recognised(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    head = content[:_SAMPLE]
    if b"\0" in head:
        wide = "utf-16-be" if head[::2].count(0) > head[1::2].count(0) else "utf-16-le"
        if any(separator in head.decode(wide, errors="ignore") for separator in SEPARATORS):
            return wide
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return _shift_jis(content)
    return "utf-8"


def _shift_jis(content: bytes) -> str:
    try:
        text = content.decode("cp932")
    except UnicodeDecodeError:
        text = ""
    first_bytes = [each.encode("cp932")[0] for each in text[:_SAMPLE] if not each.isascii()]
    if not text or 2 * sum(byte >= _LATIN_LETTERS for byte in first_bytes) > len(first_bytes):
        raise FileFormatError(
            "The encoding is neither UTF-8 nor UTF-16 nor Shift_JIS; save the file as UTF-8 or name its encoding."
        )
    return "cp932"


def _sample(text: str, separator: str) -> list[list[str]]:
    found = []
    try:
        for record in islice(records(text[:_SAMPLE], separator), _SAMPLE_RECORDS):
            found.append(record)
    except FileFormatError:
        return found
    return found[:-1] if len(text) > _SAMPLE and len(found) < _SAMPLE_RECORDS else found
