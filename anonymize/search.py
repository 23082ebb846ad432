"""Optimal global recoding: the node of the generalisation lattice with the least loss.

What the pruning relies on:
 1. Rows that fail an absorbing model (see `models.Union`) can only become fewer on a coarser node: when they
    exceed the budget somewhere, they do on every finer node. With a budget of 0 closed models do the same.
 2. Suppression only adds loss, so a node's loss without suppression bounds it from below.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import Mask
from anonymize.coding import CodedTable
from anonymize.errors import LatticeTooLargeError, NoSolutionError
from anonymize.evaluation import Evaluation, Evaluator
from anonymize.loss import Floats

LARGEST_LATTICE: Final = 5_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """The best node, and how much work it took to know that it is the best."""

    best: Evaluation
    lattice: int
    checked: int


class Lattice:
    """The allowed combinations of levels, and what is known about each.

    Shape: the arrays have one axis per column with more than one allowed level.
    """

    def __init__(self, evaluator: Evaluator, allowed: Sequence[Sequence[int]]) -> None:
        self._allowed = [sorted(set(levels)) for levels in allowed]
        self._free = [at for at, levels in enumerate(self._allowed) if len(levels) > 1]
        self.shape = tuple(len(self._allowed[at]) for at in self._free)
        self.size = math.prod(self.shape)
        if self.size > LARGEST_LATTICE:
            raise LatticeTooLargeError(
                f"There are {self.size} combinations of levels, the exact search takes {LARGEST_LATTICE};"
                " allow fewer levels per column with levels=."
            )
        self.bound = self._bounds(evaluator)
        self.settled: Mask = np.zeros(self.shape, dtype=np.bool_)

    def levels(self, node: tuple[int, ...]) -> tuple[int, ...]:
        """The level of every column at a node."""
        chosen = [levels[0] for levels in self._allowed]
        for axis, at in enumerate(self._free):
            chosen[at] = self._allowed[at][node[axis]]
        return tuple(chosen)

    def path_to_top(self, node: tuple[int, ...]) -> list[tuple[int, ...]]:
        """A chain from the node to the coarsest one, each step adding the least to the bound."""
        path = [node]
        while steps := [
            (*node[:axis], node[axis] + 1, *node[axis + 1 :])
            for axis, length in enumerate(self.shape)
            if node[axis] + 1 < length
        ]:
            node = min(steps, key=lambda step: (self.bound[step], step))
            path.append(node)
        return path

    def condemn(self, node: tuple[int, ...]) -> None:
        """Settle the node and all finer ones (1.)."""
        self.settled[tuple(slice(0, position + 1) for position in node)] = True

    def _bounds(self, evaluator: Evaluator) -> Floats:
        axes: list[NDArray[np.float64]] = []
        for at, levels in enumerate(self._allowed):
            losses = evaluator.unsuppressed[at][levels]
            shape = [1] * len(self.shape)
            if at in self._free:
                shape[self._free.index(at)] = len(levels)
            axes.append(losses.reshape(shape))
        return np.broadcast_to(evaluator.loss.total(axes), self.shape)


def search(evaluator: Evaluator, allowed: Sequence[Sequence[int]]) -> Optimum:
    """Find the allowed node with the least loss, exactly.

    Nodes are taken in the order of their bounds. Where usable nodes have usable nodes above them, a binary
    search from an open node along a path to the top finds where it becomes feasible; what is infeasible
    condemns everything finer. Otherwise each open node is evaluated by itself.
    Raises: NoSolutionError when no allowed node satisfies the models; LatticeTooLargeError.
    """
    lattice = Lattice(evaluator, allowed)
    best: Evaluation | None = None
    checked = 0
    for flat in np.argsort(lattice.bound, axis=None, kind="stable"):
        start = tuple(int(part) for part in np.unravel_index(flat, lattice.shape))
        if best is not None and lattice.bound[start] >= best.loss:
            break
        if lattice.settled[start]:
            continue
        climb = lattice.path_to_top(start) if evaluator.monotone else [start]
        path = [node for node in climb if not lattice.settled[node]]
        low, high = 0, len(path) - 1
        while low <= high:
            middle = (low + high) // 2
            found = evaluator.evaluate(lattice.levels(path[middle]))
            checked += 1
            lattice.settled[path[middle]] = True
            if found.failing_rows > evaluator.budget:
                if found.condemns:
                    lattice.condemn(path[middle])
                low = middle + 1
                continue
            high = middle - 1
            if found.loss < (math.inf if best is None else best.loss):
                best = found
    if best is None:
        raise NoSolutionError(why_none(evaluator, [max(levels) for levels in allowed]))
    return Optimum(best, lattice.size, checked)


def why_none(evaluator: Evaluator, coarsest: Sequence[int]) -> str:
    """Say which model fails first on the coarsest levels, and what can be done."""
    table: CodedTable = evaluator.table
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
