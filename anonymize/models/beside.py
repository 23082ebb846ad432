"""Models that compare the table with the population that it was taken from."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from anonymize.classes import Classes, Codes, Mask, combine
from anonymize.coding import CodedTable
from anonymize.errors import ModelError
from anonymize.ladder import Occurrences
from anonymize.models.parameters import TOLERANCE, require_count, require_share
from anonymize.models.protocol import Check, OfRows, Union


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Everybody whose row could be in the table, coded like the table.

    Shape: `groups[column][level]` has the table's group number of each distinct value, -1 for a group that the
    table has not; `values` has per column each record's value, and `persons` how many rows a record stands for.
    """

    groups: tuple[tuple[Codes, ...], ...]
    values: tuple[Codes, ...]
    persons: Codes

    @classmethod
    def of(cls, people: pd.DataFrame, table: CodedTable) -> "Population":
        """Raises: ModelError when the population lacks columns, or rows of the table."""
        lacking = [column for column in table.columns if column not in people.columns]
        if lacking or not len(people):
            raise ModelError(
                f"The population has no {f'column {lacking[0]!r}' if lacking else 'rows'}; give everybody who could"
                " be in the table, with the table's quasi-identifiers."
            )
        groups, values, radices = [], [], []
        for column, ladder, hierarchy in zip(table.columns, table.ladders, table.hierarchies, strict=True):
            occurrences = Occurrences.of(people[column], column)
            theirs = hierarchy.ladder(occurrences)
            leaf = {text: at for at, text in enumerate(theirs.leaves)}
            rows = np.array([leaf[text] for text in occurrences.texts] + [leaf.get(None, 0)], dtype=np.int64)
            levels = []
            for ours, labels, group in zip(ladder.labels, theirs.labels, theirs.groups, strict=True):
                number = {label: at for at, label in enumerate(ours)}
                known = np.array([number.get(label, -1) for label in labels], dtype=np.int64)
                levels.append(known[group[rows]])
            groups.append(tuple(levels))
            values.append(np.where(occurrences.codes < 0, len(rows) - 1, occurrences.codes))
            radices.append(len(rows))
        of, count = combine(values, radices, records=len(people))
        example = np.empty(count, dtype=np.int64)
        example[of] = np.arange(len(of))
        found = cls(
            tuple(groups),
            tuple(codes[example] for codes in values),
            np.bincount(of, minlength=count).astype(np.int64),
        )
        found._check_covers(table)
        return found

    def _check_covers(self, table: CodedTable) -> None:
        levels = [0] * len(table.columns)
        classes = Classes.build(table.at(levels), table.radices(levels), rows=table.rows, secrets={})
        example = _examples(classes)
        sizes = self._matching([codes[example] for codes in table.at(levels)], levels)[0]
        lacking = int((classes.sizes > sizes).sum())
        if lacking:
            raise ModelError(
                f"The population lacks rows of the table ({lacking} combinations of values occur more often here);"
                " it must hold everybody whose row is in the table."
            )

    def sizes(self, classes: Classes, table: CodedTable) -> tuple[Codes, int]:
        """How many persons of the population are written like each class, and how many like none.

        Classes that are no node's, such as the suppressed block, may be anybody.
        """
        everybody = int(self.persons.sum())
        if classes.shown is None:
            return np.full(len(classes.sizes), everybody, dtype=np.int64), 0
        example = _examples(classes)
        columns = [
            ladder.groups[level][leaves[example]]
            for ladder, level, leaves in zip(
                table.ladders, classes.shown.levels, classes.shown.leaves, strict=True
            )
        ]
        return self._matching(columns, classes.shown.levels)

    def _matching(self, columns: Sequence[Codes], levels: Sequence[int]) -> tuple[Codes, int]:
        theirs = [
            groups[level][codes]
            for groups, level, codes in zip(self.groups, levels, self.values, strict=True)
        ]
        known = np.ones(len(self.persons), dtype=np.bool_)
        for codes in theirs:
            known &= codes >= 0
        classes = len(columns[0]) if columns else 1
        joined = [np.concatenate([ours, codes[known]]) for ours, codes in zip(columns, theirs, strict=True)]
        radices = [int(codes.max(initial=0)) + 1 for codes in joined]
        number, count = combine(joined, radices, records=classes + int(known.sum()))
        persons = np.bincount(number[classes:], weights=self.persons[known], minlength=count).astype(np.int64)
        found = persons[number[:classes]]
        return found, int(self.persons.sum() - found.sum())


def _examples(classes: Classes) -> Codes:
    example = np.empty(len(classes.sizes), dtype=np.int64)
    example[classes.of] = np.arange(len(classes.of))
    return example


@dataclass(frozen=True, slots=True)
class KMap(OfRows):
    """Every class is written like at least k persons of the population; it may have fewer rows here.

    `population` has a row for everybody whose row could be in the table, with the same quasi-identifiers. Only for
    global recoding.
    Guarantees: who knows all quasi-identifiers of a person, but not whether the person is in the table, finds at
    least k persons of the population that a row may be of. Who knows that the person is in the table may find a
    single row: that takes k-anonymity.
    Source: L. Sweeney, Computational disclosure control, PhD thesis, MIT, 2001 (k-map); K. El Emam, F. Dankar,
    Protecting privacy using k-anonymity, JAMIA 15(5), 2008.
    """

    k: int
    population: pd.DataFrame = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        require_count("k", self.k)
        require_population(self.population)

    def check(self, table: CodedTable) -> Check:
        return Mapped(self.k, table, Population.of(self.population, table))

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "k-map", "k": self.k, "population": len(self.population)}


@dataclass(frozen=True, slots=True)
class DeltaPresence(OfRows):
    """Of the persons of the population who are written like a class, a share between `low` and `high` is in it.

    `population` has a row for everybody whose row could be in the table, those in it included. With a `low`
    above 0, persons who are written like no class spoil every class: that these are not in the table is certain.
    Only for global recoding.
    Union: closed; the share of a union lies between those of its parts.
    Guarantees: who knows all quasi-identifiers of a person is at least `low` and at most `high` sure that the
    person is in the table.
    Source: M. Nergiz, M. Atzori, C. Clifton, Hiding the presence of individuals from shared databases, SIGMOD
    2007.
    """

    low: float
    high: float
    population: pd.DataFrame = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        require_share("low", self.low)
        require_share("high", self.high)
        if self.low > self.high:
            raise ModelError("low must not be above high; exchange them.")
        require_population(self.population)

    def check(self, table: CodedTable) -> Check:
        return _Present(self.low, self.high, table, Population.of(self.population, table))

    def describe(self) -> dict[str, str | int | float]:
        return {
            "model": "delta-presence",
            "low": self.low,
            "high": self.high,
            "population": len(self.population),
        }


class OfLevels:
    """Marks checks that can only judge classes which are all on the same levels."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, eq=False)
class Mapped(OfLevels):
    """Whether classes are written like at least k persons of the population."""

    k: int
    table: CodedTable
    population: Population

    @property
    def union(self) -> Union:
        return Union.ABSORBS

    def satisfied(self, classes: Classes) -> Mask:
        found: Mask = self.population.sizes(classes, self.table)[0] >= self.k
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Present(OfLevels):
    low: float
    high: float
    table: CodedTable
    population: Population

    @property
    def union(self) -> Union:
        return Union.CLOSED

    def satisfied(self, classes: Classes) -> Mask:
        persons, others = self.population.sizes(classes, self.table)
        share = classes.sizes / persons
        found: Mask = (share >= self.low - TOLERANCE) & (share <= self.high + TOLERANCE)
        return found & (others == 0 or self.low == 0)


def require_population(population: object) -> None:
    """Raises: ModelError unless it is a table."""
    if not isinstance(population, pd.DataFrame):
        raise ModelError("population must be a DataFrame with a row for everybody who could be in the table.")
