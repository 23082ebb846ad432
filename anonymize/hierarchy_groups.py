"""Listed values as hierarchies: given with their labels, neighbours in an order, or by importance."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from anonymize.errors import HierarchyError
from anonymize.hierarchy_kinds import Kind
from anonymize.ladder import TOP, Label, LabelRow, Ladder, Occurrences, leaf_text


@dataclass(frozen=True, slots=True)
class Order:
    """Ordered categories and how many neighbours each level joins."""

    values: tuple[str, ...]
    sizes: tuple[int, ...]

    def table(self) -> list[list[str]]:
        """Raises: HierarchyError when the sizes do not nest or two groups would have one label."""
        return in_order(self.values, self.sizes)


@dataclass(frozen=True, slots=True)
class Priority:
    """Categories, the most important first, and how many each level shows."""

    values: tuple[str, ...]
    keep: tuple[int, ...]

    def table(self) -> list[list[str]]:
        """Raises: HierarchyError when `keep` does not fall."""
        return by_priority(self.values, self.keep)


@dataclass(frozen=True, slots=True)
class Tabulated:
    """A closed domain: every leaf is listed. `recipe` is the short form of the table, if it has one."""

    table: tuple[LabelRow, ...]
    ladder: Ladder = field(repr=False, compare=False)
    recipe: Order | Priority | None = None

    @classmethod
    def of(cls, rows: Iterable[Sequence[object]], recipe: Order | Priority | None = None) -> "Tabulated":
        """Raises: HierarchyError unless the rows form a hierarchy."""
        if isinstance(rows, str) or not isinstance(rows, Iterable):
            raise HierarchyError(
                "Levels are given as rows of leaf and labels; write [('39', '30-39', '*'), ...]."
            )
        table = tuple(tuple(_label(cell) for cell in _row(row)) for row in rows)
        return cls(table, Ladder.of(table), recipe)

    def rows(self, occurrences: Occurrences) -> tuple[LabelRow, ...]:
        known = {row[0] for row in self.table}
        lacking = [position for position, text in enumerate(occurrences.texts) if text not in known]
        if lacking:
            others = f" (nor are {len(lacking) - 1} other values)" if lacking[1:] else ""
            raise occurrences.error(
                lacking[0], f"is not in the hierarchy{others}; add a row for it or correct it"
            )
        if not occurrences.missing or None in known:
            return self.table
        return (*self.table, missing_row(self.table))

    def settled(self, occurrences: Occurrences) -> Kind:  # noqa: ARG002 - depends on no table
        return self


def listed(kind: str, values: object) -> tuple[str, ...]:
    """The values as text. Raises: HierarchyError when they are no list."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise HierarchyError(f"{kind} needs a list of values.")
    return tuple(map(leaf_text, values))


def counts(kind: str, name: str, given: object) -> tuple[int, ...]:
    """Raises: HierarchyError unless there are whole numbers, one per level."""
    found = tuple(given) if isinstance(given, Iterable) else ()
    if not found or not all(map(is_count, found)):
        raise HierarchyError(f"{kind} needs {name}, one whole number per level, for example {name}=[2].")
    return found


def is_count(number: object) -> bool:
    """Whether it is a whole number; True and False are none."""
    return isinstance(number, int) and not isinstance(number, bool)


def in_order(values: Sequence[str], sizes: Sequence[int]) -> list[list[str]]:
    """Return leaf and labels per value: runs of neighbours, on each level one size.

    Raises: HierarchyError when the sizes do not nest or two groups would have one label.
    """
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


def missing_row(table: Sequence[LabelRow]) -> LabelRow:
    """Labels of a missing value that the hierarchy does not mention."""
    shared = [{row[level] for row in table} for level in range(1, len(table[0]))]
    return (None, *(next(iter(labels)) if len(labels) == 1 else None for labels in shared))


def _row(row: object) -> Iterable[object]:
    if isinstance(row, str) or not isinstance(row, Iterable):
        raise HierarchyError(f"{row!r} is no row of leaf and labels; write ('39', '30-39', '*').")
    return row


def _label(cell: object) -> Label:
    text = None if cell is None else leaf_text(cell)
    return text or None
