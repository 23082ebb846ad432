"""Listed values as hierarchies: neighbours in an order, or the most important ones kept longest."""

from collections.abc import Sequence

from anonymize.errors import HierarchyError
from anonymize.ladder import TOP


def in_order(values: Sequence[str], sizes: Sequence[int]) -> list[list[str]]:
    """Return leaf and labels per value: runs of neighbours, on each level one size.

    Raises: HierarchyError when the sizes do not nest or two groups would have one label.
    """
    if not sizes or any(isinstance(size, bool) or not isinstance(size, int) for size in sizes):
        raise HierarchyError("order needs sizes, one whole number per level, for example sizes=[2, 4].")
    for before, size in zip([1, *sizes], sizes, strict=False):
        if size <= before or size % before:
            raise HierarchyError(f"Size {size} of order must be a larger multiple of {before}.")
    levels = [[_run(values, at - at % size, size) for at in range(len(values))] for size in sizes]
    for level, (labels, size) in enumerate(zip(levels, sizes, strict=True), start=1):
        runs = labels[::size]
        if twice := sorted({label for label in runs if runs.count(label) > 1}):
            raise HierarchyError(f"Two groups of level {level} would both be {twice[0]!r}; rename a value.")
    return [[*row, TOP] for row in zip(values, *levels, strict=True)]


def _run(values: Sequence[str], first: int, size: int) -> str:
    run = values[first : first + size]
    return f"[{run[0]}]" if len(run) == 1 else f"[{run[0]}, {run[-1]}]"


def by_priority(values: Sequence[str], keep: Sequence[int]) -> list[list[str]]:
    """Return leaf and labels per value: itself while it is among the first `keep` of the level, else '*'.

    Raises: HierarchyError when `keep` does not fall from below the number of values to at least 1.
    """
    if TOP in values:
        raise HierarchyError(f"{TOP!r} stands for what is not shown and cannot be a value; rename it.")
    bounds = [len(values), *keep]
    for more, fewer in zip(bounds, keep, strict=False):
        if not 1 <= fewer < more:
            raise HierarchyError(
                f"keep of priority must fall, from less than {len(values)} values to at least 1: {fewer}"
                f" does not come after {more}."
            )
    return [[value, *(value if at < kept else TOP for kept in keep), TOP] for at, value in enumerate(values)]
