"""Records that no class has taken join the classes that they cost least, or are suppressed."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import Classes, Codes, Mask, combine
from anonymize.coding import CodedTable
from anonymize.local_labels import Allowed, starts_of, tightened
from anonymize.local_peel import passing
from anonymize.loss import Cells, Floats
from anonymize.models import Check

PAIRS: Final = 20_000_000
"""How many pairs of a record and a class are compared at a time."""


class Mending:
    """Classes that take in further records.

    `cells` has what the cells of each column cost. Shape: `of` has the class of every record, -1 for none, and
    `kinds` numbers its combination of sensitive values.
    """

    def __init__(
        self,
        table: CodedTable,
        checks: Sequence[Check],
        *,
        of: Codes,
        kinds: Codes,
        allowed: Allowed,
        cells: Sequence[Cells],
    ) -> None:
        self.table = table
        self.of = of.copy()
        self._checks = checks
        self._kinds = kinds
        self._allowed = allowed
        self._cells = cells
        self._groups = [
            [ladder.groups[level] for level in chosen]
            for ladder, chosen in zip(table.ladders, allowed, strict=True)
        ]
        roots = [groups[-1][leaves] for groups, leaves in zip(self._groups, table.leaves, strict=True)]
        # Records that differ here can never be in one class.
        self._root, _ = combine(roots, [len(groups[-1]) for groups in self._groups], records=len(of))
        self._describe()

    @property
    def left(self) -> Codes:
        """The records in no class."""
        return np.flatnonzero(self.of < 0)

    def absorb(self, go_on: Callable[[], bool], *, dearest: float) -> None:
        """Put each record that is left in the class that it costs least, where that still passes.

        Records that would cost more than `dearest` times their suppression stay where they are, and those that
        no class can take.
        """
        if not len(self._levels):
            return
        left = self.left
        step = max(PAIRS // len(self._levels), 1)
        for start in range(0, len(left), step):
            if not go_on():
                return
            self._absorb(left[start : start + step], go_on, dearest)

    def _absorb(self, records: Codes, go_on: Callable[[], bool], dearest: float) -> None:
        costs = self._costs(records, np.arange(len(self._levels)))
        most = self._hidden(records) * dearest
        waiting = np.ones(len(records), dtype=np.bool_)
        # How many records each class takes in at a time: more after every success, one after a failure.
        room = np.ones(len(self._levels), dtype=np.int64)
        while go_on():
            best = costs.argmin(axis=1)
            least = costs[np.arange(len(records)), best]
            asking = np.flatnonzero(waiting & (least < most))
            if not len(asking):
                return
            # Each class is asked by the records that cost it least.
            asking = asking[np.lexsort((least[asking], best[asking]))]
            starts = starts_of(best[asking])
            rank = np.arange(len(asking)) - np.repeat(starts, np.diff(np.append(starts, len(asking))))
            asking = asking[rank < room[best[asking]]]
            chosen, number = np.unique(best[asking], return_inverse=True)
            accepted = self._accepted(chosen, records[asking], number)
            alone = np.bincount(number) == 1
            for refused in asking[~accepted[number] & alone[number]].tolist():
                # Checks see kinds only: others of the same kind would be refused too.
                costs[self._kinds[records] == self._kinds[records[refused]], best[refused]] = np.inf
            room[chosen] = np.where(accepted, 2 * room[chosen], 1)
            joining = asking[accepted[number]]
            self._join(records[joining], best[joining])
            waiting[joining] = False
            if len(joining):
                still = np.flatnonzero(waiting)
                costs[np.ix_(still, chosen[accepted])] = self._costs(records[still], chosen[accepted])

    def unite(self) -> None:
        """Join the records that are left with the classes that lose least by it, where that passes."""
        for root in np.unique(self._root[self.left]).tolist():
            self._unite(root)

    def _unite(self, root: int) -> None:
        members = self.left[self._root[self.left] == root]
        candidates = np.flatnonzero(self._root[self._example] == root)
        # Classes that have lost most already lose least.
        candidates = candidates[np.argsort(-self._mean_costs()[candidates], kind="stable")]
        count = 0
        while True:
            joined = np.concatenate([members, np.flatnonzero(np.isin(self.of, candidates[:count]))])
            if self._pass_together(joined):
                self.of[joined] = self.of.max(initial=-1) + 1
                self._renumber()
                return
            if count >= len(candidates):
                return
            count = min(max(2 * count, 1), len(candidates))

    def _pass_together(self, records: Codes) -> bool:
        classes = Classes(
            np.zeros(len(records), dtype=np.int64),
            1,
            rows=self.table.rows[records],
            secrets=self.table.secrets,
            records=records,
        )
        return bool(passing(self._checks, classes)[0])

    def _accepted(self, chosen: Codes, records: Codes, number: Codes) -> Mask:
        """Whether each class still passes with the records that ask it: `number` says which of the chosen."""
        place = np.full(len(self._levels), -1, dtype=np.int64)
        place[chosen] = np.arange(len(chosen))
        inside = np.flatnonzero(np.append(place, -1)[self.of] >= 0)
        together = np.concatenate([inside, records])
        classes = Classes(
            np.concatenate([place[self.of[inside]], number]),
            len(chosen),
            rows=self.table.rows[together],
            secrets=self.table.secrets,
            records=together,
        )
        return passing(self._checks, classes)

    def _join(self, records: Codes, classes: Codes) -> None:
        self.of[records] = classes
        rows = self.table.rows[records]
        for at, leaves in enumerate(self.table.leaves):
            met = self._meeting(at, leaves[records], self._leaf[at][classes])
            np.maximum.at(self._levels[:, at], classes, met)
            shown = self._cells[at].shown[list(self._allowed[at])]
            grown = shown[:, leaves[records]] * rows
            self._sums[at] += np.array(
                [np.bincount(classes, weights=each, minlength=len(self._levels)) for each in grown]
            )

    def _costs(self, records: Codes, classes: Codes) -> Floats:
        """What each record adds to the loss when it joins each class. Shape: records × classes."""
        found = np.zeros((len(records), len(classes)))
        rows = self.table.rows[records][:, None]
        own = np.arange(len(classes))[None, :]
        for at, leaves in enumerate(self.table.leaves):
            distinct, number = np.unique(leaves[records], return_inverse=True)
            level = self._levels[classes, at]
            met = self._meeting(at, distinct[:, None], self._leaf[at][classes][None, :])
            need = np.maximum(met, level[None, :])
            apart = need >= len(self._allowed[at])
            need[apart] = 0
            sums = self._sums[at][:, classes]
            grown = np.where(apart, np.inf, sums[need, own] - sums[level, own[0]][None, :])
            shown = self._cells[at].shown[self._allowed[at]]
            found += grown[number] + shown[need, distinct[:, None]][number] * rows
        return found

    def _meeting(self, at: int, one: Codes, other: Codes) -> NDArray[np.int64]:
        """On which allowed level, counted from 0, leaves are first in one group; their number if on none."""
        found = np.zeros(np.broadcast_shapes(one.shape, other.shape), dtype=np.int64)
        for group in self._groups[at]:
            found += group[one] != group[other]
        return found

    def _hidden(self, records: Codes) -> Floats:
        costs = sum(
            cells.hidden[leaves[records]]
            for cells, leaves in zip(self._cells, self.table.leaves, strict=True)
        )
        return np.asarray(costs * self.table.rows[records], dtype=np.float64)

    def _mean_costs(self) -> Floats:
        own = np.arange(len(self._levels))
        total = sum(sums[self._levels[:, at], own] for at, sums in enumerate(self._sums))
        taken = self.of >= 0
        sizes = np.bincount(self.of[taken], weights=self.table.rows[taken], minlength=len(own))
        return np.asarray(total / np.maximum(sizes, 1), dtype=np.float64)

    def _renumber(self) -> None:
        taken = self.of >= 0
        self.of[taken] = np.unique(self.of[taken], return_inverse=True)[1]
        self._describe()

    def _describe(self) -> None:
        """Levels (as positions among the allowed ones), a leaf and the cost on every level, of all classes."""
        taken = np.flatnonzero(self.of >= 0)
        of, count = self.of[taken], int(self.of.max(initial=-1)) + 1
        self._example = np.empty(count, dtype=np.int64)
        self._example[of] = taken
        self._leaf = [leaves[self._example] for leaves in self.table.leaves]
        self._sums = []
        for cells, leaves, chosen in zip(self._cells, self.table.leaves, self._allowed, strict=True):
            weighted = cells.shown[list(chosen)][:, leaves[taken]] * self.table.rows[taken]
            self._sums.append(np.array([np.bincount(of, weights=row, minlength=count) for row in weighted]))
        levels = tightened(self.table.part(taken), of, self._allowed)
        self._levels = np.stack(
            [np.searchsorted(chosen, levels[:, at]) for at, chosen in enumerate(self._allowed)], axis=1
        )
