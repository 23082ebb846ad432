"""Optimal global recoding: the node of the generalisation lattice with the least loss.

What the pruning relies on:
 1. Rows that fail an absorbing model (see `models.Union`) can only become fewer on a coarser node: when they
    exceed the budget somewhere, they do on every finer node. With a budget of 0 closed models do the same.
 2. Such rows are suppressed on every finer node, and a suppressed row costs more the finer the node is: what
    they cost at least on each level bounds the loss of all finer nodes from below (`Evaluator.bounds_below`).
 3. Records that are equal on the finest levels of all open nodes are equal on each of them: they are joined.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from anonymize.errors import LatticeTooLargeError, NoSolutionError
from anonymize.evaluation import Evaluation, Evaluator
from anonymize.grain import Grains
from anonymize.lattice import Axes, Lattice, Node

LARGEST_LATTICE: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is: nodes evaluated, the best loss so far (infinite before the first), a proven bound."""

    checked: int
    best: float
    bound: float


Watch = Callable[[Progress], bool]
"""Told of the progress; answers whether to go on."""


def go_on(_: Progress) -> bool:
    """Watch nothing."""
    return True


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The best node, how much work it took to know, and below what no node's loss can be."""

    best: Evaluation
    lattice: int
    checked: int
    bound: float

    @property
    def optimal(self) -> bool:
        """Whether no other node is better, as far as floats can tell."""
        return self.bound >= self.best.loss


def search(evaluator: Evaluator, allowed: Sequence[Sequence[int]], *, watch: Watch = go_on) -> Optimum:
    """Find the allowed node with the least loss, exactly unless stopped by `watch`.

    Nodes are taken in the order of their bounds. From each a path climbs to the coarsest node that could
    still be the best. When that is infeasible, it condemns everything finer at once; else a binary search
    along the path finds where it becomes feasible. Where usable nodes need not have usable nodes above them,
    each open node is evaluated by itself.
    Raises: NoSolutionError when no allowed node satisfies the models; LatticeTooLargeError.
    """
    axes = Axes(evaluator, allowed)
    if axes.size > LARGEST_LATTICE:
        raise LatticeTooLargeError(
            f"There are {axes.size} combinations of levels, the exact search takes {LARGEST_LATTICE};"
            " allow fewer levels per column with levels=."
        )
    found = _Search(evaluator, axes)
    found.run(watch)
    if found.best is None:
        raise NoSolutionError(why_none(evaluator, [max(levels) for levels in allowed]))
    # Once more, on the table's own records.
    best = evaluator.evaluate(found.best.levels)
    return Optimum(best, axes.size, found.checked, min(found.bound, best.loss))


class _Search:
    def __init__(self, evaluator: Evaluator, axes: Axes) -> None:
        self.evaluator = evaluator
        self.axes = axes
        self.lattice = Lattice(evaluator, axes)
        self.grains = Grains(evaluator.finest)
        self.best: Evaluation | None = None
        self.checked = 0
        self.bound = -math.inf

    @property
    def least(self) -> float:
        return math.inf if self.best is None else self.best.loss

    def run(self, watch: Watch) -> None:
        while True:
            start, self.bound = self.lattice.cheapest()
            if self.bound >= self.least or not watch(Progress(self.checked, self.least, self.bound)):
                return
            if self.evaluator.monotone:
                self._bisect(self.lattice.useful(self.axes.climb(start), self.least))
            else:
                self._settle(start)

    def _bisect(self, path: Sequence[Node]) -> None:
        low, high = 0, len(path) - 1
        middle = high if self.best is not None else high // 2
        while low <= high:
            if self._settle(path[middle]):
                high = middle - 1
            else:
                low = middle + 1
            middle = (low + high) // 2

    def _settle(self, node: Node) -> bool:
        evaluator, lattice = self.evaluator, self.lattice
        levels = self.axes.levels(node)
        grain = self.grains.under(levels)
        found = evaluator.evaluate(levels, grain)
        self.checked += 1
        if found.condemns:
            lattice.condemn(node)
            return False
        if found.absorbed.any():
            lattice.raise_below(node, evaluator.bounds_below(found, grain))
        lattice.settle(node)
        if found.loss < self.least:
            self.best = found
        return found.failing_rows <= evaluator.budget


def why_none(evaluator: Evaluator, coarsest: Sequence[int]) -> str:
    """Say which model fails first on the coarsest levels, and what can be done."""
    table = evaluator.table
    classes = evaluator.classes(coarsest)
    levels = ", ".join(f"{column}={level}" for column, level in zip(table.columns, coarsest, strict=True))
    allowed = f"the suppression limit allows {evaluator.budget} of {table.row_count}"
    for model, check in zip(evaluator.models, evaluator.checks, strict=True):
        rows = int(classes.sizes[~check.satisfied(classes)].sum())
        if rows > evaluator.budget:
            name = ", ".join(f"{key} {value}" for key, value in model.describe().items())
            return (
                f"No allowed transformation satisfies the models. Even on {levels} {rows} rows are in classes"
                f" that fail ({name}); {allowed}."
                " Allow coarser levels, raise the limit, weaken the model, or add rows."
            )
    return (
        f"No allowed transformation satisfies the models. Even on {levels} the rows that fail, and the block"
        f" of suppressed rows by itself, need more suppression than possible; {allowed}."
        " Allow coarser levels, raise the limit, weaken a model, or add rows."
    )
