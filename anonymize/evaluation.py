"""What one combination of levels does to a table: which rows must be suppressed and what that costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from anonymize.classes import Classes, Codes, Mask
from anonymize.coding import CodedTable, Recoding
from anonymize.grain import Grain
from anonymize.loss import Floats, Loss
from anonymize.models import Check, Model, Union

BlockRule = Literal["checked", "enforced"]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """One node of the lattice.

    `failing_rows` are the rows in classes that fail a model, or of those that fail a model that absorbs when
    these are too many already. When the node is usable, `loss` is finite and `suppressed` marks the classes
    whose rows are suppressed: the failing ones and, if the suppressed block would fail a model by itself, one
    class more; `absorbed` marks those that fail a model that absorbs. `condemns` says that no finer node is
    usable.
    """

    levels: tuple[int, ...]
    failing_rows: int
    loss: float
    classes: Classes
    suppressed: Mask
    absorbed: Mask
    condemns: bool = False

    @property
    def recoding(self) -> Recoding:
        """What the node does to the table, when it was evaluated on the table's own records."""
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
        self.finest = Grain.finest(table)
        self._absorbing = [check for check in self.checks if check.union is Union.ABSORBS]
        self._others = [check for check in self.checks if check.union is not Union.ABSORBS]
        self._block_checks = self.checks if block == "enforced" else self._absorbing
        self._shares = [
            np.array([ladder.shares(level) for level in range(ladder.height)]) for ladder in table.ladders
        ]
        self._means: list[Floats] = []
        self.unsuppressed: list[Floats] = []
        for ladder, leaves, shares in zip(table.ladders, table.leaves, self._shares, strict=True):
            occurring = np.bincount(leaves, weights=table.rows, minlength=len(ladder.leaves))
            self._means.append(shares @ occurring / table.row_count)
            self.unsuppressed.append(loss.of_column(self._means[-1], len(ladder.leaves)))

    def classes(self, levels: Sequence[int]) -> Classes:
        """The equivalence classes of the records on the given levels."""
        return self.finest.classes(levels)

    def evaluate(self, levels: tuple[int, ...], grain: Grain | None = None) -> Evaluation:
        """Suppress what must be suppressed, and no more than pays.

        `grain` may be any that is nowhere coarser than the levels; classes are then of its records.
        """
        grain = grain or self.finest
        classes = grain.classes(levels)
        absorbed = self._failing(classes, self._absorbing)
        rows = int(classes.sizes[absorbed].sum())
        if rows > self.budget:
            return Evaluation(levels, rows, math.inf, classes, absorbed, absorbed, condemns=True)
        failing = absorbed
        if self._others:
            failing = absorbed | self._failing(classes, self._others)
            rows = int(classes.sizes[failing].sum())
        if rows > self.budget:
            return Evaluation(levels, rows, math.inf, classes, failing, absorbed, condemns=self.monotone)
        if rows and self._failing(classes.block(failing), self._block_checks).any():
            return self._with_one_more(levels, grain, classes, failing=failing, absorbed=absorbed)
        losses = self._with_hidden(levels, self.hidden_shares(levels, grain, classes, failing))
        return Evaluation(levels, rows, float(self.loss.total(losses)), classes, failing, absorbed)

    def hidden_shares(
        self, levels: Sequence[int], grain: Grain, classes: Classes, suppressed: Mask
    ) -> list[Floats]:
        """How much each column's mean share grows when the marked classes are suppressed.

        Shape: one array per column, an entry per level from 0 to the given one: the growth on that level, if
        the same rows are suppressed there.
        """
        found = []
        if not suppressed.any():
            return [np.zeros(level + 1) for level in levels]
        chosen = np.flatnonzero(suppressed[classes.of])
        rows = grain.rows[chosen]
        for shares, leaves, level in zip(self._shares, grain.leaves, levels, strict=True):
            occurring = np.bincount(leaves[chosen], weights=rows, minlength=shares.shape[1])
            found.append((occurring.sum() - shares[: level + 1] @ occurring) / self.table.row_count)
        return found

    def bounds_below(self, node: Evaluation, grain: Grain) -> list[Floats]:
        """Per column what every node that is nowhere coarser than a usable one loses at least on each level.

        Rows that fail a model that absorbs on the node do so on every finer one, and are suppressed there.
        """
        hidden = self.hidden_shares(node.levels, grain, node.classes, node.absorbed)
        found = []
        for means, extra, ladder in zip(self._means, hidden, self.table.ladders, strict=True):
            found.append(self.loss.of_column(means[: len(extra)] + extra, len(ladder.leaves)))
        return found

    def block_verdicts(self, recoding: Recoding) -> list[bool]:
        """For each model, whether the suppressed rows satisfy it as a class of their own."""
        table = self.table
        classes = Classes(recoding.of, len(recoding.sizes), rows=table.rows, secrets=table.secrets)
        block = classes.block(recoding.suppressed)
        return [bool(check.satisfied(block)[0]) for check in self.checks]

    def column_losses(self, recoding: Recoding) -> dict[str, float]:
        """The loss of each column under a recoding."""
        table, found = self.table, {}
        shown = np.where(recoding.hidden, 0, table.rows).astype(np.float64)
        hidden = table.row_count - shown.sum()
        for at, (column, ladder) in enumerate(zip(table.columns, table.ladders, strict=True)):
            levels, leaves = recoding.levels[:, at], table.leaves[at]
            if len(levels) == 1:
                occurring = np.bincount(leaves, weights=shown, minlength=len(ladder.leaves))
                share = self._shares[at][levels[0]] @ occurring
            else:
                share = self._shares[at][levels[recoding.of], leaves] @ shown
            mean = np.asarray((share + hidden) / table.row_count)
            found[column] = float(self.loss.of_column(mean, len(ladder.leaves)))
        return found

    def _with_hidden(self, levels: Sequence[int], hidden: Sequence[Floats]) -> list[Floats]:
        return [
            self.loss.of_column(np.asarray(means[level] + extra[level]), len(ladder.leaves))
            for level, means, extra, ladder in zip(
                levels, self._means, hidden, self.table.ladders, strict=True
            )
        ]

    def _with_one_more(
        self, levels: tuple[int, ...], grain: Grain, classes: Classes, *, failing: Mask, absorbed: Mask
    ) -> Evaluation:
        rows = int(classes.sizes[failing].sum())
        candidates = np.flatnonzero(~failing & (classes.sizes <= self.budget - rows))
        candidates = self._completing(classes, failing, candidates)
        if not len(candidates):
            return Evaluation(levels, rows, math.inf, classes, failing, absorbed)
        added = []
        hidden = self.hidden_shares(levels, grain, classes, failing)
        for at, (ladder, level) in enumerate(zip(self.table.ladders, levels, strict=True)):
            share = self._shares[at][level][grain.leaves[at]]
            shown = np.bincount(classes.of, weights=share * grain.rows, minlength=len(classes.sizes))
            more = (classes.sizes[candidates] - shown[candidates]) / self.table.row_count
            mean = self._means[at][level] + hidden[at][level] + more
            added.append(self.loss.of_column(mean, len(ladder.leaves)))
        losses = self.loss.total(added)
        chosen = int(np.argmin(losses))
        suppressed = failing.copy()
        suppressed[candidates[chosen]] = True
        return Evaluation(levels, rows, float(losses[chosen]), classes, suppressed, absorbed)

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
        failing: Mask | None = None
        for check in checks:
            found = ~check.satisfied(classes)
            failing = found if failing is None else failing | found
        return np.zeros(len(classes.sizes), dtype=np.bool_) if failing is None else failing
