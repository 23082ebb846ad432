"""Tiles of a log (C2SP tlog-tiles): which hashes one holds, how it is named, and proofs computed from tiles.

A tile of level L holds the hashes of up to 256 neighbouring complete subtrees of 256^L leaves; a bundle of entries
holds the leaves themselves, each behind its length in two bytes. Full tiles never change.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from services.kit.log.errors import LogFormatError
from services.kit.log.merkle import HASH_BYTES, node_hash, plan_root, span_hash

HEIGHT: Final = 8
WIDTH: Final = 1 << HEIGHT
LENGTH_BYTES: Final = 2
_PATH: Final = re.compile(
    r"(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Tile:
    """The name of a tile, or of a bundle of entries where `level` is None; `width` counts what is in it, 1 to 256."""

    level: int | None
    index: int
    width: int = WIDTH

    @classmethod
    def parse(cls, path: str) -> "Tile":
        """Read what follows `tile/` in an address. Raises: LogFormatError."""
        found = _PATH.fullmatch(path)
        if found is not None:
            level, index, width = found.groups()
            tile = cls(
                None if level == "entries" else int(level),
                int(index.replace("x", "").replace("/", "")),
                WIDTH if width is None else int(width),
            )
            if tile.path == path and tile.width <= WIDTH:
                return tile
        raise LogFormatError(
            "a tile is named level/index, or entries/index, and .p/width if it is not full: see C2SP tlog-tiles"
        )

    @property
    def path(self) -> str:
        """What follows `tile/` in the address."""
        digits = f"{self.index:d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        index = "/".join([*(f"x{each}" for each in groups[:-1]), groups[-1]])
        level = "entries" if self.level is None else str(self.level)
        return f"{level}/{index}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @property
    def first(self) -> int:
        """Where its first hash stands among those of its level, or its first leaf in the log."""
        return self.index * WIDTH

    def is_within(self, size: int) -> bool:
        """Whether a log of this size has it, whole."""
        level = 0 if self.level is None else self.level
        return self.first + self.width <= size >> HEIGHT * level


def bundle(leaves: Sequence[bytes]) -> bytes:
    """Write a bundle of entries."""
    return b"".join(len(leaf).to_bytes(LENGTH_BYTES) + leaf for leaf in leaves)


def read_bundle(raw: bytes) -> list[bytes]:
    """Read a bundle of entries. Raises: LogFormatError."""
    leaves, at = [], 0
    while at < len(raw):
        end = at + LENGTH_BYTES + int.from_bytes(raw[at : at + LENGTH_BYTES])
        leaves.append(raw[at + LENGTH_BYTES : end])
        at = end
    if at != len(raw):
        raise LogFormatError("a bundle of entries ends in the middle of one: fetch it again")
    return leaves


class TileReader:
    """A log of `size` leaves as its tiles tell it; nothing is believed until a root that is signed comes out.

    `fetch` returns the bytes of a tile, and raises what it likes. Each tile is fetched once.
    """

    def __init__(self, fetch: Callable[[Tile], bytes], size: int) -> None:
        self._fetch = fetch
        self._size = size
        self._hashes: dict[Tile, list[bytes]] = {}

    def root(self, size: int) -> bytes:
        """Return the root over the first `size` leaves. Raises: LogFormatError, LogRangeError, what `fetch` raises."""
        return span_hash(self._node, plan_root(size)[0])

    def leaves(self) -> Iterator[bytes]:
        """Yield all leaves in order. Raises: as `root`."""
        for start in range(0, self._size, WIDTH):
            width = min(WIDTH, self._size - start)
            found = read_bundle(self._fetch(Tile(None, start // WIDTH, width)))
            if len(found) != width:
                raise LogFormatError(f"a bundle of {width} entries has {len(found)}: fetch it again")
            yield from found

    def _node(self, level: int, position: int) -> bytes:
        tile_level, above = divmod(level, HEIGHT)
        first = position << above
        hashes = self._tile(tile_level, first // WIDTH)[first % WIDTH :][: 1 << above]
        while len(hashes) > 1:
            hashes = [node_hash(hashes[at], hashes[at + 1]) for at in range(0, len(hashes), 2)]
        return hashes[0]

    def _tile(self, level: int, index: int) -> list[bytes]:
        width = min(WIDTH, (self._size >> HEIGHT * level) - index * WIDTH)
        tile = Tile(level, index, width)
        if tile not in self._hashes:
            raw = self._fetch(tile)
            if len(raw) != width * HASH_BYTES:
                raise LogFormatError(f"tile {tile.path} has {len(raw)} bytes: fetch it again")
            self._hashes[tile] = [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
        return self._hashes[tile]
