"""Local recoding: every class of rows is written on levels of its own."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import Classes, Codes, Mask
from anonymize.coding import CodedTable, Recoding
from anonymize.counting import CellCounting
from anonymize.errors import ModelError
from anonymize.evaluation import Evaluator
from anonymize.ladder import TOP
from anonymize.lattice import Axes
from anonymize.local_labels import Allowed, written
from anonymize.local_mend import Mending
from anonymize.local_peel import Peeling
from anonymize.loss import Cells, Loss
from anonymize.models import TableCheck, Union
from anonymize.models.beside import OfLevels
from anonymize.search import Progress, Watch, search, search_below

LARGEST: Final = 300_000
"""How many combinations of levels are listed; of more, as many are drawn."""
WORK: Final = 150_000_000
"""How many records are looked at altogether, before combinations are skipped."""


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """A recoding of the evaluator's table, and how it was found as JSON-able values."""

    evaluator: Evaluator
    recoding: Recoding
    story: dict[str, object]


class _Watched:
    """A watch that was told to stop stays so, and says it."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self.stopped = False

    def __call__(self, progress: Progress) -> bool:
        self.stopped = self.stopped or not self._watch(progress)
        return not self.stopped


def localised(
    bind: Callable[[CodedTable], Evaluator], evaluator: Evaluator, allowed: Allowed, *, watch: Watch
) -> Located:
    """A local recoding, or the best global one where that loses less.

    `bind` makes an evaluator of the same request for another coding of the table.
    Raises: NoSolutionError, SearchStoppedError when there is neither.
    """
    for model, check in zip(evaluator.models, evaluator.checks, strict=True):
        if isinstance(check, OfLevels):
            raise ModelError(
                f"{model.describe()['model']} compares with a population on common levels; use recoding='global'."
            )
    bound = evaluator
    if any(check.union is not Union.ABSORBS for check in evaluator.checks):
        # Rows that are alike may end up in different classes: these are built row by row.
        bound = bind(evaluator.table.by_row())
    watched = _Watched(watch)
    found, checked = recode_locally(bound, allowed, watch=watched)
    story: dict[str, object] = {"recoding": "local", "checked": checked, "stopped": watched.stopped}
    if found is None:
        optimum = search(evaluator, allowed, watch=watch)
    else:
        loss = bound.loss.of_recoding(found)
        better = search_below(evaluator, allowed, loss=loss, watch=watch)
        if better is None:
            return Located(bound, found, story)
        optimum = better
    return Located(evaluator, optimum.best.recoding, story | {"instead": optimum.describe()})


def recode_locally(
    evaluator: Evaluator, allowed: Sequence[Sequence[int]], *, watch: Watch
) -> tuple[Recoding | None, int]:
    """Find classes on levels of their own that lose little, if any, and count the combinations of levels tried.

    From the cheapest combination of levels to the coarsest, groups of rows that pass are made classes; what is
    left joins the classes that it costs least, or is suppressed. Each class is then written on the finest
    levels on which its rows agree. When `watch` says stop, a single chain of levels
    up to the coarsest is left.
    Guarantees: every class as it can be read in the table satisfies every model; the suppressed rows are no
    more than the budget, and their block passes as in global recoding. It is a heuristic: nothing is known
    of how much better another table could be.
    """
    table = evaluator.table
    levels = [sorted(set(chosen)) for chosen in allowed]
    cells = _weighted(evaluator)
    checks = [*evaluator.checks]
    checks += [check.each() for check in evaluator.checks if isinstance(check, TableCheck)]
    peeling = Peeling(table, checks)
    checked = 0

    def go_on() -> bool:
        return watch(Progress(checked, math.inf, 0.0))

    for combination in _combinations(evaluator, levels, cells, peeling):
        peeling.take(combination)
        checked += 1
        if not go_on():
            break
    for last in _chain(Axes(evaluator, levels)):
        peeling.take(last)
    mending = Mending(table, checks, of=peeling.of, kinds=peeling.kinds.of, allowed=levels, cells=cells)
    mending.absorb(go_on, dearest=1.0)
    found = [suppressing(evaluator, mending.of, levels)]
    if len(mending.left):
        mending.absorb(go_on, dearest=math.inf)
        mending.unite()
        found.append(suppressing(evaluator, mending.of, levels))
    passed = [each for each in found if each is not None]
    return min(passed, key=evaluator.loss.of_recoding, default=None), checked


def _combinations(
    evaluator: Evaluator, allowed: Allowed, cells: Sequence[Cells], peeling: Peeling
) -> Iterator[list[int]]:
    """Levels in the order of what they cost, leaving some out where all would take too long."""
    table = evaluator.table
    listed = _listed(evaluator, allowed)
    costs = np.zeros(len(listed))
    for at, (each, leaves) in enumerate(zip(cells, table.leaves, strict=True)):
        occurring = np.bincount(leaves, weights=table.rows, minlength=len(each.hidden))
        costs += (each.shown @ occurring)[listed[:, at]]
    listed = listed[np.argsort(costs, kind="stable")]
    work, at = WORK, 0
    while at < len(listed) and len(peeling.left):
        work -= len(peeling.left)
        yield listed[at].tolist()
        ahead = len(peeling.left) * (len(listed) - at)
        at += max(1, math.ceil(ahead / max(work, 1)))


def _listed(evaluator: Evaluator, allowed: Allowed) -> NDArray[np.int64]:
    """Shape: combinations × columns."""
    axes = Axes(evaluator, allowed)
    if axes.size <= LARGEST:
        return np.array(list(itertools.product(*allowed)), dtype=np.int64)
    # Drawn evenly between finest and coarsest; always the same ones, as nothing secret hangs on them.
    drawn = np.random.default_rng(0)
    coarse = drawn.random((LARGEST, 1)) + drawn.normal(scale=0.3, size=(LARGEST, len(allowed)))
    places = [
        np.clip((coarse[:, at] * len(chosen)).astype(np.int64), 0, len(chosen) - 1)
        for at, chosen in enumerate(allowed)
    ]
    levels = np.stack(
        [np.array(chosen)[place] for chosen, place in zip(allowed, places, strict=True)], axis=1
    )
    return np.unique(np.concatenate([levels, np.array(_chain(axes), dtype=np.int64)]), axis=0)


def _chain(axes: Axes) -> list[tuple[int, ...]]:
    """Levels from the finest to the coarsest, each step costing least."""
    return [axes.levels(node) for node in axes.climb((0,) * len(axes.shape))]


def _weighted(evaluator: Evaluator) -> list[Cells]:
    """What cells cost, columns weighed against each other; of the default loss where the one in use has none."""
    loss = evaluator.loss
    counted = loss if isinstance(loss, CellCounting) else CellCounting(Loss(), evaluator.table)
    return counted.weighted_cells()


def suppressing(evaluator: Evaluator, of: Codes, allowed: Allowed) -> Recoding | None:
    """The recoding in which the records without a class, and what fails as read, are suppressed."""
    table = evaluator.table
    taken = np.flatnonzero(of >= 0)
    if not len(taken):
        return None
    found = written(table.part(taken), of[taken], allowed)
    count = len(found.levels)
    whole = np.full(len(of), count, dtype=np.int64)
    whole[taken] = found.of
    # One class more for the records without one; it may be empty.
    levels = np.concatenate([found.levels, [[chosen[-1] for chosen in allowed]]])
    sizes = np.bincount(whole, weights=table.rows, minlength=count + 1).astype(np.int64)
    if not sizes[count]:
        levels, sizes = levels[:count], sizes[:count]
    classes = Classes(whole, len(sizes), rows=table.rows, secrets=table.secrets)
    failing = evaluator.failing(classes)
    failing[count:] = True
    if failing.any():
        # What is written like suppressed rows is one class with them to whoever reads the table.
        failing |= _starred(table, whole, levels)
    suppressed = _within_budget(evaluator, classes, failing)
    return None if suppressed is None else Recoding(whole, sizes, levels, suppressed)


def _starred(table: CodedTable, of: Codes, levels: Codes) -> Mask:
    """The classes that are written '*' in every column."""
    example = np.empty(len(levels), dtype=np.int64)
    example[of] = np.arange(len(of))
    found = np.ones(len(levels), dtype=np.bool_)
    for at, (ladder, leaves) in enumerate(zip(table.ladders, table.leaves, strict=True)):
        starred = np.array(
            [
                np.array([label == TOP for label in labels])[groups]
                for labels, groups in zip(ladder.labels, ladder.groups, strict=True)
            ]
        )
        found &= starred[levels[:, at], leaves[example]]
    return found


def _within_budget(evaluator: Evaluator, classes: Classes, failing: Mask) -> Mask | None:
    rows = int(classes.sizes[failing].sum())
    if rows > evaluator.budget:
        return None
    if not rows or evaluator.block_passes(classes, failing):
        return failing
    room = evaluator.budget - rows
    candidates = evaluator.completing(classes, failing, np.flatnonzero(~failing & (classes.sizes <= room)))
    if not len(candidates):
        return None
    found = failing.copy()
    found[candidates[np.argmin(classes.sizes[candidates])]] = True
    return found
