"""The joint checks as a model of the classes of one table, so that a search can satisfy them.

Persons whom earlier releases do not tell apart, and who have the same values, are one *atom*. Which atoms a class
has, and how many rows of each, is all that the joint checks need to know of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from anonymize.classes import Classes, Codes, Histograms, Mask, number_groups
from anonymize.coding import CodedTable
from anonymize.joint import Holding, JointClasses, join, population
from anonymize.joint_values import ShownColumn, changes, in_common
from anonymize.models import Check, Union

ATOM: Final = "\0atom"
"""The name of the column of atoms; no table has a column of that name."""


@dataclass(frozen=True, slots=True, eq=False)
class _Diverse:
    """The rule that pieces show enough values. Shape: `value` per person of the table, `least` per joint class."""

    value: Codes
    least: Codes


@dataclass(frozen=True, slots=True, eq=False)
class _Common:
    """The rule on values in common. `offered` has them per joint class of earlier releases, where they matter."""

    value: Codes
    least: Codes
    offered: Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True, eq=False)
class Beside:
    """What one set of earlier releases, held together with the table, asks of it.

    Shape: `of` has the joint class of each person of the table among the earlier releases, `required` the
    persons that each needs.
    """

    of: Codes
    required: Codes
    diverse: tuple[_Diverse, ...]
    common: tuple[_Common, ...]

    @classmethod
    def of_releases(cls, new: Holding, held: Sequence[Holding]) -> "Beside":
        """`new` has any classes; its persons, values and promises count."""
        joint = join(held, persons=population([new]))
        of = joint.of[new.persons]
        required = np.maximum(joint.required, new.k)
        diverse: list[_Diverse] = []
        common: list[_Common] = []
        for name in dict.fromkeys(name for each in (new, *held) for name in each.diversity):
            for each in (new, *held):
                if each.diversity.get(name):
                    _add(diverse, _diverse(name, each, new, of=of, groups=len(required)))
            common += _common(name, new, held, joint=joint)
        return cls(of, required, tuple(diverse), tuple(common))


@dataclass(frozen=True, slots=True, eq=False)
class JointModel:
    """Every class, together with what earlier releases show, passes the ledger's checks.

    Guarantees: CLOSED, so a table that passes without suppression does on coarser levels too. A class passes
    when each of its pieces, the persons of one joint class of the earlier releases, is large and diverse
    enough; the pieces of a union of classes are unions of their pieces, of the same joint class.
    """

    recipient: str
    releases: int
    beside: tuple[Beside, ...]
    atoms: Codes

    @property
    def sensitive(self) -> tuple[str, ...]:
        return (ATOM,)

    def check(self, table: CodedTable) -> Check:
        atoms = np.array([int(text or 0) for text in table.secrets[ATOM].values], dtype=np.int64)
        example = np.zeros(int(self.atoms.max()) + 1, dtype=np.int64)
        example[self.atoms] = np.arange(len(self.atoms))
        return JointCheck(self.beside, example[atoms])

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "joint with earlier releases", "recipient": self.recipient}


@dataclass(frozen=True, slots=True, eq=False)
class JointCheck:
    """The model bound to one table.

    Shape: `person` has one person of the table for each value of the column of atoms.
    """

    beside: tuple[Beside, ...]
    person: Codes

    @property
    def union(self) -> Union:
        return Union.CLOSED

    def satisfied(self, classes: Classes) -> Mask:
        shown = classes.histograms(ATOM)
        passes: Mask = np.ones(len(shown.starts) - 1, dtype=np.bool_)
        passes[shown.of[self._failing(shown)]] = False
        return passes

    def stuck_rows(self, classes: Classes) -> int:
        """Rows in pieces that fail: on finer levels they are in pieces that are smaller still, and fail too."""
        shown = classes.histograms(ATOM)
        return int(shown.counts[self._failing(shown)].sum())

    def _failing(self, shown: Histograms) -> Mask:
        """The entries that lie in a piece that fails."""
        failing: Mask = np.zeros(len(shown.values), dtype=np.bool_)
        of, person = shown.of, self.person[shown.values]
        for beside in self.beside:
            groups = len(beside.required)
            number, pieces = number_groups(of * groups + beside.of[person], len(shown.starts) * groups)
            joint = np.empty(pieces, dtype=np.int64)
            joint[number] = beside.of[person]
            sizes = np.bincount(number, weights=shown.counts, minlength=pieces)
            short: Mask = sizes < beside.required[joint]
            for rule in beside.diverse:
                value, span = rule.value[person], int(rule.value.max()) + 2
                known = np.flatnonzero(value >= 0)
                pairs = np.unique(number[known] * span + value[known])
                short |= np.bincount(pairs // span, minlength=pieces) < rule.least[joint]
            for common in beside.common:
                short |= _few_in_common(common, of, person, number, joint=joint)
            failing |= short[number]
        return failing


def atoms_of(beside: Sequence[Beside]) -> Codes:
    """Number the persons of a table so that the joint checks need not tell apart those of one number."""
    of = np.zeros(len(beside[0].of), dtype=np.int64)
    for each in beside:
        values = [*(rule.value for rule in each.diverse), *(rule.value for rule in each.common)]
        for part in [each.of, *(value + 1 for value in values)]:
            span = int(part.max()) + 1
            of, _ = number_groups(of * span + part, (int(of.max()) + 1) * span)
    return of


def _few_in_common(rule: _Common, of: Codes, person: Codes, number: Codes, *, joint: Codes) -> Mask:
    """The pieces whose class and joint class have too few values in common. Shape: `joint` is per piece."""
    values: dict[int, set[int]] = {}
    for group, value in zip(of.tolist(), rule.value[person].tolist(), strict=True):
        values.setdefault(group, set()).add(value)
    few = np.zeros(len(joint), dtype=np.bool_)
    for group, piece in set(zip(of.tolist(), number.tolist(), strict=True)):
        offered = rule.offered.get(int(joint[piece]))
        few[piece] = offered is not None and len(values[group] & offered) < rule.least[joint[piece]]
    return few


def _add(rules: list[_Diverse], rule: _Diverse) -> None:
    """Join rules on the same values of the same persons."""
    for at, each in enumerate(rules):
        if np.array_equal(each.value, rule.value):
            rules[at] = _Diverse(each.value, np.maximum(each.least, rule.least))
            return
    rules.append(rule)


def _diverse(name: str, promising: Holding, new: Holding, *, of: Codes, groups: int) -> _Diverse:
    value = np.full(1 + population([new, promising]), -1, dtype=np.int64)
    value[promising.persons] = promising.shown[name].codes
    shown = value[new.persons]
    least = np.zeros(groups, dtype=np.int64)
    least[of[shown >= 0]] = promising.diversity[name]
    return _Diverse(shown, least)


def _common(name: str, new: Holding, held: Sequence[Holding], *, joint: JointClasses) -> list[_Common]:
    together = ShownColumn.of(name, [new, *held])
    if name not in new.shown or not changes(together, joint).any():
        return []
    earlier = ShownColumn(name, together.holdings[1:], together.values[1:], together.span)
    least = together.least(joint)
    pairs = in_common(earlier, joint, np.ones(len(joint.sizes), dtype=np.bool_))
    offered: dict[int, set[int]] = {}
    for held_release in earlier.holdings:
        for number in np.unique(joint.of[held_release.persons]).tolist():
            offered.setdefault(number, set())
    for pair in pairs.tolist():
        offered[pair // together.span].add(pair % together.span)
    frozen = {number: frozenset(values) for number, values in offered.items()}
    return [_Common(together.values[0], least, frozen)]
