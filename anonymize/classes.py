"""Equivalence classes: a mixed-radix integer key per record, then a sort (a count where keys are dense)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]

KEY_LIMIT: Final = 2**62
_DENSE_TALLY: Final = 4
_DENSE_FACTOR: Final = 2  # measured: beyond, sorting is faster than an array over the whole span


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


def tally(key: Codes, span: int, weights: Codes) -> tuple[Codes, Codes]:
    """The distinct values of `key`, ascending, and the sum of the (positive) weights of each."""
    if span <= _DENSE_TALLY * len(key):
        # Sums of row counts are far below 2**53, so that weights as floats are exact.
        sums = np.bincount(key, weights=weights, minlength=span)
        distinct = np.flatnonzero(sums > 0)  # three times faster than of the floats themselves
        return distinct, sums[distinct].astype(np.int64)
    bits = int(weights.max(initial=0)).bit_length()
    if span < 2 ** (63 - bits):
        # Key and weight packed into one integer: a plain sort is three times faster than an order.
        packed = np.sort((key << bits) | weights)
        ordered, weighed = packed >> bits, packed & ((1 << bits) - 1)
    else:
        order = np.argsort(key)
        ordered, weighed = key[order], weights[order]
    starts = np.flatnonzero(ordered[1:] != ordered[:-1]) + 1
    starts = np.concatenate([np.zeros(min(len(key), 1), dtype=np.int64), starts])
    return ordered[starts], np.add.reduceat(weighed, starts) if len(key) else weighed


def combine(columns: Sequence[Codes], radices: Sequence[int], *, records: int) -> tuple[Codes, int]:
    """Number the distinct combinations over all columns; without any column there is one combination."""
    return number_groups(*mixed_radix(columns, radices, records=records))


def mixed_radix(columns: Sequence[Codes], radices: Sequence[int], *, records: int) -> tuple[Codes, int]:
    """One integer per record that is equal where all columns are, ordered as the columns are; and its span.

    Where the product of the radices would exceed an integer, the key so far is renumbered densely first.
    """
    key = np.zeros(records, dtype=np.int64)
    span = 1
    for codes, radix in zip(columns, radices, strict=True):
        if radix == 1:
            continue
        if span * radix >= KEY_LIMIT:
            key, span = number_groups(key, span)
        key = key * radix + codes
        span *= radix
    return key, span


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
class Shown:
    """On which levels classes are written, and the leaves of every record. Shape: one entry per column each."""

    levels: Sequence[int]
    leaves: Sequence[NDArray[np.integer]]


class Classes:
    """A partition of records into equivalence classes, numbered in the order of their keys.

    Shape: `key`, `of` and `rows` have one entry per record, `sizes` one per class. A record may stand for
    several equal rows of the table: `rows` says for how many, and `sizes` counts rows. `records` are the
    positions of these records in the secrets' codes, for a part of them, else None. `shown` says how the classes
    of a node are written, None for others. What is asked for is computed once.
    """

    __slots__ = ("_histograms", "_of", "_sizes", "key", "records", "rows", "secrets", "shown", "span")

    def __init__(
        self,
        key: Codes,
        span: int,
        *,
        rows: Codes,
        secrets: Mapping[str, Secret],
        records: Codes | None = None,
        shown: Shown | None = None,
    ) -> None:
        self.key = key
        self.span = span
        self.rows = rows
        self.secrets = secrets
        self.records = records
        self.shown = shown
        self._sizes: Codes | None = None
        self._of: Codes | None = None
        self._histograms: dict[str, Histograms] = {}

    @classmethod
    def build(
        cls, columns: Sequence[Codes], radices: Sequence[int], *, rows: Codes, secrets: Mapping[str, Secret]
    ) -> "Classes":
        """Partition records by the combination of their codes; `rows` is how many rows each stands for."""
        key, span = mixed_radix(columns, radices, records=len(rows))
        return cls(key, span, rows=rows, secrets=secrets)

    @property
    def sizes(self) -> Codes:
        """The rows of each class."""
        if self._sizes is None:
            self._sizes = tally(self.key, self.span, self.rows)[1]
        return self._sizes

    @property
    def of(self) -> Codes:
        """The class of each record."""
        if self._of is None:
            self._of = number_groups(self.key, self.span)[0]
        return self._of

    def histograms(self, column: str) -> Histograms:
        """The sensitive values of each class."""
        if column not in self._histograms:
            self._histograms[column] = self._counted(self.secrets[column])
        return self._histograms[column]

    def distinct(self, column: str) -> Codes:
        """Count the distinct values of a sensitive column in each class."""
        return np.diff(self.histograms(column).starts)

    def block(self, member: Mask) -> "Classes":
        """Join the classes marked in `member` into one class and leave the others out."""
        chosen = np.flatnonzero(member[self.of])
        return Classes(
            np.zeros(len(chosen), dtype=np.int64),
            1,
            rows=self.rows[chosen],
            secrets=self.secrets,
            records=chosen if self.records is None else self.records[chosen],
        )

    def _counted(self, secret: Secret) -> Histograms:
        codes = secret.codes if self.records is None else secret.codes[self.records]
        values = max(len(secret.values), 1)
        key, span = self.key, self.span
        if span * values >= KEY_LIMIT:
            key, span = number_groups(key, span)
        distinct, counts = tally(key * values + codes, span * values, self.rows)
        owner = distinct // values
        first = np.flatnonzero(owner[1:] != owner[:-1]) + 1
        starts = np.concatenate([np.zeros(min(len(owner), 1), dtype=np.int64), first, [len(owner)]])
        return Histograms(starts, distinct - owner * values, counts)
