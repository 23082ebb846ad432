"""A table as coarse as a search still needs it: records that no open node tells apart are one record."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import KEY_LIMIT, Classes, Codes, Secret, Shown, combine, mixed_radix, number_groups
from anonymize.coding import CodedTable
from anonymize.ladder import Ladder

_WORTHWHILE: Final = 3
_SMALL: Final = 500
_USEFUL: Final = 0.8
_MANY: Final = 100_000

Leaves = Codes | NDArray[np.unsignedinteger]


@dataclass(frozen=True, slots=True, eq=False)
class Grain:
    """Records that stand for all rows of the table on the levels `levels` and every coarser ones.

    Shape: `rows`, each array of `leaves` and the secrets' codes have one entry per record. A record's leaves
    are those of any one of its rows.
    """

    table: CodedTable
    levels: tuple[int, ...]
    leaves: tuple[Leaves, ...]
    rows: Codes
    secrets: Mapping[str, Secret]

    @classmethod
    def finest(cls, table: CodedTable) -> "Grain":
        """Every record of the table by itself."""
        return cls(table, (0,) * len(table.columns), table.leaves, table.rows, table.secrets)

    def classes(self, levels: Sequence[int]) -> Classes:
        """The classes on levels that are nowhere finer than the grain's."""
        key, span = self._key(levels)
        shown = Shown(levels, self.leaves)
        return Classes(key, span, rows=self.rows, secrets=self.secrets, shown=shown)

    def coarsen(self, levels: Sequence[int]) -> "Grain":
        """Join the records that are equal on the given levels and in all secrets."""
        key, span = self._key(levels)
        secrets = self.secrets.values()
        of, count = number_groups(key, span)
        if secrets:
            of, count = combine(
                [of, *(secret.codes for secret in secrets)],
                [count, *(len(secret.values) for secret in secrets)],
                records=len(of),
            )
        example = np.empty(count, dtype=np.int64)
        example[of] = np.arange(len(of))
        return Grain(
            self.table,
            tuple(levels),
            tuple(
                codes[example].astype(_leaf_type(ladder, count), copy=False)
                for codes, ladder in zip(self.leaves, self.table.ladders, strict=True)
            ),
            np.bincount(of, weights=self.rows, minlength=count).astype(np.int64),
            {
                column: Secret(secret.values, secret.codes[example], secret.rows)
                for column, secret in self.secrets.items()
            },
        )

    def _key(self, levels: Sequence[int]) -> tuple[Codes, int]:
        ladders = self.table.ladders
        radices = [len(ladder.labels[level]) for ladder, level in zip(ladders, levels, strict=True)]
        span = math.prod(radices)
        if span >= KEY_LIMIT:
            columns = [
                ladder.groups[level][leaves]
                for ladder, level, leaves in zip(ladders, levels, self.leaves, strict=True)
            ]
            return mixed_radix(columns, radices, records=len(self.rows))
        key: Codes | None = None
        stride = span
        for ladder, level, radix, leaves in zip(ladders, levels, radices, self.leaves, strict=True):
            if radix > 1:
                # Groups are few: multiplying them is cheaper than multiplying records. Codes are in range, and
                # "clip" only spares the check.
                stride //= radix
                part = (ladder.groups[level] * stride).take(leaves, mode="clip")
                key = part if key is None else np.add(key, part, out=key)
        return (np.zeros(len(self.rows), dtype=np.int64) if key is None else key), span


def _leaf_type(ladder: Ladder, records: int) -> np.dtype[np.unsignedinteger] | np.dtype[np.int64]:
    # Indices of the machine's own width are picked by fastest; where records are many, room counts.
    return np.min_scalar_type(len(ladder.leaves)) if records > _MANY else np.dtype(np.int64)


class Grains:
    """Grains made as they are asked for again and again: one column after another is taken to its level.

    Columns with most values come first, since joining these joins most records. All grains together hold at
    most `room` times the records of the table.
    """

    def __init__(self, finest: Grain, *, room: float = 2.0) -> None:
        self._finest = finest
        self._order = sorted(range(len(finest.levels)), key=lambda at: -len(finest.table.ladders[at].leaves))
        self._made: dict[tuple[int, ...], Grain] = {(): finest}
        self._asked: dict[tuple[int, ...], int] = {}
        self._room = int(room * len(finest.rows))

    def under(self, levels: Sequence[int]) -> Grain:
        """The coarsest grain at hand that is nowhere coarser than the levels."""
        path: tuple[int, ...] = ()
        found = self._finest
        for at in self._order:
            path = (*path, levels[at])
            known = self._made.get(path)
            if known is None:
                if levels[at] == found.levels[at]:
                    self._made[path] = found
                    continue
                known = self._make(path, found, at, levels[at])
                if known is None:
                    return found
            found = known
        return found

    def _make(self, path: tuple[int, ...], finer: Grain, at: int, level: int) -> Grain | None:
        self._asked[path] = self._asked.get(path, 0) + 1
        if self._asked[path] < _WORTHWHILE or len(finer.rows) <= _SMALL or self._room < 0:
            return None
        levels = (*finer.levels[:at], level, *finer.levels[at + 1 :])
        made = finer.coarsen(levels)
        if len(made.rows) > _USEFUL * len(finer.rows):
            # Hardly smaller: keep the finer one in its place.
            made = Grain(finer.table, levels, finer.leaves, finer.rows, finer.secrets)
        else:
            self._room -= len(made.rows)
        self._made[path] = made
        return made
