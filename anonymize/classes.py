"""Equivalence classes: a mixed-radix integer key per record, then a sort (a count where keys are dense)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
class Secret:
    """A sensitive column of the whole table.

    Shape: `codes` has one entry per record, an index into `values`; `rows` counts the table's rows per value.
    """

    values: tuple[str | None, ...]
    codes: Codes
    rows: Codes


@dataclass(frozen=True, slots=True, eq=False)
class Histograms:
    """How many rows of each class have which sensitive value; only what occurs is stored.

    Shape: class c has the entries starts[c] to starts[c + 1] of `values` (ascending) and `counts`.
    """

    starts: Codes
    values: Codes
    counts: Codes

    @property
    def of(self) -> Codes:
        """The class of each entry."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """A partition of records into equivalence classes.

    Shape: `of` and `rows` have one entry per record, `sizes` one per class. A record may stand for several
    equal rows of the table: `rows` says for how many, and `sizes` counts rows. `records` are the positions
    of these records in the table's, for a part of it, else None.
    """

    of: Codes
    rows: Codes
    sizes: Codes
    secrets: Mapping[str, Secret]
    records: Codes | None = None
    _histograms: dict[str, Histograms] = field(default_factory=dict)

    @classmethod
    def build(
        cls, columns: Sequence[Codes], radices: Sequence[int], *, rows: Codes, secrets: Mapping[str, Secret]
    ) -> "Classes":
        """Partition records by the combination of their codes; `rows` is how many rows each stands for."""
        of, count = combine(columns, radices, records=len(rows))
        return cls(of, rows, _sum(rows, of, groups=count), secrets)

    def histograms(self, column: str) -> Histograms:
        """The sensitive values of each class; counted once."""
        if column not in self._histograms:
            secret = self.secrets[column]
            codes = secret.codes if self.records is None else secret.codes[self.records]
            span = max(len(secret.values), 1)
            key = self.of * span + codes
            entry, count = number_groups(key, len(self.sizes) * span)
            entries = np.empty(count, dtype=np.int64)
            entries[entry] = key
            per_class = np.bincount(entries // span, minlength=len(self.sizes))
            starts = np.concatenate([[0], np.cumsum(per_class)])
            counts = _sum(self.rows, entry, groups=count)
            self._histograms[column] = Histograms(starts, entries % span, counts)
        return self._histograms[column]

    def distinct(self, column: str) -> Codes:
        """Count the distinct values of a sensitive column in each class."""
        return np.diff(self.histograms(column).starts)

    def block(self, member: Mask) -> "Classes":
        """Join the classes marked in `member` into one class and leave the others out."""
        chosen = np.flatnonzero(member[self.of])
        return Classes(
            np.zeros(len(chosen), dtype=np.int64),
            self.rows[chosen],
            np.array([self.sizes[member].sum()], dtype=np.int64),
            self.secrets,
            chosen if self.records is None else self.records[chosen],
        )


def _sum(rows: Codes, of: Codes, *, groups: int) -> Codes:
    # Sums of row counts are far below 2**53, so that weights as floats are exact.
    return np.bincount(of, weights=rows, minlength=groups).astype(np.int64)


def distinct_per_group(of: Codes, values: Codes, *, groups: int) -> Codes:
    """Count the distinct `values` within each of the groups numbered in `of`."""
    if not len(values):
        return np.zeros(groups, dtype=np.int64)
    order = np.lexsort((values, of))
    group, value = of[order], values[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (group[1:] != group[:-1]) | (value[1:] != value[:-1])
    return np.bincount(group[first], minlength=groups).astype(np.int64)
