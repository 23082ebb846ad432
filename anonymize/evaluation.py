"""What one combination of levels does to a table: which rows must be suppressed and what that costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from anonymize.classes import Classes, Codes, Mask
from anonymize.coding import CodedTable, Recoding
from anonymize.loss import Floats, Loss
from anonymize.models import Check, Model, Union

BlockRule = Literal["checked", "enforced"]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """One node of the lattice.

    `failing_rows` are the rows in classes that fail a model. When the node is usable, `loss` is finite
    and `suppressed` marks the classes whose rows are suppressed: the failing ones and, if the suppressed
    block would fail a model by itself, one class more. `condemns` says that no finer node is usable.
    """

    levels: tuple[int, ...]
    failing_rows: int
    loss: float
    classes: Classes
    suppressed: Mask
    condemns: bool = False

    @property
    def recoding(self) -> Recoding:
        """What the node does to the table."""
        return Recoding(self.classes.of, self.classes.sizes, np.array([self.levels]), self.suppressed)


class Evaluator:
    """Evaluates nodes of one table under fixed models, budget and loss.

    `budget` is the greatest number of rows that may be suppressed; `unsuppressed` has per column the loss of
    every level when nothing is suppressed. `monotone` says that nodes coarser than a usable one are usable,
    as far as failing rows go: all models absorb, or are closed and nothing may be suppressed.
    The block of suppressed rows must satisfy the models that absorb, and the others too if `block` is
    "enforced".
    """

    def __init__(
        self,
        table: CodedTable,
        models: Sequence[Model],
        *,
        budget: int,
        loss: Loss,
        block: BlockRule = "checked",
    ) -> None:
        self.table = table
        self.models = tuple(models)
        self.checks = tuple(model.check(table.secrets) for model in models)
        self.budget = budget
        self.loss = loss
        self.monotone = all(
            check.union is Union.ABSORBS or (check.union is Union.CLOSED and budget == 0)
            for check in self.checks
        )
        self._block_checks = [
            check for check in self.checks if block == "enforced" or check.union is Union.ABSORBS
        ]
        self._shares = [[ladder.shares(level) for level in range(ladder.height)] for ladder in table.ladders]
        self.unsuppressed: list[Floats] = []
        for ladder, leaves, shares in zip(table.ladders, table.leaves, self._shares, strict=True):
            occurring = np.bincount(leaves, weights=table.rows, minlength=len(ladder.leaves))
            mean = np.array([level @ occurring for level in shares]) / table.row_count
            self.unsuppressed.append(loss.of_column(mean, len(ladder.leaves)))

    def classes(self, levels: Sequence[int]) -> Classes:
        """The equivalence classes of the records on the given levels."""
        table = self.table
        return Classes.build(table.at(levels), table.radices(levels), rows=table.rows, secrets=table.secrets)

    def evaluate(self, levels: tuple[int, ...]) -> Evaluation:
        """Suppress what must be suppressed, and no more than pays."""
        classes = self.classes(levels)
        absorbing = self._failing(classes, [c for c in self.checks if c.union is Union.ABSORBS])
        closed = self._failing(classes, [c for c in self.checks if c.union is not Union.ABSORBS])
        failing: Mask = absorbing | closed
        rows = int(classes.sizes[failing].sum())
        if rows > self.budget:
            condemns = self.monotone or int(classes.sizes[absorbing].sum()) > self.budget
            return Evaluation(levels, rows, math.inf, classes, failing, condemns=condemns)
        if rows and self._failing(classes.block(failing), self._block_checks).any():
            return self._with_one_more(levels, classes, failing)
        losses = self._column_losses(levels, classes, failing)
        return Evaluation(levels, rows, float(self.loss.total(losses)), classes, failing)

    def block_verdicts(self, recoding: Recoding) -> list[bool]:
        """For each model, whether the suppressed rows satisfy it as a class of their own."""
        table = self.table
        block = Classes(recoding.of, table.rows, recoding.sizes, table.secrets).block(recoding.suppressed)
        return [bool(check.satisfied(block)[0]) for check in self.checks]

    def column_losses(self, recoding: Recoding) -> dict[str, float]:
        """The loss of each column under a recoding."""
        table, found = self.table, {}
        hidden = recoding.hidden
        for at, (column, ladder) in enumerate(zip(table.columns, table.ladders, strict=True)):
            levels = recoding.levels[:, at]
            shares = np.array(self._shares[at])
            level = levels[recoding.of] if len(levels) > 1 else np.full(len(table.rows), levels[0])
            share = np.where(hidden, 1.0, shares[level, table.leaves[at]])
            mean = np.asarray((share @ table.rows) / table.row_count)
            found[column] = float(self.loss.of_column(mean, len(ladder.leaves)))
        return found

    def _with_one_more(self, levels: tuple[int, ...], classes: Classes, failing: Mask) -> Evaluation:
        rows = int(classes.sizes[failing].sum())
        candidates = np.flatnonzero(~failing & (classes.sizes <= self.budget - rows))
        candidates = self._completing(classes, failing, candidates)
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

    def _completing(self, classes: Classes, failing: Mask, candidates: Codes) -> Codes:
        # A class that passes makes the block pass every model that absorbs, so all candidates will do
        # unless others are enforced too.
        if all(check.union is Union.ABSORBS for check in self._block_checks):
            return candidates
        chosen = []
        for candidate in candidates.tolist():
            member = failing.copy()
            member[candidate] = True
            if not self._failing(classes.block(member), self._block_checks).any():
                chosen.append(candidate)
        return np.array(chosen, dtype=np.int64)

    def _failing(self, classes: Classes, checks: Sequence[Check]) -> Mask:
        failing: Mask = np.zeros(len(classes.sizes), dtype=np.bool_)
        for check in checks:
            failing |= ~check.satisfied(classes)
        return failing
