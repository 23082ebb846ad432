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
from typing import Final, Protocol

from anonymize.errors import NoSolutionError, SearchStoppedError
from anonymize.evaluation import Evaluation, Evaluator
from anonymize.frontier import Frontier
from anonymize.grain import Grains
from anonymize.lattice import Axes, Lattice, Node
from anonymize.loss import Floats

LARGEST_ARRAY: Final = 2_000_000
ROUNDING: Final = 1e-12
"""Losses closer than this are the same: they are sums of rounded floats."""


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
        """Whether it is proven that no other node is better."""
        return self.bound >= self.best.loss

    def describe(self) -> dict[str, object]:
        """What is known, as JSON-able values; the gap is how much better a table could be at most."""
        return {
            "lattice": self.lattice,
            "checked": self.checked,
            "optimal": self.optimal,
            "bound": self.bound,
            "gap": max(self.best.loss - self.bound, 0.0),
        }


class Open(Protocol):
    """The nodes that are neither evaluated nor condemned; `Lattice` and `Frontier` say what the methods do."""

    @property
    def exhausted(self) -> bool: ...
    def cheapest(self) -> tuple[Node, float]: ...
    def useful(self, path: Sequence[Node], best: float) -> list[Node]: ...
    def settle(self, node: Node) -> None: ...
    def condemn(self, node: Node) -> None: ...
    def raise_below(self, node: Node, columns: Sequence[Floats]) -> None: ...


def search(
    evaluator: Evaluator,
    allowed: Sequence[Sequence[int]],
    *,
    watch: Watch = go_on,
    largest_array: int = LARGEST_ARRAY,
) -> Optimum:
    """Find the allowed node with the least loss, exactly unless stopped by `watch`.

    Nodes are taken in the order of their bounds. From each a path climbs to the coarsest node that could
    still be the best. When that is infeasible, it condemns everything finer at once; else a binary search
    along the path finds where it becomes feasible. Where usable nodes need not have usable nodes above them,
    each open node is evaluated by itself. Of lattices with more than `largest_array` nodes only those that
    were looked at are kept, and every better node is improved step by step before the search goes on.
    Raises: NoSolutionError when no allowed node satisfies the models; SearchStoppedError when stopped before
    the first usable node was found.
    """
    found = _run(evaluator, allowed, below=math.inf, watch=watch, largest_array=largest_array)
    if found.best is None:
        if found.stopped:
            raise SearchStoppedError("The search was stopped before it found a table; give it more time.")
        raise NoSolutionError(why_none(evaluator, [max(levels) for levels in allowed]))
    return _optimum(found, found.best)


def search_below(
    evaluator: Evaluator, allowed: Sequence[Sequence[int]], *, loss: float, watch: Watch = go_on
) -> Optimum | None:
    """Find the allowed node with the least loss if that is below the given one; as `search` else."""
    found = _run(evaluator, allowed, below=loss, watch=watch, largest_array=LARGEST_ARRAY)
    return None if found.best is None else _optimum(found, found.best)


def _run(
    evaluator: Evaluator,
    allowed: Sequence[Sequence[int]],
    *,
    below: float,
    watch: Watch,
    largest_array: int,
) -> "_Search":
    axes = Axes(evaluator, allowed)
    found: _Search
    if axes.size <= largest_array:
        found = _Search(evaluator, axes, Lattice(evaluator, axes), below=below, watch=watch)
    else:
        found = _WideSearch(evaluator, axes, Frontier(evaluator, axes), below=below, watch=watch)
    found.run()
    return found


def _optimum(found: "_Search", node: Evaluation) -> Optimum:
    # Once more, on the table's own records: the same but for rounding.
    best = found.evaluator.evaluate(node.levels)
    bound = best.loss if found.bound >= found.least else min(found.bound, best.loss)
    return Optimum(best, found.axes.size, found.checked, bound)


class _Search:
    def __init__(self, evaluator: Evaluator, axes: Axes, nodes: Open, *, below: float, watch: Watch) -> None:
        self.evaluator = evaluator
        self.axes = axes
        self.nodes = nodes
        self.grains = Grains(evaluator.finest)
        self.best: Evaluation | None = None
        self.node: Node = ()
        self.checked = 0
        self.condemned = False
        self.bound = -math.inf
        self.stopped = False
        self._below = below
        self._watch = watch

    @property
    def least(self) -> float:
        """What a node's bound must be below for the node to be better than the best."""
        return (self._below if self.best is None else self.best.loss) - ROUNDING

    def run(self) -> None:
        while not self.stopped:
            start, self.bound = self.nodes.cheapest()
            self._report()
            if self.bound >= self.least or self.nodes.exhausted or self.stopped:
                return
            if self.evaluator.monotone:
                self._bisect(self.nodes.useful(self.axes.climb(start), self.least))
            elif self.evaluator.condemning:
                self._condemn_along(self.nodes.useful(self.axes.climb(start), self.least))
            else:
                self._settle(start)

    def _condemn_along(self, path: Sequence[Node]) -> None:
        """Look for the coarsest node of a path that condemns; the path's start is settled in any case."""
        low, high = 0, len(path) - 1
        while low <= high and not self.stopped:
            middle = (low + high) // 2
            self._settle(path[middle])
            if self.condemned:
                low = middle + 1
            else:
                high = middle - 1

    def _bisect(self, path: Sequence[Node]) -> None:
        low, high = 0, len(path) - 1
        middle = high if self.best is not None else high // 2
        while low <= high and not self.stopped:
            if self._settle(path[middle]):
                high = middle - 1
            else:
                low = middle + 1
            middle = (low + high) // 2

    def _settle(self, node: Node) -> bool:
        evaluator = self.evaluator
        levels = self.axes.levels(node)
        grain = self.grains.under(levels)
        found = evaluator.evaluate(levels, grain)
        self.checked += 1
        self.condemned = found.condemns
        if found.condemns:
            self.nodes.condemn(node)
        else:
            if found.absorbed.any():
                self.nodes.raise_below(node, evaluator.bounds_below(found, grain))
            self.nodes.settle(node)
        if found.loss < self.least:
            self.best, self.node = found, node
        self._report()
        return found.failing_rows <= evaluator.budget

    def _report(self) -> None:
        best = math.inf if self.best is None else self.best.loss
        self.stopped = not self._watch(Progress(self.checked, best, self.bound))


class _WideSearch(_Search):
    """Improves every better node by finer levels of one column at a time, made up for by others."""

    def run(self) -> None:
        if not self.evaluator.monotone:
            # Usable nodes are rare below: begin where they are likeliest.
            for node in reversed(self.axes.climb((0,) * len(self.axes.shape))):
                if self.stopped or not self._settle(node):
                    break
        super().run()

    def _bisect(self, path: Sequence[Node]) -> None:
        before = self.least
        super()._bisect(path)
        while self.least < before and not self.stopped:
            before, centre = self.least, self.node
            for axis, position in enumerate(centre):
                if position and not self.stopped:
                    finer = (*centre[:axis], position - 1, *centre[axis + 1 :])
                    super()._bisect(self.nodes.useful(self.axes.climb(finer), self.least))


def why_none(evaluator: Evaluator, coarsest: Sequence[int]) -> str:
    """Say which model fails first on the coarsest levels, and what can be done."""
    table = evaluator.table
    classes = evaluator.classes(coarsest)
    levels = ", ".join(f"{column}={level}" for column, level in zip(table.columns, coarsest, strict=True))
    allowed = f"the suppression limit allows {evaluator.budget} of {table.row_count}"
    for model, check in zip(evaluator.models, evaluator.checks, strict=True):
        rows = int(classes.sizes[evaluator.failing_alone(check, classes)].sum())
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
