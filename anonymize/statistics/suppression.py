"""Which cells are hidden so that no hidden count can be computed from the others."""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from anonymize.classes import Codes, Mask
from anonymize.errors import UnsafeStatisticError
from anonymize.loss import Floats
from anonymize.statistics.audit import TOLERANCE, UNVERIFIED, View, margins_of, solved, sums_of
from anonymize.statistics.cells import Cells
from anonymize.statistics.policy import StatisticsPolicy, Zeros

MARGIN_WEIGHT: Final = 4.0


@dataclass(frozen=True)
class Display:
    """How a table's counts would be shown: rounded to a base, 1 for exact, and hidden where too small.

    Shape: arrays have one entry per cell, margins included, in the order of the cells' array.
    """

    cells: Cells
    policy: StatisticsPolicy
    base: int

    @property
    def width(self) -> int:
        """How wide the interval of each hidden count must be."""
        return self.policy.width(self.base)

    @cached_property
    def counts(self) -> Codes:
        """The true counts."""
        return self.cells.counts.ravel()

    @cached_property
    def primary(self) -> Mask:
        """Which counts may not be shown: those below the minimum, and zeros unless the policy publishes them."""
        small = self.counts < self.policy.minimum_count
        return small & (self.counts > 0) if self.policy.zeros is Zeros.PUBLISHED else small

    @cached_property
    def shown(self) -> Codes:
        """What would be shown of each count that is not hidden."""
        return rounded(self.counts, self.base)

    @cached_property
    def floor(self) -> Codes:
        """What everybody knows of a hidden count: labels found in the table occur, and published zeros are all."""
        return floor_of(self.cells, self.policy)

    def view(self, hidden: Mask) -> View:
        """What the table says when these cells are hidden."""
        return view_of(self.cells, np.where(hidden, -1, self.shown), policy=self.policy, base=self.base)

    @cached_property
    def weights(self) -> Floats:
        """What hiding a cell costs: margins most, large counts more than small ones."""
        size = 1 + np.log2(1.0 + self.counts) / 20
        weights: Floats = MARGIN_WEIGHT ** margins_of(self.cells.shape) * size
        return weights


def rounded(counts: Codes, base: int) -> Codes:
    """Round to multiples of a base, halves up."""
    return (2 * counts + base) // (2 * base) * base


def floor_of(cells: Cells, policy: StatisticsPolicy) -> Codes:
    """What everybody knows that every hidden cell's count is at least."""
    floor = np.zeros(cells.counts.shape, dtype=np.int64)
    for number, axis in enumerate(cells.axes):
        if not axis.public:
            line: list[int | slice] = [-1] * len(cells.axes)
            line[number] = slice(None)
            floor[tuple(line)] = 1
    return np.maximum(floor.ravel(), int(policy.zeros is Zeros.PUBLISHED))


def view_of(cells: Cells, published: Codes, *, policy: StatisticsPolicy, base: int) -> View:
    """What published counts, -1 where hidden, say about all cells; of `cells` only the axes count."""
    floor = floor_of(cells, policy)
    hidden, zero = published < 0, published == 0
    least = np.where(hidden, floor, np.maximum(published - base // 2, policy.minimum_count)).astype(
        np.float64
    )
    most = np.where(hidden, np.inf, published + (base + 1) // 2 - 1)
    return View(
        sums_of(cells.shape), np.where(zero, 0, least), np.where(zero, 0, most), dimensions=len(cells.axes)
    )


def protect(display: Display) -> Mask:
    """Choose the cells to hide; the audit decides whether they suffice.

    Guarantees: for each hidden cell two tables were found that agree with everything shown and differ in
    its count by at least the policy's width; both were checked in whole numbers.
    Raises: UnsafeStatisticError when that leaves no cell to show.
    """
    hidden = display.primary.copy()
    spread = _Spread(display, display.counts.astype(np.float64), display.counts.astype(np.float64))
    while (failing := np.flatnonzero(hidden & spread.narrow)).size:
        cell = int(failing[np.argmax(display.counts[failing])])
        if spread.audited(display.view(hidden), cell):
            continue
        # Fractions say soon, and mostly well, what is to be hidden; whole numbers only where they do not suffice.
        for whole in (False, True):
            inner = _room(display, hidden, cell, whole=whole)
            view = display.view(hidden)
            cells = view.sums @ inner
            hidden |= (cells < view.least - TOLERANCE) | (cells > view.most + TOLERANCE)
            spread.offer(display.view(hidden), inner)
            if spread.audited(display.view(hidden), cell):
                break
        else:
            raise UnsafeStatisticError(UNVERIFIED)
    if hidden.all():
        raise UnsafeStatisticError("No cell of the table can be shown; count by fewer or broader categories.")
    return hidden


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """The least and the most of each count over the tables found so far that agree with what is shown.

    They stay valid when more is hidden.
    """

    display: Display
    low: Floats
    high: Floats

    @property
    def narrow(self) -> Mask:
        """Which counts do not vary enough yet."""
        found: Mask = self.high - self.low < self.display.width
        return found

    def offer(self, view: View, inner: Floats | None) -> None:
        """Take a table into account if, made whole, it agrees with what is shown."""
        cells = None if inner is None else view.shown_by(inner)
        if cells is not None:
            np.minimum(self.low, cells, out=self.low)
            np.maximum(self.high, cells, out=self.high)

    def audited(self, view: View, cell: int) -> bool:
        """Look for tables in which a cell varies enough; whether there are."""
        for sign in (1, -1):
            if self.narrow[cell]:
                reach = (self.low[cell] - self.display.width, self.high[cell] + self.display.width)
                self.offer(view, view.extreme(cell, sign=sign, within=reach))
        return not self.narrow[cell]


def _room(display: Display, hidden: Mask, cell: int, *, whole: bool) -> Floats:
    """Inner cells of a table in which a hidden cell counts more by the width, breaking with what is shown cheaply.

    Unknowns are the inner cells, and for each cell by how much it exceeds and falls short of what is shown.
    """
    from scipy import sparse
    from scipy.optimize import Bounds, LinearConstraint

    view, sums = display.view(hidden), sums_of(display.cells.shape)
    count, inner = sums.shape
    least = view.least.copy()
    least[cell] = display.counts[cell] + display.width
    fixed = hidden | (display.counts == 0) & ~display.primary
    beyond = np.where(fixed, 0.0, np.inf)
    # A cell that is hidden anew may fall to what is known of hidden ones, not below.
    short = np.where(fixed, 0.0, np.maximum(view.least - display.floor, 0))
    steps = sparse.eye_array(count)
    found = solved(
        np.concatenate([np.zeros(inner), display.weights, display.weights]),
        constraint=LinearConstraint(sparse.hstack([sums, -steps, steps], format="csr"), least, view.most),
        bounds=Bounds(0, np.concatenate([np.full(inner, np.inf), beyond, short])),
        whole=whole and view.whole,
        gap=0.5,  # what is hidden need not be the least, only enough
    )
    if found.x is None:
        raise UnsafeStatisticError(UNVERIFIED)
    changed: Floats = found.x[:inner]
    return changed
