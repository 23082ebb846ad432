"""Joint classes: what a recipient can tell apart who puts several releases side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from anonymize.classes import Codes, Mask, distinct_per_group, number_groups

SUPPRESSED: Final = 0
ABSENT: Final = -1

Tags = NDArray[np.bytes_]


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """One release as the ledger remembers it.

    Shape: `tags`, `classes` and each array of `values` have one entry per person; tags are unique.
    `classes` are opaque numbers from 1, 0 for suppressed. `diversity` has the l promised per sensitive
    column, `values` opaque numbers for those columns' values.
    """

    k: int
    tags: Tags
    classes: Codes
    diversity: Mapping[str, int]
    values: Mapping[str, Codes]


@dataclass(frozen=True, slots=True, eq=False)
class JointClasses:
    """All persons of several releases, partitioned by the tuple of their classes.

    Shape: `of` has one entry per person of any of the releases, `sizes` and `required` one per joint
    class; `per_release` is persons × releases, ABSENT where a person is not in a release.
    """

    tags: Tags
    of: Codes
    sizes: Codes
    required: Codes
    per_release: Codes


@dataclass(frozen=True, slots=True)
class Exposure:
    """Why a set of releases may not be held together; never a person or a value."""

    reason: str
    smallest: int
    persons: int


def join(holdings: Sequence[Holding]) -> JointClasses:
    """Partition the persons of all releases by the tuple of their classes, absence being a class too.

    A joint class must have as many persons as the strictest release that any of them is in has promised.
    """
    tags, person = np.unique(np.concatenate([held.tags for held in holdings]), return_inverse=True)
    per_release = np.full((len(tags), len(holdings)), ABSENT, dtype=np.int64)
    required = np.zeros(len(tags), dtype=np.int64)
    of, count = np.zeros(len(tags), dtype=np.int64), 1
    start = 0
    for at, held in enumerate(holdings):
        present = person[start : start + len(held.tags)]
        start += len(held.tags)
        per_release[present, at] = held.classes
        required[present] = np.maximum(required[present], held.k)
        local, local_count = number_groups(per_release[:, at] + 1, int(held.classes.max()) + 2)
        of, count = number_groups(of * local_count + local, count * local_count)
    demanded = np.zeros(count, dtype=np.int64)
    demanded[of] = required
    return JointClasses(tags, of, np.bincount(of, minlength=count).astype(np.int64), demanded, per_release)


def expose(holdings: Sequence[Holding]) -> Exposure | None:
    """Say why the releases may not be held together, or None if they may.

    Every joint class needs its number of persons, and within it the values of every release with an
    l-model as many distinct ones as that release promised: then what the releases' values for the class
    have in common cannot shrink below l either.
    Source: S. Ganta, S. Kasiviswanathan, A. Smith, Composition attacks and auxiliary information in data
    privacy, KDD 2008 (the attack).
    """
    joint = join(holdings)
    few: Mask = joint.sizes < joint.required
    if few.any():
        least = int(joint.required[few].max())
        return _exposure(joint, few, reason=f"it leaves fewer than {least} persons in a joint class")
    for at, held in enumerate(holdings):
        present = joint.per_release[:, at] != ABSENT
        position = np.searchsorted(joint.tags, held.tags)
        concerned = np.bincount(joint.of[present], minlength=len(joint.sizes)) > 0
        for column, least in held.diversity.items():
            distinct = distinct_per_group(joint.of[position], held.values[column], groups=len(joint.sizes))
            uniform: Mask = concerned & (distinct < least)
            if uniform.any():
                reason = f"it leaves fewer than {least} distinct values of {column!r} in a joint class"
                return _exposure(joint, uniform, reason=reason)
    return None


def _exposure(joint: JointClasses, failing: Mask, *, reason: str) -> Exposure:
    sizes = joint.sizes[failing]
    return Exposure(reason, smallest=int(sizes.min()), persons=int(sizes.sum()))
