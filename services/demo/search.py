"""Looking for texts where they must not be: every file of a folder, in the encodings a leak would take."""

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

ENCODINGS: Final = ("UTF-8", "UTF-16", "base64", "hex")
SHORTEST: Final = 8
WORD: Final = 8


def find_texts(folder: Path, texts: Iterable[str]) -> list[str]:
    """Return `file: encoding` for every file in `folder` that holds one of `texts`; never the text itself.

    Base64 is looked for at all three alignments, standard and URL-safe; hexadecimal in both cases.
    Raises: ValueError for a text so short that it would be found by chance.
    """
    needles = _Needles(texts)
    found = []
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        found += [f"{file.name}: {encoding}" for encoding in needles.in_content(file.read_bytes())]
    return found


class _Needles:
    """Many byte strings, looked for at once: by their first eight bytes, then wholly."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._by_start: dict[int, list[tuple[str, bytes]]] = defaultdict(list)
        for text in texts:
            if len(text) < SHORTEST:
                raise ValueError(f"texts of fewer than {SHORTEST} signs are found by chance")
            for encoding, form in _forms(text):
                self._by_start[int.from_bytes(form[:WORD], "little")].append((encoding, form))
        self._starts = np.array(sorted(self._by_start), dtype="<u8")

    def in_content(self, content: bytes) -> list[str]:
        """Return the encodings in which some text stands in `content`."""
        found = set()
        for shift in range(WORD):
            count = (len(content) - shift) // WORD
            if count <= 0:
                continue
            words = np.frombuffer(content, dtype="<u8", offset=shift, count=count)
            for place in np.flatnonzero(np.isin(words, self._starts)):
                at = int(place) * WORD + shift
                for encoding, form in self._by_start[int(words[place])]:
                    if content.startswith(form, at):
                        found.add(encoding)
        return sorted(found)


def _forms(text: str) -> Iterator[tuple[str, bytes]]:
    raw = text.encode()
    yield "UTF-8", raw
    yield "UTF-16", text.encode("utf-16-le")
    yield "UTF-16", text.encode("utf-16-be")
    yield "hex", raw.hex().encode()
    yield "hex", raw.hex().upper().encode()
    for form in _base64_forms(raw):
        yield "base64", form


def _base64_forms(raw: bytes) -> set[bytes]:
    """Return the signs that any base64 text holding `raw` must contain, for each alignment."""
    forms = set()
    for lead in range(3):
        encoded = base64.b64encode(b"\0" * lead + raw)
        first, last = -(-lead * 8 // 6), (lead + len(raw)) * 8 // 6
        inner = encoded[first:last]
        forms |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return forms
