"""The slow, obvious meaning of the library: plain Python over lists, the oracle of its tests.

It shares nothing with the fast code but the form of a hierarchy's rows.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from anonymize.ladder import Label, LabelRow

Record = tuple[Label, ...]
Passes = Callable[[Sequence[int]], bool]


def classes(records: Sequence[Record]) -> dict[Record, list[int]]:
    """Row numbers by equal records."""
    found: dict[Record, list[int]] = {}
    for number, record in enumerate(records):
        found.setdefault(record, []).append(number)
    return found


def k_anonymous(k: int) -> Passes:
    """Whether a class has at least k rows."""
    return lambda rows: len(rows) >= k


def distinct_diverse(values: Sequence[object], least: int) -> Passes:
    """Whether a class has at least so many distinct values."""
    return lambda rows: len({values[row] for row in rows}) >= least


@dataclass(frozen=True, slots=True)
class Column:
    """A quasi-identifier: the leaf of every row, and the hierarchy's rows."""

    leaves: tuple[Label, ...]
    hierarchy: tuple[LabelRow, ...]

    def label(self, leaf: Label, level: int) -> Label:
        """The group of a leaf on a level."""
        return next(row[level] for row in self.hierarchy if row[0] == leaf)

    def share(self, leaf: Label, level: int) -> Fraction:
        """The part of the domain that the leaf's group holds."""
        group = self.label(leaf, level)
        return Fraction(sum(row[level] == group for row in self.hierarchy), len(self.hierarchy))


def loss(columns: Sequence[Column], levels: Sequence[int], suppressed: frozenset[int]) -> float:
    """The loss formula, cell by cell."""
    product = 1.0
    for column, level in zip(columns, levels, strict=True):
        cells = [
            Fraction(1) if row in suppressed else column.share(leaf, level)
            for row, leaf in enumerate(column.leaves)
        ]
        least = Fraction(1, len(column.hierarchy))
        x = (sum(cells) / len(cells) - least) / (1 - least) if least != 1 else Fraction(0)
        product *= float(x) + 1
    return math.pow(product, 1 / len(columns)) - 1


def suppressions(
    found: Sequence[list[int]], passes: Sequence[Passes], budget: int
) -> Iterator[frozenset[int]]:
    """Every set of whole classes whose suppression makes all others and the block itself pass."""
    for count in range(len(found) + 1):
        for chosen in itertools.combinations(range(len(found)), count):
            block = [row for at in chosen for row in found[at]]
            kept = [rows for at, rows in enumerate(found) if at not in chosen]
            released = [*kept, block] if block else kept
            if len(block) <= budget and all(check(rows) for rows in released for check in passes):
                yield frozenset(block)


def optimum(
    columns: Sequence[Column], passes: Sequence[Passes], *, limit: Fraction
) -> tuple[float, tuple[int, ...]] | None:
    """The least loss over all levels and all permitted suppressions, by trying everything."""
    rows = len(columns[0].leaves)
    best: tuple[float, tuple[int, ...]] | None = None
    for levels in itertools.product(*(range(len(column.hierarchy[0])) for column in columns)):
        records = [
            tuple(
                column.label(column.leaves[row], level) for column, level in zip(columns, levels, strict=True)
            )
            for row in range(rows)
        ]
        for block in suppressions(list(classes(records).values()), passes, math.floor(limit * rows)):
            cost = loss(columns, levels, block)
            if best is None or cost < best[0]:
                best = (cost, levels)
    return best


def joint_classes(releases: Sequence[Mapping[str, int]]) -> dict[tuple[int | None, ...], set[str]]:
    """Persons by the tuple of their class in each release, None where absent."""
    found: dict[tuple[int | None, ...], set[str]] = {}
    for person in set().union(*releases):
        found.setdefault(tuple(release.get(person) for release in releases), set()).add(person)
    return found


def jointly_anonymous(releases: Sequence[Mapping[str, int]], promised: Sequence[int]) -> bool:
    """Whether every joint class is as large as each release that it is present in has promised."""
    return all(
        len(persons) >= k
        for key, persons in joint_classes(releases).items()
        for group, k in zip(key, promised, strict=True)
        if group is not None
    )
