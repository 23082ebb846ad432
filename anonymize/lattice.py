"""All allowed combinations of levels as one array of lower bounds; what is settled has an infinite one."""

import math
from collections.abc import Sequence
from types import EllipsisType

import numpy as np
from numpy.typing import NDArray

from anonymize.evaluation import Evaluator
from anonymize.loss import Floats

Node = tuple[int, ...]


class Axes:
    """The columns with more than one allowed level, and how nodes, which have one position per axis, map to levels.

    Position p on an axis stands for the p-th allowed level, finest first.
    """

    def __init__(self, evaluator: Evaluator, allowed: Sequence[Sequence[int]]) -> None:
        self.allowed = [sorted(set(levels)) for levels in allowed]
        self.free = [at for at, levels in enumerate(self.allowed) if len(levels) > 1]
        self.shape = tuple(len(self.allowed[at]) for at in self.free)
        self.size = math.prod(self.shape)
        # What a step up adds to the default loss, all else equal; an order for other losses too.
        self._steps: list[list[float]] = []
        for at in self.free:
            costs = np.log1p(evaluator.unsuppressed[at][self.allowed[at]])
            self._steps.append([*np.diff(costs).tolist(), math.inf])

    def levels(self, node: Sequence[int]) -> Node:
        """The level of every column at a node."""
        chosen = [levels[0] for levels in self.allowed]
        for axis, at in enumerate(self.free):
            chosen[at] = self.allowed[at][node[axis]]
        return tuple(chosen)

    def climb(self, node: Sequence[int]) -> list[Node]:
        """A chain from the node to the coarsest one, each step adding the least to the loss."""
        place = list(node)
        path = [tuple(place)]
        steps = [costs[at] for costs, at in zip(self._steps, place, strict=True)]
        while steps and (least := min(steps)) < math.inf:
            axis = steps.index(least)
            place[axis] += 1
            steps[axis] = self._steps[axis][place[axis]]
            path.append(tuple(place))
        return path


class Lattice:
    """Lower bounds of the loss of every node, raised as the search learns.

    Shape: `bounds` has one axis per column with more than one allowed level.
    """

    def __init__(self, evaluator: Evaluator, axes: Axes) -> None:
        self._loss = evaluator.loss
        self._axes = axes
        self.bounds = np.empty(axes.shape, dtype=np.float64)
        self.bounds[...] = self._total(
            [evaluator.unsuppressed[at][axes.allowed[at]] for at in range(len(axes.allowed))]
        )
        self._flat = self.bounds.reshape(-1)

    def cheapest(self) -> tuple[Node, float]:
        """The open node with the least bound, which is infinite when none is open."""
        at = int(self._flat.argmin())
        return tuple(int(part) for part in np.unravel_index(at, self.bounds.shape)), float(self._flat[at])

    @property
    def exhausted(self) -> bool:
        """Whether nothing more can be kept: never."""
        return False

    def useful(self, path: Sequence[Node], best: float) -> list[Node]:
        """The nodes of a path that are open and could be better than the best."""
        if not self.bounds.shape:
            return list(path)
        bounds = self._flat[np.ravel_multi_index(tuple(np.array(path).T), self.bounds.shape)]
        return [node for node, bound in zip(path, bounds.tolist(), strict=True) if bound < best]

    def settle(self, node: Node) -> None:
        """Nothing more is to be learned about the node."""
        self.bounds[node] = math.inf

    def condemn(self, node: Node) -> None:
        """Settle the node and all finer ones."""
        self.bounds[self._below(node)] = math.inf

    def raise_below(self, node: Node, columns: Sequence[Floats]) -> None:
        """Raise the bounds of the node and all finer ones to what each column loses at least on each level."""
        allowed = self._axes.allowed
        place = dict(zip(self._axes.free, node, strict=True))
        found = self._total(
            [columns[at][levels[: place.get(at, 0) + 1]] for at, levels in enumerate(allowed)]
        )
        box = self.bounds[self._below(node)]
        np.maximum(box, found, out=box)

    def _below(self, node: Node) -> tuple[slice | EllipsisType, ...]:
        return (*(slice(0, position + 1) for position in node), ...)

    def _total(self, columns: Sequence[Floats]) -> Floats:
        axes: list[NDArray[np.float64]] = []
        for at, losses in enumerate(columns):
            shape = [1] * len(self._axes.shape)
            if at in self._axes.free:
                shape[self._axes.free.index(at)] = len(losses)
            axes.append(losses.reshape(shape))
        return self._loss.total(axes)
