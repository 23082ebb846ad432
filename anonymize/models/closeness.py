"""t-closeness: no class shows a distribution of sensitive values that is far from the whole table's."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np

from anonymize.classes import Classes, Codes, Histograms, Mask, Secret, number_groups
from anonymize.coding import CodedTable
from anonymize.errors import ModelError
from anonymize.hierarchy import Hierarchy
from anonymize.ladder import Occurrences, leaf_text
from anonymize.loss import Floats
from anonymize.models.distributions import shares, table_shares, totals
from anonymize.models.parameters import TOLERANCE, require_share
from anonymize.models.protocol import Check, OfColumn, Union


class Metric(Protocol):
    """A ground distance bound to one column: how far each class's distribution is from the whole table's."""

    def distances(self, histograms: Histograms) -> Floats:
        """The earth mover's distance of every class, between 0 and 1."""


class Distance(Protocol):
    """How far apart two sensitive values are, at most 1."""

    def metric(self, secret: Secret, column: str) -> Metric:
        """Bind to a column. Raises: ModelError when a value has no place in the distance."""

    def describe(self) -> str:
        """The distance's name."""


@dataclass(frozen=True, slots=True)
class Equal:
    """Any two different values are at distance 1; the earth mover's distance is half the sum of differences."""

    def metric(self, secret: Secret, column: str) -> Metric:
        return _EqualMetric(table_shares(secret))

    def describe(self) -> str:
        return "equal"


@dataclass(frozen=True, slots=True)
class Ordered:
    """Values stand in a row; neighbours are at distance 1/(number of values - 1).

    `order` names every value that may occur, lowest first; without it the values must be numbers. A missing
    value counts as the lowest unless `order` places it as None.
    """

    order: tuple[object, ...] | None = None

    def metric(self, secret: Secret, column: str) -> Metric:
        ranked = _numeric(secret, column) if self.order is None else _listed(self.order, secret, column)
        share = np.zeros(int(ranked.max()) + 1 if self.order is None else len(self.order))
        np.add.at(share, ranked, table_shares(secret))
        return _OrderedMetric(ranked, share)

    def describe(self) -> str:
        return "ordered"


@dataclass(frozen=True, slots=True)
class Hierarchical:
    """Two values are as far apart as the level on which a hierarchy first joins them, divided by its height.

    A hierarchy without a common top group is taken to have one above its last level.
    """

    hierarchy: Hierarchy = field(repr=False)

    def metric(self, secret: Secret, column: str) -> Metric:
        known = [value for value in secret.values if value is not None]
        codes = np.array([-1 if value is None else at for at, value in enumerate(secret.values)])
        ladder = self.hierarchy.ladder(Occurrences(column, tuple(known), tuple(known), codes))
        index = {leaf: at for at, leaf in enumerate(ladder.leaves)}
        leaf = np.array([index[value] for value in secret.values], dtype=np.int64)
        groups = [level[leaf] for level in ladder.groups]
        if len(ladder.labels[-1]) > 1:
            groups.append(np.zeros_like(leaf))
        return _TreeMetric.of(groups, table_shares(secret))

    def describe(self) -> str:
        return "hierarchical"


@dataclass(frozen=True, slots=True)
class TCloseness(OfColumn):
    """The earth mover's distance between every class and the whole table is at most t.

    Compared with is the table as it was given, suppressed rows included. Distances within 1e-9 of t pass.
    Union: closed. The distance to a fixed distribution is convex, so a union is no farther than its farthest
    part.
    Guarantees: who finds a person's class learns about the sensitive value at most a shift of size t from what
    the whole table says anyway.
    Source: N. Li, T. Li, S. Venkatasubramanian, t-closeness: privacy beyond k-anonymity and l-diversity, ICDE
    2007.
    """

    column: str
    t: float
    distance: Distance = field(default_factory=Equal)

    def __post_init__(self) -> None:
        require_share("t", self.t)

    def check(self, table: CodedTable) -> Check:
        return _Within(self.column, self.t, self.distance.metric(table.secrets[self.column], self.column))

    def describe(self) -> dict[str, str | int | float]:
        return {
            "model": "t-closeness",
            "column": self.column,
            "t": self.t,
            "distance": self.distance.describe(),
        }


@dataclass(frozen=True, slots=True)
class _Within:
    column: str
    limit: float
    metric: Metric

    @property
    def union(self) -> Union:
        return Union.CLOSED

    def satisfied(self, classes: Classes) -> Mask:
        found: Mask = self.metric.distances(classes.histograms(self.column)) <= self.limit + TOLERANCE
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _EqualMetric:
    table: Floats

    def distances(self, histograms: Histograms) -> Floats:
        # Values that a class lacks contribute the table's share, all of which sums to 1.
        table = self.table[histograms.values]
        moved = totals(np.abs(shares(histograms) - table) - table, histograms.starts)
        return np.asarray((moved + 1) / 2)


@dataclass(frozen=True, slots=True, eq=False)
class _OrderedMetric:
    ranks: Codes
    table: Floats

    def distances(self, histograms: Histograms) -> Floats:
        steps = len(self.table)
        if steps < 2:
            return np.zeros(len(histograms.starts) - 1)
        of, ranks = histograms.of, self.ranks[histograms.values]
        order = np.lexsort((ranks, of))
        ranks, share = ranks[order], shares(histograms)[order]
        below = np.cumsum(share)
        begin = np.repeat(np.append(0.0, below)[histograms.starts[:-1]], np.diff(histograms.starts))
        reached = below - begin
        last = np.append(of[order][1:] != of[order][:-1], True)
        until = np.where(last, steps, np.append(ranks[1:], steps))
        moved = self._run(reached, ranks, until)
        # Before a class's first value nothing of it is reached: the table's cumulated shares are moved whole.
        first = np.append(True, last[:-1]) if len(last) else last
        moved += np.where(first, self._run(np.zeros_like(reached), np.zeros_like(ranks), ranks), 0.0)
        return totals(moved, histograms.starts) / (steps - 1)

    def _run(self, reached: Floats, begin: Codes, end: Codes) -> Floats:
        """Sum of |reached - Q(i)| for begin <= i < end, where Q are the table's cumulated shares."""
        cumulated = np.cumsum(self.table)
        sums = np.append(0.0, np.cumsum(cumulated))
        cross = np.clip(np.searchsorted(cumulated, reached), begin, np.maximum(begin, end))
        below = reached * (cross - begin) - (sums[cross] - sums[begin])
        above = (sums[end] - sums[cross]) - reached * (end - cross)
        return np.asarray(np.where(end > begin, below + above, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class _TreeMetric:
    """A tree over the values.

    Shape: `leaf` has the leaf of every value; `lifts[level]` the group above every group on the level,
    `table[level]` each group's share of all rows.
    """

    leaf: Codes
    lifts: tuple[Codes, ...]
    table: tuple[Floats, ...]

    @classmethod
    def of(cls, groups: Sequence[Codes], share: Floats) -> "_TreeMetric":
        lifts: list[Codes] = []
        for low, high in pairwise(groups):
            lift = np.zeros(int(low.max(initial=0)) + 1, dtype=np.int64)
            lift[low] = high
            lifts.append(lift)
        table = tuple(np.bincount(level, weights=share).astype(np.float64) for level in groups)
        return cls(groups[0], tuple(lifts), table)

    def distances(self, histograms: Histograms) -> Floats:
        # What a group has too much of moves up until a sibling needs it. Groups that a class lacks have
        # nothing too much, so going through those that it has is enough.
        classes = len(histograms.starts) - 1
        moved = np.zeros(classes)
        of, group, share = histograms.of, self.leaf[histograms.values], shares(histograms)
        for level, lift in enumerate(self.lifts):
            surplus = np.maximum(share - self.table[level][group], 0.0)
            span = len(self.table[level + 1])
            key = of * span + lift[group]
            node, count = number_groups(key, classes * span)
            parents = np.empty(count, dtype=np.int64)
            parents[node] = key
            of, group = parents // span, parents % span
            share = np.bincount(node, weights=share, minlength=count).astype(np.float64)
            surplus = np.bincount(node, weights=surplus, minlength=count)
            missing = surplus - (share - self.table[level + 1][group])
            cost = np.minimum(surplus, missing) * (level + 1) / len(self.lifts)
            moved += np.bincount(of, weights=cost, minlength=classes)
        return moved


def _listed(order: Sequence[object], secret: Secret, column: str) -> Codes:
    place = {None if value is None else leaf_text(value): at for at, value in enumerate(order)}
    lacking = [value for value in secret.values if value not in place]
    if lacking:
        raise ModelError(
            f"The order of {column!r} lacks {lacking[0]!r} and {len(lacking) - 1} others; name every value."
        )
    return np.array([place[value] for value in secret.values], dtype=np.int64)


def _numeric(secret: Secret, column: str) -> Codes:
    try:
        numbers = [-np.inf if value is None else float(value) for value in secret.values]
    except ValueError as cause:
        raise ModelError(
            f"The values of {column!r} are no numbers; name their order, lowest first, with Ordered((...))."
        ) from cause
    return np.unique(np.array(numbers), return_inverse=True)[1].astype(np.int64)
