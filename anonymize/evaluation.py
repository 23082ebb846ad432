"""What one combination of levels does to a table: which rows must be suppressed and what that costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonymize.classes import Classes, Mask
from anonymize.coding import CodedTable
from anonymize.loss import Floats, Loss
from anonymize.models import Model


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """One node of the lattice.

    `failing_rows` are the rows in classes that fail a model. When the node is usable, `loss` is finite
    and `suppressed` marks the classes whose rows are suppressed: the failing ones and, if the suppressed
    block would fail a model by itself, one class more.
    """

    levels: tuple[int, ...]
    failing_rows: int
    loss: float
    classes: Classes
    suppressed: Mask


class Evaluator:
    """Evaluates nodes of one table under fixed models, budget and loss.

    `budget` is the greatest number of rows that may be suppressed; `unsuppressed` has per column the
    loss of every level when nothing is suppressed.
    """

    def __init__(self, table: CodedTable, models: Sequence[Model], *, budget: int, loss: Loss) -> None:
        self.table = table
        self.models = tuple(models)
        self.budget = budget
        self.loss = loss
        self._shares = [[ladder.shares(level) for level in range(ladder.height)] for ladder in table.ladders]
        self.unsuppressed: list[Floats] = []
        for ladder, leaves, shares in zip(table.ladders, table.leaves, self._shares, strict=True):
            occurring = np.bincount(leaves, weights=table.rows, minlength=len(ladder.leaves))
            mean = np.array([level @ occurring for level in shares]) / table.row_count
            self.unsuppressed.append(loss.of_column(mean, len(ladder.leaves)))

    def classes(self, levels: Sequence[int]) -> Classes:
        """The equivalence classes of the records on the given levels."""
        table = self.table
        return Classes.build(
            table.at(levels), table.radices(levels), rows=table.rows, sensitive=table.sensitive
        )

    def evaluate(self, levels: tuple[int, ...]) -> Evaluation:
        """Suppress what must be suppressed, and no more than pays."""
        classes = self.classes(levels)
        failing: Mask = ~self._satisfied(classes)
        rows = int(classes.sizes[failing].sum())
        if rows > self.budget:
            return Evaluation(levels, rows, math.inf, classes, failing)
        if rows and not self._satisfied(classes.block(failing))[0]:
            return self._with_one_more(levels, classes, failing)
        losses = self._column_losses(levels, classes, failing)
        return Evaluation(levels, rows, float(self.loss.total(losses)), classes, failing)

    def column_losses(self, node: Evaluation) -> dict[str, float]:
        """The loss of each column at a usable node."""
        losses = self._column_losses(node.levels, node.classes, node.suppressed)
        return {column: float(loss) for column, loss in zip(self.table.columns, losses, strict=True)}

    def _with_one_more(self, levels: tuple[int, ...], classes: Classes, failing: Mask) -> Evaluation:
        # Every class that passes makes the block pass (the models are monotone): one is enough, the
        # cheapest that the budget still holds.
        rows = int(classes.sizes[failing].sum())
        candidates = np.flatnonzero(~failing & (classes.sizes <= self.budget - rows))
        if not len(candidates):
            return Evaluation(levels, rows, math.inf, classes, failing)
        added = []
        for at, (ladder, level) in enumerate(zip(self.table.ladders, levels, strict=True)):
            share = self._shares[at][level][self.table.leaves[at]]
            shown = np.bincount(classes.of, weights=share * self.table.rows, minlength=len(classes.sizes))
            total = shown[~failing].sum() - shown[candidates] + rows + classes.sizes[candidates]
            added.append(self.loss.of_column(total / self.table.row_count, len(ladder.leaves)))
        losses = self.loss.total(added)
        chosen = int(np.argmin(losses))
        suppressed = failing.copy()
        suppressed[candidates[chosen]] = True
        return Evaluation(levels, rows, float(losses[chosen]), classes, suppressed)

    def _column_losses(self, levels: Sequence[int], classes: Classes, suppressed: Mask) -> list[Floats]:
        table = self.table
        shown = np.where(suppressed[classes.of], 0, table.rows).astype(np.float64)
        hidden = table.row_count - shown.sum()
        losses = []
        for at, (ladder, level) in enumerate(zip(table.ladders, levels, strict=True)):
            mean = (self._shares[at][level][table.leaves[at]] @ shown + hidden) / table.row_count
            losses.append(self.loss.of_column(np.asarray(mean), len(ladder.leaves)))
        return losses

    def _satisfied(self, classes: Classes) -> Mask:
        verdict: Mask = np.ones(len(classes.sizes), dtype=np.bool_)
        for model in self.models:
            verdict &= model.satisfied(classes)
        return verdict
