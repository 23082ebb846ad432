"""A loss bound to a table: what nodes and recodings cost, and what they cost at least."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from anonymize.classes import Classes, Codes, Mask
from anonymize.coding import CodedTable, Recoding
from anonymize.grain import Grain
from anonymize.loss import CellLoss, Cells, Floats, weights_of
from anonymize.loss_of_classes import ClassLoss

AnyLoss = CellLoss | ClassLoss


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Levels, the classes of a grain's records on them, and which classes are suppressed."""

    levels: Sequence[int]
    grain: Grain
    classes: Classes
    suppressed: Mask


class Counting(Protocol):
    """All that evaluation and search ask of a loss.

    `unsuppressed` has per column a figure for every level that grows with the level; `total` of such figures
    is what a node costs at least.
    """

    @property
    def unsuppressed(self) -> Sequence[Floats]: ...
    def total(self, columns: Sequence[Floats]) -> Floats: ...
    def of_cut(self, cut: Cut) -> float:
        """What the table costs so."""

    def with_one_more(self, cut: Cut, candidates: Codes) -> Floats:
        """For each candidate, what the table costs when that class is suppressed too."""

    def bounds_below(self, cut: Cut) -> list[Floats]:
        """Figures per column and level whose total every node nowhere coarser costs at least.

        They hold for nodes that suppress at least the rows that the cut suppresses.
        """

    def of_recoding(self, recoding: Recoding) -> float:
        """What a recoding costs."""


def counting(loss: AnyLoss, table: CodedTable) -> Counting:
    """Bind a loss to a table. Raises: SchemaError when a weight is of no quasi-identifier."""
    return ClassCounting(loss, table) if isinstance(loss, ClassLoss) else CellCounting(loss, table)


class CellCounting:
    """Counts a loss of cells."""

    def __init__(self, loss: CellLoss, table: CodedTable) -> None:
        self._loss = loss
        self._table = table
        self._weights = weights_of(loss.weights, table.columns)
        self._cells = []
        self._means: list[Floats] = []
        self.unsuppressed: list[Floats] = []
        for ladder, leaves in zip(table.ladders, table.leaves, strict=True):
            occurring = np.bincount(leaves, weights=table.rows, minlength=len(ladder.leaves))
            cells = loss.cells(ladder.groups, occurring.astype(np.float64))
            self._cells.append(cells)
            self._means.append(cells.shown @ occurring / table.row_count)
            self.unsuppressed.append(_clipped(self._means[-1]))

    def total(self, columns: Sequence[Floats]) -> Floats:
        return self._loss.total(columns, self._weights)

    def of_cut(self, cut: Cut) -> float:
        growth = self._growth(cut)
        losses = [
            _clipped(means[level] + extra[level])
            for level, means, extra in zip(cut.levels, self._means, growth, strict=True)
        ]
        return float(self.total(losses))

    def with_one_more(self, cut: Cut, candidates: Codes) -> Floats:
        added = []
        growth, classes = self._growth(cut), cut.classes
        for at, level in enumerate(cut.levels):
            extra = (self._cells[at].hidden - self._cells[at].shown[level])[cut.grain.leaves[at]]
            more = np.bincount(classes.of, weights=extra * cut.grain.rows, minlength=len(classes.sizes))
            mean = self._means[at][level] + growth[at][level] + more[candidates] / self._table.row_count
            added.append(_clipped(mean))
        return self.total(added)

    def bounds_below(self, cut: Cut) -> list[Floats]:
        growth = self._growth(cut)
        return [
            _clipped(means[: len(extra)] + extra) for means, extra in zip(self._means, growth, strict=True)
        ]

    def weighted_cells(self) -> list[Cells]:
        """What cells cost, in columns that may be added up: times the weight of the column."""
        weights = self._weights or [1.0] * len(self._cells)
        return [
            Cells(cells.shown * weight, cells.hidden * weight)
            for cells, weight in zip(self._cells, weights, strict=True)
        ]

    def of_recoding(self, recoding: Recoding) -> float:
        return float(self.total([np.asarray(loss) for loss in self.of_columns(recoding).values()]))

    def of_columns(self, recoding: Recoding) -> dict[str, float]:
        """What each column costs under a recoding, by its name."""
        table, found = self._table, {}
        if len(recoding.levels) == 1 and not recoding.suppressed.any():
            means = [means[level] for means, level in zip(self._means, recoding.levels[0], strict=True)]
            return dict(zip(table.columns, map(float, _clipped(np.array(means))), strict=True))
        hidden = np.where(recoding.hidden, table.rows, 0).astype(np.float64)
        shown = table.rows - hidden
        for at, (column, ladder) in enumerate(zip(table.columns, table.ladders, strict=True)):
            cells, levels, leaves = self._cells[at], recoding.levels[:, at], table.leaves[at]
            lost = cells.hidden @ np.bincount(leaves, weights=hidden, minlength=len(ladder.leaves))
            if len(levels) == 1:
                occurring = np.bincount(leaves, weights=shown, minlength=len(ladder.leaves))
                lost += cells.shown[levels[0]] @ occurring
            else:
                lost += cells.shown[levels[recoding.of], leaves] @ shown
            found[column] = float(_clipped(lost / table.row_count))
        return found

    def _growth(self, cut: Cut) -> list[Floats]:
        """How much each column's mean cost grows by what the cut suppresses.

        Shape: one array per column, an entry per level from 0 to the given one: the growth on that level, if
        the same rows are suppressed there.
        """
        if not cut.suppressed.any():
            return [np.zeros(level + 1) for level in cut.levels]
        found = []
        chosen = np.flatnonzero(cut.suppressed[cut.classes.of])
        rows = cut.grain.rows[chosen]
        for cells, leaves, level in zip(self._cells, cut.grain.leaves, cut.levels, strict=True):
            occurring = np.bincount(leaves[chosen], weights=rows, minlength=len(cells.hidden))
            lost = cells.hidden @ occurring - cells.shown[: level + 1] @ occurring
            found.append(np.asarray(lost / self._table.row_count))
        return found


class ClassCounting:
    """Counts a loss of classes. A column's figure is how many times fewer groups it has than on level 0, as a
    logarithm: the groups' product bounds the number of classes."""

    def __init__(self, loss: ClassLoss, table: CodedTable) -> None:
        self._loss = loss
        self._table = table
        self._finest = Grain.finest(table).classes([0] * len(table.columns)).sizes
        self._first = loss.raw(self._finest, 0)
        self._span = loss.raw(np.empty(0, dtype=np.int64), table.row_count) - self._first
        self.unsuppressed: list[Floats] = []
        self._groups = 0.0
        for ladder, leaves in zip(table.ladders, table.leaves, strict=True):
            occurring = np.unique(leaves)
            counts = np.array([len(np.unique(level[occurring])) for level in ladder.groups])
            self._groups += float(np.log(counts[0]))
            self.unsuppressed.append(np.log(counts[0]) - np.log(counts))

    def total(self, columns: Sequence[Floats]) -> Floats:
        fewer = np.asarray(0.0)
        for figures in columns:
            fewer = fewer + figures
        # A little more than there can be, lest rounding put the bound above what is bounded.
        classes = np.exp(self._groups - fewer) * (1 + 1e-12)
        return self._scaled(self._loss.least(classes, self._table.row_count))

    def of_cut(self, cut: Cut) -> float:
        return self._of_sizes(cut.classes.sizes, cut.suppressed)

    def with_one_more(self, cut: Cut, candidates: Codes) -> Floats:
        sizes = cut.classes.sizes
        hidden = int(sizes[cut.suppressed].sum())
        return self._scaled(self._loss.with_one_more(sizes[~cut.suppressed], hidden, sizes[candidates]))

    def bounds_below(self, cut: Cut) -> list[Floats]:
        raw = self._loss.floor(cut.classes.sizes[cut.suppressed], self._finest)
        # As many classes of equal size would cost that much: told by the first column alone.
        alike = np.log(self._loss.least(np.asarray(raw), self._table.row_count))
        found = [np.zeros(level + 1) for level in cut.levels]
        found[0] += self._groups - alike
        return found

    def of_recoding(self, recoding: Recoding) -> float:
        return self._of_sizes(recoding.sizes, recoding.suppressed)

    def _of_sizes(self, sizes: Codes, suppressed: Mask) -> float:
        raw = self._loss.raw(sizes[~suppressed], int(sizes[suppressed].sum()))
        return float(self._scaled(np.asarray(raw)))

    def _scaled(self, raw: Floats) -> Floats:
        if self._span <= 0:
            return np.zeros_like(raw)
        return np.clip((raw - self._first) / self._span, 0.0, 1.0)


def _clipped(mean: Floats) -> Floats:
    # Sums of costs are rounded: 0 and 1 themselves must come out.
    return np.clip(mean, 0.0, 1.0)
