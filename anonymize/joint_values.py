"""What several releases together leave open about a person's sensitive value."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np

from anonymize.classes import Codes, Mask, number_groups
from anonymize.joint import Exposure, Holding, JointClasses, exposure


class JointValues(Enum):
    """What is asked of a sensitive column with an l-model over all releases that are held together.

    DIVERSE: every joint class shows l values, and the values of a person's classes have l in common.
    INVARIANT: besides, a person's classes show the same values in every release, each of them once only.
    Source of INVARIANT: X. Xiao, Y. Tao, m-invariance: towards privacy preserving re-publication of dynamic
    datasets, SIGMOD 2007.
    """

    DIVERSE = "diverse"
    INVARIANT = "invariant"


@dataclass(frozen=True, slots=True, eq=False)
class ShownColumn:
    """One sensitive column over all releases that show it.

    Shape: `values` has per release the value's number of each of its persons, numbers from 0 to `span` - 1.
    """

    name: str
    holdings: tuple[Holding, ...]
    values: tuple[Codes, ...]
    span: int

    @classmethod
    def of(cls, name: str, holdings: Sequence[Holding]) -> "ShownColumn":
        """Number the values over all releases that show the column."""
        showing = tuple(held for held in holdings if name in held.shown)
        known = np.unique(np.concatenate([held.shown[name].values for held in showing]))
        values = tuple(
            np.searchsorted(known, held.shown[name].values)[held.shown[name].codes] for held in showing
        )
        return cls(name, showing, values, len(known))

    def least(self, joint: JointClasses) -> Codes:
        """The l of each joint class: the greatest that a release that it is in has promised."""
        found = np.zeros(len(joint.sizes), dtype=np.int64)
        for held in self.holdings:
            present = joint.of[held.persons]
            found[present] = np.maximum(found[present], held.diversity.get(self.name, 0))
        return found


def too_uniform(
    holdings: Sequence[Holding], joint: JointClasses, *, rule: JointValues = JointValues.DIVERSE
) -> Exposure | None:
    """Say where the releases' sensitive values together would leave fewer candidates than was promised.

    Two rules are checked. (a) Every joint class has the promised number of distinct values in each release
    that promised it: persons of a joint class can be exchanged without any release changing, so that each of
    these values may be anybody's there. (b) The values that a person's classes have in common, over all
    releases that show the column, are at least as many. Where nobody's value changed between releases (a)
    implies (b); neither implies the other where one did (docs/adr/0014). Attack RI4.
    Source of (b): S. Ganta, S. Kasiviswanathan, A. Smith, Composition attacks and auxiliary information in
    data privacy, KDD 2008.
    """
    promised = dict.fromkeys(column for held in holdings for column in held.diversity)
    for name in promised:
        column = ShownColumn.of(name, holdings)
        least = column.least(joint)
        failing = _few_in_joint_class(column, joint) | _few_in_common(column, joint, least)
        if failing.any():
            reason = f"it leaves fewer than {least[failing].max()} candidates for somebody's {name!r}"
            return exposure(joint, failing, reason=reason)
        if rule is JointValues.INVARIANT:
            failing = _changing(column, joint, least)
            if failing.any():
                reason = f"somebody's classes do not show the same values of {name!r}, each once"
                return exposure(joint, failing, reason=reason)
    return None


def _few_in_joint_class(column: ShownColumn, joint: JointClasses) -> Mask:
    failing = np.zeros(len(joint.sizes), dtype=np.bool_)
    for held, values in zip(column.holdings, column.values, strict=True):
        least = held.diversity.get(column.name, 0)
        if least:
            present = joint.of[held.persons]
            pairs = _pairs(present, values, column.span)
            distinct = np.bincount(pairs // column.span, minlength=len(joint.sizes))
            failing[present] |= distinct[present] < least
    return failing


def _few_in_common(column: ShownColumn, joint: JointClasses, least: Codes) -> Mask:
    # Only joint classes in which a value changed: elsewhere the check of joint classes implies this one.
    changed = changes(column, joint)
    if not changed.any():
        return changed
    found = np.bincount(in_common(column, joint, changed) // column.span, minlength=len(joint.sizes))
    few: Mask = changed & (found < least)
    return few


def in_common(column: ShownColumn, joint: JointClasses, wanted: Mask) -> Codes:
    """For the wanted joint classes, a pair with every value that the classes of its persons have in common.

    Shape: pairs are joint class * span + value, only of joint classes that a release with the column shows.
    """
    common = np.zeros(0, dtype=np.int64)
    started = np.zeros(len(joint.sizes), dtype=np.bool_)
    for held, values in zip(column.holdings, column.values, strict=True):
        group = np.full(len(joint.sizes), -1, dtype=np.int64)
        group[joint.of[held.persons]] = held.classes
        concerned = np.flatnonzero(wanted & (group >= 0))
        offered = _offered(held, values, column.span, wanted=group[concerned], names=concerned)
        kept = common[(group[common // column.span] < 0) | np.isin(common, offered)]
        common = np.concatenate([kept, offered[~started[offered // column.span]]])
        started[concerned] = True
    return common


def _offered(held: Holding, values: Codes, span: int, *, wanted: Codes, names: Codes) -> Codes:
    """For each joint class of `names`, in class `wanted` of the release, a pair with every value shown there."""
    pairs = _pairs(held.classes, values, span)
    classes = int(held.classes.max()) + 1
    counts = np.bincount(pairs // span, minlength=classes)
    starts = np.concatenate([[0], np.cumsum(counts)])
    lengths = counts[wanted]
    first = np.repeat(starts[wanted] - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
    found: Codes = np.repeat(names, lengths) * span + pairs[first + np.arange(lengths.sum())] % span
    return found


def changes(column: ShownColumn, joint: JointClasses) -> Mask:
    """Which joint classes have a member whose value is not the same in all releases that show it."""
    known = np.full(len(joint.of), -1, dtype=np.int64)
    changed = np.zeros(len(joint.sizes), dtype=np.bool_)
    for held, values in zip(column.holdings, column.values, strict=True):
        before = known[held.persons]
        changed[joint.of[held.persons[(before >= 0) & (before != values)]]] = True
        known[held.persons] = values
    return changed


def _changing(column: ShownColumn, joint: JointClasses, least: Codes) -> Mask:
    failing = np.zeros(len(joint.sizes), dtype=np.bool_)
    signature = np.full(len(joint.sizes), -1, dtype=np.int64)
    numbers: dict[bytes, int] = {}
    for held, values in zip(column.holdings, column.values, strict=True):
        pairs = _pairs(held.classes, values, column.span)
        classes = int(held.classes.max()) + 1
        bounds = np.searchsorted(pairs // column.span, np.arange(classes + 1))
        parts = [(pairs[a:b] % column.span).tobytes() for a, b in pairwise(bounds)]
        of_class = np.array([numbers.setdefault(part, len(numbers)) for part in parts], dtype=np.int64)
        repeated: Mask = np.diff(bounds) < np.bincount(held.classes, minlength=classes)
        present, at = np.unique(joint.of[held.persons], return_index=True)
        group = held.classes[at]
        other = (signature[present] >= 0) & (signature[present] != of_class[group])
        failing[present] |= other | repeated[group]
        signature[present] = of_class[group]
    promising: Mask = failing & (least > 0)
    return promising


def _pairs(of: Codes, values: Codes, span: int) -> Codes:
    """The distinct pairs of group and value as of * span + value, ascending."""
    if not len(of):
        return np.zeros(0, dtype=np.int64)
    key = of * span + values
    numbers, count = number_groups(key, (int(of.max()) + 1) * span)
    found = np.empty(count, dtype=np.int64)
    found[numbers] = key
    return found
