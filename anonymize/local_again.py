"""A local recoding used on another table: rows go where the classes' labels have room for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from anonymize.classes import Codes, combine
from anonymize.coding import CodedTable, Recoding
from anonymize.errors import NoSolutionError
from anonymize.evaluation import Evaluator
from anonymize.local import suppressing


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The classes of a local recoding as the table shows them, those that lose least first.

    Shape: `levels` and `labels` have one entry per class, each with one per column.
    """

    levels: tuple[tuple[int, ...], ...]
    labels: tuple[tuple[str | None, ...], ...]

    @classmethod
    def of(cls, table: CodedTable, recoding: Recoding) -> "Pattern":
        """What a recoding of a table shows, suppressed classes left out."""
        kept = np.flatnonzero(~recoding.suppressed)
        example = np.empty(len(recoding.sizes), dtype=np.int64)
        example[recoding.of] = np.arange(len(recoding.of))
        breadth = np.zeros(len(kept))
        labels = []
        for at, (ladder, leaves) in enumerate(zip(table.ladders, table.leaves, strict=True)):
            levels, leaf = recoding.levels[kept, at], leaves[example[kept]]
            shares = np.array([ladder.shares(level) for level in range(ladder.height)])
            breadth += np.log(shares[levels, leaf])
            labels.append(
                [
                    ladder.labels[level][ladder.groups[level][each]]
                    for level, each in zip(levels.tolist(), leaf.tolist(), strict=True)
                ]
            )
        order = np.argsort(breadth, kind="stable").tolist()
        shown = list(zip(*labels, strict=True))
        return cls(
            tuple(tuple(levels) for levels in recoding.levels[kept][order].tolist()),
            tuple(shown[at] for at in order),
        )

    def applied(self, evaluator: Evaluator) -> Recoding:
        """Recode another table in the same classes; rows that fit in none, or whose class fails, are suppressed.

        Raises: NoSolutionError when these are too many, or their block fails.
        """
        allowed = [sorted({*column}) for column in zip(*self.levels, strict=True)]
        found = suppressing(evaluator, self._placed(evaluator.table), allowed)
        if found is None:
            raise NoSolutionError(
                "The classes of the first table do not satisfy the models on this one, and what fails is more than"
                " may be suppressed. Raise the limit, or anonymise this table by itself."
            )
        return found

    def _placed(self, table: CodedTable) -> Codes:
        """The first class that has room for each record, renumbered without gaps; -1 where none has."""
        of = np.full(len(table.rows), len(self.levels), dtype=np.int64)
        numbers = [
            [{label: number for number, label in enumerate(labels)} for labels in ladder.labels]
            for ladder in table.ladders
        ]
        for levels, members in self._by_levels().items():
            if any(level >= ladder.height for level, ladder in zip(levels, table.ladders, strict=True)):
                continue
            wanted: dict[tuple[int, ...], int] = {}
            for member in members:
                groups = [
                    numbers[at][level].get(label, -1)
                    for at, (level, label) in enumerate(zip(levels, self.labels[member], strict=True))
                ]
                if min(groups) >= 0:
                    wanted.setdefault(tuple(groups), member)
            _place(table, levels, wanted, of)
        placed = of < len(self.levels)
        result = np.full(len(of), -1, dtype=np.int64)
        result[placed] = np.unique(of[placed], return_inverse=True)[1]
        return result

    def _by_levels(self) -> dict[tuple[int, ...], list[int]]:
        found: dict[tuple[int, ...], list[int]] = {}
        for number, levels in enumerate(self.levels):
            found.setdefault(levels, []).append(number)
        return found


def _place(table: CodedTable, levels: Sequence[int], wanted: dict[tuple[int, ...], int], of: Codes) -> None:
    """Lower `of` to the class of every record whose groups on the levels are wanted."""
    if not wanted:
        return
    there = np.array(list(wanted), dtype=np.int64).reshape(len(wanted), len(levels))
    columns = [np.concatenate([mine, theirs]) for mine, theirs in zip(table.at(levels), there.T, strict=True)]
    key, _ = combine(columns, table.radices(levels), records=len(of) + len(wanted))
    target = np.full(int(key.max()) + 1, np.iinfo(np.int64).max, dtype=np.int64)
    target[key[len(of) :]] = np.array(list(wanted.values()), dtype=np.int64)
    np.minimum(of, target[key[: len(of)]], out=of)
