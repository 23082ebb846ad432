"""What one combination of levels does to a table: which rows must be suppressed and what that costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from anonymize.classes import Classes, Codes, Mask
from anonymize.coding import CodedTable, Recoding
from anonymize.counting import AnyLoss, CellCounting, Cut, counting
from anonymize.grain import Grain
from anonymize.loss import Floats, Loss
from anonymize.models import Check, Model, TableCheck, Union

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

    `budget` is the greatest number of rows that may be suppressed; `unsuppressed` has per column what every level
    costs when nothing is suppressed, and no node's loss is below `loss.total` of its figures. `monotone` says
    that nodes coarser than a usable one are usable, as far as failing rows go: all models absorb, or are closed
    and nothing may be suppressed.
    `condemning` says that, where it is not monotone, looking for coarse nodes that condemn pays all the same.
    The block of suppressed rows must satisfy the models that absorb, and the others too if `block` is
    "enforced".
    """

    condemning = False

    def __init__(
        self,
        table: CodedTable,
        models: Sequence[Model],
        *,
        budget: int,
        loss: AnyLoss,
        block: BlockRule = "checked",
    ) -> None:
        self.table = table
        self.models = tuple(models)
        self.checks = tuple(model.check(table) for model in models)
        self.budget = budget
        self.loss = counting(loss, table)
        self.unsuppressed = self.loss.unsuppressed
        self._whole = [check for check in self.checks if isinstance(check, TableCheck)]
        self.monotone = all(
            check.union is Union.ABSORBS or (check.union is Union.CLOSED and budget == 0)
            for check in self.checks
        ) and all(check.monotone(budget=budget) for check in self._whole)
        self.finest = Grain.finest(table)
        self._absorbing = [check for check in self.checks if check.union is Union.ABSORBS]
        self._others = [check for check in self.checks if check.union is not Union.ABSORBS]
        self._block_checks = self.checks if block == "enforced" else self._absorbing

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
        if self._others or self._whole:
            failing = self._completed(classes, absorbed | self._failing(classes, self._others))
            rows = int(classes.sizes[failing].sum())
        if rows > self.budget:
            return Evaluation(levels, rows, math.inf, classes, failing, absorbed, condemns=self.monotone)
        if rows and not self.block_passes(classes, failing):
            return self._with_one_more(levels, grain, classes, failing=failing, absorbed=absorbed)
        loss = self.loss.of_cut(Cut(levels, grain, classes, failing))
        return Evaluation(levels, rows, loss, classes, failing, absorbed)

    def bounds_below(self, node: Evaluation, grain: Grain) -> list[Floats]:
        """Per column figures whose total every node that is nowhere coarser than a usable one loses at least.

        Rows that fail a model that absorbs on the node do so on every finer one, and are suppressed there.
        """
        return self.loss.bounds_below(Cut(node.levels, grain, node.classes, node.absorbed))

    def block_verdicts(self, recoding: Recoding) -> list[bool]:
        """For each model, whether the suppressed rows satisfy it as a class of their own."""
        table = self.table
        classes = Classes(recoding.of, len(recoding.sizes), rows=table.rows, secrets=table.secrets)
        block = classes.block(recoding.suppressed)
        return [bool(check.satisfied(block)[0]) for check in self.checks]

    def column_losses(self, recoding: Recoding) -> dict[str, float]:
        """The loss of each column under a recoding; of the default loss when the one in use has no columns."""
        counted = self.loss if isinstance(self.loss, CellCounting) else CellCounting(Loss(), self.table)
        return counted.of_columns(recoding)

    def _with_one_more(
        self, levels: tuple[int, ...], grain: Grain, classes: Classes, *, failing: Mask, absorbed: Mask
    ) -> Evaluation:
        rows = int(classes.sizes[failing].sum())
        candidates = np.flatnonzero(~failing & (classes.sizes <= self.budget - rows))
        candidates = self.completing(classes, failing, candidates)
        if not len(candidates):
            return Evaluation(levels, rows, math.inf, classes, failing, absorbed)
        losses = self.loss.with_one_more(Cut(levels, grain, classes, failing), candidates)
        chosen = int(np.argmin(losses))
        suppressed = failing.copy()
        suppressed[candidates[chosen]] = True
        return Evaluation(levels, rows, float(losses[chosen]), classes, suppressed, absorbed)

    def failing(self, classes: Classes) -> Mask:
        """The classes that must be suppressed."""
        return self._completed(classes, self._failing(classes, self.checks))

    def failing_alone(self, check: Check, classes: Classes) -> Mask:
        """The classes that must be suppressed for one of the checks alone."""
        failing = ~check.satisfied(classes)
        return check.completed(classes, failing) if isinstance(check, TableCheck) else failing

    def _completed(self, classes: Classes, failing: Mask) -> Mask:
        for check in self._whole:
            failing = check.completed(classes, failing)
        return failing

    def block_passes(self, classes: Classes, suppressed: Mask) -> bool:
        """Whether the suppressed rows satisfy as a class of their own what they must."""
        return not self._failing(classes.block(suppressed), self._block_checks).any()

    def completing(self, classes: Classes, failing: Mask, candidates: Codes) -> Codes:
        """Those of the candidates, which pass, with which the block of what fails passes too."""
        # A class that passes makes the block pass every model that absorbs, so all candidates will do
        # unless others are enforced too.
        if all(check.union is Union.ABSORBS for check in self._block_checks):
            return candidates
        chosen = []
        for candidate in candidates.tolist():
            member = failing.copy()
            member[candidate] = True
            if self.block_passes(classes, member):
                chosen.append(candidate)
        return np.array(chosen, dtype=np.int64)

    def _failing(self, classes: Classes, checks: Sequence[Check]) -> Mask:
        failing: Mask | None = None
        for check in checks:
            found = ~check.satisfied(classes)
            failing = found if failing is None else failing | found
        return np.zeros(len(classes.sizes), dtype=np.bool_) if failing is None else failing
