"""What is open of a lattice that is too large for an array: a queue of nodes by their bounds."""

import heapq
import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anonymize.evaluation import Evaluator
from anonymize.lattice import Axes, Node
from anonymize.loss import Floats

LARGEST_QUEUE: Final = 1_000_000
_AT_ONCE: Final = 25


class Frontier:
    """The lattice from its finest node upwards, as far as it was looked at.

    Every node is reached in one way only: by steps on axes in ascending order. A node that is settled or
    condemned makes room for those above it, so the least bound in the queue bounds all that is open.
    """

    def __init__(self, evaluator: Evaluator, axes: Axes) -> None:
        self._loss = evaluator.loss
        self._axes = axes
        self._costs = [evaluator.unsuppressed[at][levels] for at, levels in enumerate(axes.allowed)]
        self._settled: set[Node] = set()
        self._condemned: NDArray[np.int16] = np.empty((0, len(axes.shape)), dtype=np.int16)
        bottom = (0,) * len(axes.shape)
        self._queue: list[tuple[float, Node, int]] = [(float(self._bounds([bottom])[0]), bottom, 0)]

    def cheapest(self) -> tuple[Node, float]:
        """The node with the least bound of those that are open or have not made room; infinite when none is left.

        Making room for what lies above closed nodes can take long: it is done a part at a time, so a closed
        node may be returned; paths from there lead to open ones.
        """
        for _ in range(_AT_ONCE):
            if not self._queue:
                break
            bound, node, first = self._queue[0]
            if node not in self._settled and not self._is_condemned(node):
                return node, bound
            if self.exhausted:
                return node, bound
            heapq.heappop(self._queue)
            steps = [
                (axis, (*node[:axis], node[axis] + 1, *node[axis + 1 :]))
                for axis in range(first, len(node))
                if node[axis] + 1 < self._axes.shape[axis]
            ]
            if not steps:
                continue
            bounds = self._bounds([step for _, step in steps]).tolist()
            for (axis, step), value in zip(steps, bounds, strict=True):
                heapq.heappush(self._queue, (value, step, axis))
        if self._queue:
            return self._queue[0][1], self._queue[0][0]
        return (0,) * len(self._axes.shape), math.inf

    @property
    def exhausted(self) -> bool:
        """Whether the queue has reached its greatest length: what is known then stays as it is."""
        return len(self._queue) > LARGEST_QUEUE

    def useful(self, path: Sequence[Node], best: float) -> list[Node]:
        """The nodes of a path that are open and could be better than the best."""
        bounds = self._bounds(path).tolist()
        return [
            node
            for node, bound in zip(path, bounds, strict=True)
            if bound < best and node not in self._settled and not self._is_condemned(node)
        ]

    def settle(self, node: Node) -> None:
        """Nothing more is to be learned about the node."""
        self._settled.add(node)

    def condemn(self, node: Node) -> None:
        """Settle the node and all finer ones."""
        kept = self._condemned[(self._condemned > np.array(node)).any(axis=1)]
        self._condemned = np.concatenate([kept, np.array([node], dtype=np.int16)])

    def raise_below(self, node: Node, columns: Sequence[Floats]) -> None:
        """Bounds of single nodes are not kept."""

    def _is_condemned(self, node: Node) -> bool:
        return bool((self._condemned >= np.array(node)).all(axis=1).any())

    def _bounds(self, nodes: Sequence[Node]) -> Floats:
        places = np.array(nodes).reshape(len(nodes), -1)
        columns = [np.broadcast_to(costs[0], len(nodes)) for costs in self._costs]
        for axis, at in enumerate(self._axes.free):
            columns[at] = self._costs[at][places[:, axis]]
        return np.atleast_1d(self._loss.total(columns))
