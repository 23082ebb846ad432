"""Groups of rows that are near each other, all of about one size."""

from dataclasses import dataclass

import numpy as np

from anonymize.classes import Codes
from anonymize.loss import Floats


def mdav(numbers: Floats, categories: Codes, *, size: int) -> Codes:
    """Number each row's group. Shape: `numbers` columns × rows, standardised; `categories` columns × rows, codes.

    A row's distance from another is the squared Euclidean one, plus 1 for each category that differs.
    Guarantees: every group has `size` to 2 * size - 1 rows, if there are `size` rows at all.
    Units: measured for two columns and groups of 5: 0.11 s for 10,000 rows, 0.52 s for 30,000, 5 s for 100,000.
    It grows with the square of the rows; for a single column of numbers it is a sort.
    Source: J. Domingo-Ferrer, V. Torra, Ordinal, continuous and heterogeneous k-anonymity through
    microaggregation, Data Mining and Knowledge Discovery 11(2), 2005, algorithm MDAV-generic.
    """
    if len(numbers) == 1 and not len(categories):
        return _on_a_line(numbers[0], size)
    left = _Left.of(numbers, categories)
    while left.rows >= 3 * size:
        near = left.from_point(left.farthest_from_centre())
        far = left.point(int(near.argmax()))
        left.take(near, size)
        left.take(left.from_point(far), size)
    if left.rows >= 2 * size:
        left.take(left.from_point(left.farthest_from_centre()), size)
    left.group[left.row[: left.rows]] = left.groups
    return left.group


def _on_a_line(numbers: Floats, size: int) -> Codes:
    """On a line the farthest are the ends: groups come from both, in the same way."""
    order = np.argsort(numbers, kind="stable")
    rows = len(order)
    pairs = max(0, (rows - size) // (2 * size))
    low, high = pairs * size, rows - pairs * size
    position = np.arange(rows)
    group = np.where(position < low, position // size, 2 * pairs)
    group = np.where(position >= high, 2 * pairs - 1 - (rows - 1 - position) // size, group)
    if high - low >= 2 * size:
        middle = numbers[order[low:high]]
        centre = middle.mean()
        from_low = centre - middle[0] >= middle[-1] - centre
        apart = slice(low, low + size) if from_low else slice(high - size, high)
        group[apart] = 2 * pairs + 1
    found = np.empty(rows, dtype=np.int64)
    found[order] = group
    return found


Point = tuple[Floats, Codes]


@dataclass(slots=True, eq=False)
class _Left:
    """The rows that are in no group yet: the first `rows` of the arrays."""

    numbers: Floats
    categories: Codes
    counts: list[Codes]
    row: Codes
    group: Codes
    rows: int
    groups: int

    @classmethod
    def of(cls, numbers: Floats, categories: Codes) -> "_Left":
        rows = numbers.shape[1]
        return cls(
            numbers.copy(),
            categories.copy(),
            [np.bincount(codes).astype(np.int64) for codes in categories],
            np.arange(rows),
            np.empty(rows, dtype=np.int64),
            rows,
            0,
        )

    def point(self, position: int) -> Point:
        return self.numbers[:, position].copy(), self.categories[:, position].copy()

    def from_point(self, point: Point) -> Floats:
        """How far every row is."""
        distance = np.zeros(self.rows)
        for column, at in zip(self.numbers, point[0], strict=True):
            off = column[: self.rows] - at
            distance += off * off
        for codes, code in zip(self.categories, point[1], strict=True):
            distance += codes[: self.rows] != code
        return distance

    def farthest_from_centre(self) -> Point:
        modes = np.array([int(counts.argmax()) for counts in self.counts], dtype=np.int64)
        centre = self.numbers[:, : self.rows].mean(axis=1), modes
        return self.point(int(self.from_point(centre).argmax()))

    def take(self, distance: Floats, size: int) -> None:
        """Make the nearest rows a group."""
        chosen = np.argpartition(distance, size - 1)[:size]
        self.group[self.row[chosen]] = self.groups
        for counts, codes in zip(self.counts, self.categories, strict=True):
            np.subtract.at(counts, codes[chosen], 1)
        # What stays at the end fills the places of what is taken.
        end = self.rows - size
        holes = chosen[chosen < end]
        stay = np.setdiff1d(np.arange(end, self.rows), chosen, assume_unique=True)
        self.numbers[:, holes] = self.numbers[:, stay]
        self.categories[:, holes] = self.categories[:, stay]
        self.row[holes] = self.row[stay]
        self.rows = end
        self.groups += 1
