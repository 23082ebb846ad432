"""Joint classes: what a recipient can tell apart who puts several releases side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from anonymize.classes import Codes, Mask, number_groups

SUPPRESSED: Final = 0
ABSENT: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A sensitive column as a release showed it.

    Shape: `codes` has one entry per person of the release, an index into `values`, which are opaque numbers
    that mean the same in every release.
    """

    codes: Codes
    values: Codes

    @property
    def of_person(self) -> Codes:
        """The opaque value of each person."""
        return self.values[self.codes]


@dataclass(frozen=True, slots=True)
class Form:
    """How a table was asked for, all of which its recipient knows: hierarchies, levels, the suppression limit.

    `columns` has the level of each quasi-identifier, and a hash of its hierarchy.
    """

    columns: Mapping[str, tuple[str, int]]
    limit: float

    def unites(self, finer: "Form") -> bool:
        """Whether a table of this form follows from one of the finer form, whatever the data are.

        With suppression only one of the same levels does: on coarser ones rows may appear that were hidden.
        """
        if self.columns.keys() != finer.columns.keys():
            return False
        pairs = [(self.columns[name], finer.columns[name]) for name in self.columns]
        if any(ours[0] != theirs[0] or ours[1] < theirs[1] for ours, theirs in pairs):
            return False
        return self == finer or self.limit == finer.limit == 0


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """One release as the ledger remembers it.

    Shape: `persons`, `classes` and the codes of each of `shown` have one entry per person; persons are
    distinct numbers from 0. `classes` are opaque numbers from 1, 0 for suppressed. `diversity` has the l
    promised per sensitive column; `form` is None for tables of counts.
    """

    k: int
    persons: Codes
    classes: Codes
    diversity: Mapping[str, int]
    shown: Mapping[str, Shown]
    form: Form | None = None


@dataclass(frozen=True, slots=True, eq=False)
class JointClasses:
    """All known persons, partitioned by the tuple of their classes; absence is a class too.

    Shape: `of` has one entry per person, `sizes` and `required` one per joint class. A joint class requires
    as many persons as the strictest release that it is in has promised; 0 if it is in none.
    """

    of: Codes
    sizes: Codes
    required: Codes


@dataclass(frozen=True, slots=True)
class Exposure:
    """Why a set of releases may not be held together; never a person or a value.

    `reason` says what was asked for and is the same for all data; `smallest` and `persons` count, and are for
    the ledger's operator only.
    """

    reason: str
    smallest: int
    persons: int


def population(holdings: Sequence[Holding]) -> int:
    """One more than the greatest number of a person."""
    return 1 + max((int(held.persons.max()) for held in holdings if len(held.persons)), default=-1)


def join(holdings: Sequence[Holding], *, persons: int = 0) -> JointClasses:
    """Partition all persons, at least those below `persons`, by refining once per release.

    Exact, one pass over each release.

    Guarantees: two persons are in one joint class exactly when no release, and no set of persons that can be
    had from classes and memberships of releases by union, intersection and difference, has one of them only.
    Each such set is a union of joint classes; so two nested ones differ by none or by at least `required`
    persons (attack RI2, docs/adr/0014).
    """
    count, persons = 1, max(persons, population(holdings))
    of = np.zeros(persons, dtype=np.int64)
    required = np.zeros(persons, dtype=np.int64)
    for held in holdings:
        local = np.full(persons, ABSENT + 1, dtype=np.int64)
        local[held.persons] = held.classes + 1
        span = int(held.classes.max(initial=SUPPRESSED)) + 2
        of, count = number_groups(of * span + local, count * span)
        required[held.persons] = np.maximum(required[held.persons], held.k)
    demanded = np.zeros(count, dtype=np.int64)
    demanded[of] = required
    return JointClasses(of, np.bincount(of, minlength=count), demanded)


def too_small(joint: JointClasses) -> Exposure | None:
    """Name the joint classes with fewer persons than they require."""
    few: Mask = joint.sizes < joint.required
    if not few.any():
        return None
    least = int(joint.required[few].max())
    return exposure(joint, few, reason=f"it leaves fewer than {least} persons in a joint class")


def exposure(joint: JointClasses, failing: Mask, *, reason: str) -> Exposure:
    """Count who is exposed."""
    sizes = joint.sizes[failing]
    return Exposure(reason, smallest=int(sizes.min()), persons=int(sizes.sum()))
