"""Classes taken off a table one combination of levels after another, the cheapest first."""

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from anonymize.classes import Classes, Codes, Mask, Secret, combine, mixed_radix, number_groups
from anonymize.coding import CodedTable
from anonymize.loss import Floats
from anonymize.models import Check, Union

SHARES: Final = (1.0, 0.8, 0.64, 0.5, 0.4, 0.3, 0.22)
"""How much of a group is tried; values that are too frequent in it are cut down first."""


@dataclass(frozen=True, slots=True, eq=False)
class Kinds:
    """The combinations of sensitive values that models look at.

    Shape: `of` has the kind of every record; `share` each kind's part of all rows, `secrets` its values.
    """

    of: Codes
    share: Floats
    secrets: dict[str, Secret]

    @classmethod
    def of_table(cls, table: CodedTable) -> "Kinds":
        columns = table.secrets.values()
        of, count = combine(
            [secret.codes for secret in columns],
            [len(secret.values) for secret in columns],
            records=len(table.rows),
        )
        example = np.empty(count, dtype=np.int64)
        example[of] = np.arange(len(of))
        share = np.bincount(of, weights=table.rows, minlength=count) / table.row_count
        secrets = {
            name: Secret(secret.values, secret.codes[example], secret.rows)
            for name, secret in table.secrets.items()
        }
        return cls(of, share.astype(np.float64), secrets)

    def classes(self, group: Codes, kinds: Codes, rows: Codes) -> Classes:
        """Classes of entries that are so many rows of a kind; `group` numbers them without gaps."""
        secrets = {
            name: Secret(secret.values, secret.codes[kinds], secret.rows)
            for name, secret in self.secrets.items()
        }
        return Classes(group, int(group.max(initial=-1)) + 1, rows=rows, secrets=secrets)


def passing(checks: Sequence[Check], classes: Classes) -> Mask:
    """Which classes satisfy all checks."""
    found = np.ones(len(classes.sizes), dtype=np.bool_)
    for check in checks:
        found &= check.satisfied(classes)
        if not found.any():
            break
    return found


class Peeling:
    """Takes passing classes off the records that are left.

    Where all models absorb, a group that passes is taken whole. Else, of a group that does not pass, the part
    is taken in which no kind of row exceeds a multiple of its share of the table, if that passes: the others wait
    for coarser levels.
    """

    def __init__(self, table: CodedTable, checks: Sequence[Check]) -> None:
        self.table = table
        self.checks = checks
        self.of = np.full(len(table.rows), -1, dtype=np.int64)
        self.count = 0
        self.left = np.arange(len(table.rows))
        self.kinds = Kinds.of_table(table)
        whole = all(check.union is Union.ABSORBS for check in checks)
        self._shares = (1.0,) if whole else SHARES
        self._least_rows, self._least_kinds = self._least()

    def take(self, levels: Sequence[int]) -> None:
        """Take what passes on these levels."""
        group, count = self._groups(levels)
        sizes = np.bincount(group, weights=self.table.rows[self.left], minlength=count).astype(np.float64)
        large = (sizes >= self._least_rows)[group]
        if not large.any():
            return
        records, group = self.left[large], group[large]
        if len(self.kinds.share) > 1:
            self._take_kinds(records, group, sizes)
        else:
            number, _ = number_groups(group, count)
            rows = self.table.rows[records]
            found = passing(self.checks, self.kinds.classes(number, np.zeros_like(number), rows))
            self._give(records, number, found)
        self.left = self.left[self.of[self.left] < 0]

    def _groups(self, levels: Sequence[int]) -> tuple[Codes, int]:
        columns, radices = [], []
        for ladder, leaves, level in zip(self.table.ladders, self.table.leaves, levels, strict=True):
            if (radix := len(ladder.labels[level])) > 1:
                columns.append(ladder.groups[level][leaves[self.left]])
                radices.append(radix)
        return number_groups(*mixed_radix(columns, radices, records=len(self.left)))

    def _take_kinds(self, records: Codes, group: Codes, sizes: Floats) -> None:
        kinds = len(self.kinds.share)
        entry = group * kinds + self.kinds.of[records]
        order = np.argsort(entry, kind="stable")
        records, entry = records[order], entry[order]
        starts = np.flatnonzero(np.append(True, entry[1:] != entry[:-1]))
        owner, kind = entry[starts] // kinds, entry[starts] % kinds
        rows = np.add.reduceat(self.table.rows[records], starts)
        live = np.flatnonzero((np.bincount(owner, minlength=len(sizes)) >= self._least_kinds)[owner])
        if not len(live):
            return
        number = np.unique(owner[live], return_inverse=True)[1]
        most = sizes[owner[live]] * self.kinds.share[kind[live]]
        kept = np.array([self._kept(share, rows[live], most) for share in self._shares])
        found = self._first_passing(number, kind[live], kept)
        chosen = found[number] < len(self._shares)
        part = np.where(chosen, found[number], 0)
        # Parts are taken of tables with one record per row only, where rows are records.
        lengths = np.diff(np.append(starts, len(entry)))[live]
        lengths = np.where(part == 0, lengths, kept[part, np.arange(len(live))])
        taken = _ranges(starts[live][chosen], lengths[chosen])
        self._give(records[taken], np.repeat(number[chosen], lengths[chosen]), found < len(self._shares))

    @staticmethod
    def _kept(share: float, rows: Codes, most: Floats) -> Codes:
        """How many rows of each entry stay in such a part of its group; all of them in the whole group."""
        return rows if share == 1.0 else np.minimum(rows, np.ceil(share * most).astype(np.int64))

    def _first_passing(self, number: Codes, kind: Codes, kept: Codes) -> Codes:
        """For each group the position of the largest part that passes, the number of parts if none does."""
        parts, groups = len(kept), int(number[-1]) + 1
        each = (np.arange(parts)[:, None] * groups + number[None, :]).ravel()
        passes = passing(self.checks, self.kinds.classes(each, np.tile(kind, parts), kept.ravel()))
        passes = passes.reshape(parts, groups)
        return np.where(passes.any(axis=0), passes.argmax(axis=0), parts).astype(np.int64)

    def _give(self, records: Codes, number: Codes, found: Mask) -> None:
        chosen = found[number]
        self.of[records[chosen]] = (np.cumsum(found) - 1 + self.count)[number[chosen]]
        self.count += int(found.sum())

    def _least(self) -> tuple[int, int]:
        """How many rows and kinds a class needs, by the most favourable ones: groups with fewer are not tried."""
        kinds = len(self.kinds.share)
        frequent = np.argsort(-self.kinds.share, kind="stable")
        rows_of = np.maximum(np.rint(self.kinds.share * self.table.row_count), 1).astype(np.int64)
        absorbing = [check for check in self.checks if check.union is Union.ABSORBS]

        def with_rows(rows: int) -> bool:
            counted = np.ones(min(rows, kinds), dtype=np.int64)
            counted[0] += rows - len(counted)
            return self._passes(absorbing, frequent[: len(counted)], counted)

        def with_kinds(count: int) -> bool:
            return self._passes(self.checks, frequent[:count], rows_of[frequent[:count]])

        return _first(with_rows, self.table.row_count), _first(with_kinds, kinds)

    def _passes(self, checks: Sequence[Check], kinds: Codes, rows: Codes) -> bool:
        return bool(passing(checks, self.kinds.classes(np.zeros_like(kinds), kinds, rows))[0])


def _first(passes: Callable[[int], bool], last: int) -> int:
    """The first of the numbers from 1 to `last` that passes, where all after it do; `last` if none does."""
    return 1 + bisect.bisect_left(range(1, last), True, key=passes)


def _ranges(starts: Codes, lengths: Codes) -> Codes:
    """All numbers from each start on, as many as its length says."""
    ends = np.cumsum(lengths)
    first: Codes = np.repeat(starts - np.append(0, ends[:-1]), lengths)
    found: Codes = np.arange(len(first), dtype=np.int64) + first
    return found
