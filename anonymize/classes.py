"""Equivalence classes: a mixed-radix integer key per record, then a sort (a count where keys are dense)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

_KEY_LIMIT = 2**62
_DENSE_FACTOR = 8


def number_groups(key: Codes, span: int) -> tuple[Codes, int]:
    """Number the distinct values of `key`, all in 0..span-1, in ascending order from 0.

    Shape: one number per element of `key`; the second value is how many numbers were given.
    """
    if span <= _DENSE_FACTOR * max(len(key), 1):
        present = np.zeros(span, dtype=np.int64)
        present[key] = 1
        rank = np.cumsum(present) - 1
        return rank[key], int(rank[-1]) + 1 if span else 0
    distinct, numbers = np.unique(key, return_inverse=True)
    return numbers.astype(np.int64, copy=False), len(distinct)


def combine(columns: Sequence[Codes], radices: Sequence[int], *, records: int) -> tuple[Codes, int]:
    """Number the distinct combinations over all columns; without any column there is one combination.

    Where the product of the radices would exceed an integer, the key so far is renumbered densely first.
    """
    key = np.zeros(records, dtype=np.int64)
    span = 1
    for codes, radix in zip(columns, radices, strict=True):
        if span * radix >= _KEY_LIMIT:
            key, span = number_groups(key, span)
        key = key * radix + codes
        span *= radix
    return number_groups(key, span)


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """A partition of records into equivalence classes.

    Shape: `of` and each array of `sensitive` have one entry per record, `sizes` one per class. A record
    may stand for several equal rows of the table: `sizes` counts rows.
    """

    of: Codes
    sizes: Codes
    sensitive: Mapping[str, Codes]

    @classmethod
    def build(
        cls, columns: Sequence[Codes], radices: Sequence[int], *, rows: Codes, sensitive: Mapping[str, Codes]
    ) -> "Classes":
        """Partition records by the combination of their codes; `rows` is how many rows each stands for."""
        of, count = combine(columns, radices, records=len(rows))
        sizes = np.bincount(of, weights=rows, minlength=count).astype(np.int64)
        return cls(of, sizes, sensitive)

    def distinct(self, column: str) -> Codes:
        """Count the distinct values of a sensitive column in each class."""
        return distinct_per_group(self.of, self.sensitive[column], groups=len(self.sizes))

    def block(self, member: Mask) -> "Classes":
        """Join the classes marked in `member` into one class and leave the others out."""
        chosen = member[self.of]
        sensitive = {column: codes[chosen] for column, codes in self.sensitive.items()}
        size = np.array([self.sizes[member].sum()], dtype=np.int64)
        return Classes(np.zeros(int(chosen.sum()), dtype=np.int64), size, sensitive)


def distinct_per_group(of: Codes, values: Codes, *, groups: int) -> Codes:
    """Count the distinct `values` within each of the groups numbered in `of`."""
    if not len(values):
        return np.zeros(groups, dtype=np.int64)
    order = np.lexsort((values, of))
    group, value = of[order], values[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (group[1:] != group[:-1]) | (value[1:] != value[:-1])
    return np.bincount(group[first], minlength=groups).astype(np.int64)
