"""Choosing cells whose suppression makes every class large enough."""

from collections.abc import Sequence
from itertools import combinations
from math import comb
from typing import Final

import numpy as np

from anonymize.classes import Codes, Mask, combine

Columns = tuple[int, ...]

_MANY: Final = 128
"""So many sets of columns of one size are tried at most."""


def cells_to_suppress(columns: Sequence[Codes], radices: Sequence[int], *, k: int) -> Mask:
    """Mark cells so that every class of at least k rows remains, a marked cell being a value of its own.

    Shape: rows × columns. There must be k rows.
    """
    width = len(columns)
    stars = np.zeros((len(columns[0]), width), dtype=np.bool_)
    pool = np.setdiff1d(np.arange(len(stars)), _safe(columns, radices, np.arange(len(stars)), k=k))
    best: list[Columns] = [()]
    for hidden in range(1, width):
        if not len(pool):
            return stars
        gains = {}
        for chosen in _candidates(best, width, hidden):
            gains[chosen] = len(_saved(columns, radices, chosen, pool=pool, k=k))
        best = sorted(gains, key=lambda chosen: (-gains[chosen], chosen))
        for chosen in best:
            # Fewer rows are left by now, so that what saved none before saves none.
            if gains[chosen]:
                saved = _saved(columns, radices, chosen, pool=pool, k=k)
                stars[np.ix_(saved, np.array(chosen))] = True
                pool = np.setdiff1d(pool, saved, assume_unique=True)
    stars[pool] = True
    if 0 < len(pool) < k:
        stars[_joining(columns, radices, stars, block=pool, k=k)] = True
    return stars


def _candidates(best: Sequence[Columns], width: int, hidden: int) -> list[Columns]:
    """All sets of so many columns, or where these are too many, those that extend the best smaller ones."""
    if comb(width, hidden) <= _MANY:
        return list(combinations(range(width), hidden))
    found: dict[Columns, None] = {}
    for smaller in best:
        for column in range(width):
            if column not in smaller:
                found[tuple(sorted((*smaller, column)))] = None
            if len(found) == _MANY:
                return list(found)
    return list(found)


def _saved(
    columns: Sequence[Codes], radices: Sequence[int], chosen: Columns, *, pool: Codes, k: int
) -> Codes:
    """The rows of the pool that are alike in enough rows when the chosen columns are hidden."""
    shown = [at for at in range(len(columns)) if at not in chosen]
    return _safe([columns[at] for at in shown], [radices[at] for at in shown], pool, k=k)


def _safe(columns: Sequence[Codes], radices: Sequence[int], rows: Codes, *, k: int) -> Codes:
    """Those of the rows that are alike in at least k of them."""
    of, _ = combine([codes[rows] for codes in columns], radices, records=len(rows))
    return rows[np.bincount(of)[of] >= k]


def _joining(columns: Sequence[Codes], radices: Sequence[int], stars: Mask, *, block: Codes, k: int) -> Codes:
    """The rows that join a block of fewer than k: some of a class that can spare them, else a smallest class."""
    needed = k - len(block)
    shown = [
        np.where(hidden, radix, codes) for codes, radix, hidden in zip(columns, radices, stars.T, strict=True)
    ]
    of, classes = combine(shown, [radix + 1 for radix in radices], records=len(stars))
    sizes = np.bincount(of, minlength=classes)
    sizes[of[block[0]]] = 0
    hidden_cells = np.zeros(classes, dtype=np.int64)
    hidden_cells[of] = stars.sum(axis=1)
    sparing = np.flatnonzero(sizes >= k + needed)
    if len(sparing):
        cheapest = sparing[np.lexsort((-sizes[sparing], -hidden_cells[sparing]))[0]]
        return np.flatnonzero(of == cheapest)[:needed]
    left = np.flatnonzero(sizes)
    return np.flatnonzero(of == left[sizes[left].argmin()])
