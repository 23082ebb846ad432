"""Looking for texts where they must not be: every file of a folder, in the encodings a leak would take."""

import base64
import mmap
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

ENCODINGS: Final = ("UTF-8", "UTF-16", "base64", "hex")
SHORTEST: Final = 8
TEXTS_AT_ONCE: Final = 2000


def find_texts(folder: Path, texts: Iterable[str]) -> list[str]:
    """Return `file: encoding` for every file in `folder` that holds one of `texts`; never the text itself.

    Base64 is looked for at all three alignments, standard and URL-safe; hexadecimal in both cases.
    """
    patterns = [(name, _pattern(batch)) for name, batch in _needles(list(texts))]
    found = []
    for file in sorted(each for each in folder.rglob("*") if each.is_file() and each.stat().st_size):
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            found += [f"{file.name}: {name}" for name, pattern in patterns if pattern.search(content)]
    return found


def _needles(texts: list[str]) -> Iterator[tuple[str, list[bytes]]]:
    for start in range(0, len(texts), TEXTS_AT_ONCE):
        batch = texts[start : start + TEXTS_AT_ONCE]
        if any(len(text) < SHORTEST for text in batch):
            raise ValueError(f"texts of fewer than {SHORTEST} signs are found by chance")
        raw = [text.encode() for text in batch]
        yield "UTF-8", raw
        yield "UTF-16", [text.encode(coding) for text in batch for coding in ("utf-16-le", "utf-16-be")]
        yield "hex", [form for each in raw for form in (each.hex().encode(), each.hex().upper().encode())]
        yield "base64", [form for each in raw for form in _base64_forms(each)]


def _base64_forms(raw: bytes) -> set[bytes]:
    """Return the signs that any base64 text holding `raw` must contain, for each alignment."""
    forms = set()
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + raw)
        first, last = -(-lead * 8 // 6), (lead + len(raw)) * 8 // 6
        inner = encoded[first:last]
        forms |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return forms


def _pattern(needles: list[bytes]) -> "re.Pattern[bytes]":
    return re.compile(b"|".join(re.escape(each) for each in sorted(needles)))
