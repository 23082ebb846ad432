"""On which levels classes of local recoding are written, so that each is one class to whoever reads the table."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from anonymize.classes import Codes, combine
from anonymize.coding import CodedTable

Allowed = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Which class every record is in, and on which levels each class is written.

    Shape: `of` has one entry per record, `levels` is classes × columns.
    """

    of: Codes
    levels: Codes


def starts_of(ordered: Codes) -> Codes:
    """Where each run of equal numbers begins."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)])


def tightened(table: CodedTable, of: Codes, allowed: Allowed) -> Codes:
    """The finest allowed levels on which each class shows one group per column.

    `of` numbers the classes without gaps, and each is in one group on the coarsest allowed levels.
    Shape: classes × columns.
    """
    order = np.argsort(of, kind="stable")
    starts = starts_of(of[order])
    lengths = np.diff(np.append(starts, len(order)))
    found = np.empty((len(starts), len(table.columns)), dtype=np.int64)
    for at, (ladder, leaves, chosen) in enumerate(zip(table.ladders, table.leaves, allowed, strict=True)):
        level = np.full(len(starts), chosen[0], dtype=np.int64)
        members = leaves[order]
        first = np.repeat(members[starts], lengths)
        for lower, higher in pairwise(chosen):
            group = ladder.groups[lower]
            level[np.logical_or.reduceat(group[members] != group[first], starts)] = higher
        found[:, at] = level
    return found


def written(table: CodedTable, of: Codes, allowed: Allowed) -> Written:
    """Give every class its levels, and join classes that would be written alike."""
    while True:
        levels = tightened(table, of, allowed)
        texts = _as_read(table, of, levels, allowed)
        joined, count = combine(
            list(texts.T), [int(texts.max(initial=0)) + 1] * texts.shape[1], records=len(levels)
        )
        if count == len(levels):
            return Written(of, levels)
        of = joined[of]


def _as_read(table: CodedTable, of: Codes, levels: Codes, allowed: Allowed) -> Codes:
    """Number the text of every class in every column, and take each class to the coarsest level that reads so.

    What reads alike stands for the coarsest of its meanings. Changes `levels` in place. Shape: classes × columns.
    """
    example = np.empty(len(levels), dtype=np.int64)
    example[of] = np.arange(len(of))
    found = np.empty_like(levels)
    for at, (ladder, leaves) in enumerate(zip(table.ladders, table.leaves, strict=True)):
        numbers: dict[str | None, int] = {}
        texts = [
            np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)[groups]
            for labels, groups in zip(ladder.labels, ladder.groups, strict=True)
        ]
        leaf = leaves[example]
        read = np.array(texts)[levels[:, at], leaf]
        for level in allowed[at]:
            alike = (level > levels[:, at]) & (texts[level][leaf] == read)
            levels[alike, at] = level
        found[:, at] = read
    return found
