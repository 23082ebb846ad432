"""Models that bound the risk of re-identification, of the worst row and on average."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from anonymize.classes import Classes, Mask
from anonymize.coding import CodedTable
from anonymize.errors import ModelError
from anonymize.loss import Floats
from anonymize.models.beside import Mapped, OfLevels, Population, require_population
from anonymize.models.counts import KAnonymity
from anonymize.models.parameters import TOLERANCE
from anonymize.models.protocol import Check, OfRows, Union


@dataclass(frozen=True, slots=True)
class _Risk(OfRows):
    limit: float
    population: pd.DataFrame | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        _require_risk(self.limit)
        if self.population is not None:
            require_population(self.population)


@dataclass(frozen=True, slots=True)
class MaximalRisk(_Risk):
    """No row is re-identified with a probability above `limit`.

    Without a population, by the *prosecutor*, who knows that the person is in the table: the risk of a row is 1
    over the rows of its class. With one, by the *journalist*, who does not: 1 over the persons of the population
    who are written like the class.
    Guarantees: as k-anonymity or k-map with k = 1 / limit, rounded up.
    Source: K. El Emam, Guide to the de-identification of personal health information, CRC Press, 2013, ch. 16.
    """

    def check(self, table: CodedTable) -> Check:
        # A third as a float is not quite a third, and asks for 3 rows all the same.
        k = math.ceil(1 / self.limit - TOLERANCE)
        if self.population is None:
            return KAnonymity(k).check(table)
        return Mapped(k, table, Population.of(self.population, table))

    def describe(self) -> dict[str, str | int | float]:
        return _described("maximal risk", self.limit, self.population)


@dataclass(frozen=True, slots=True)
class AverageRisk(_Risk):
    """The mean probability of re-identification over all rows is at most `limit` (the *marketer's* risk).

    Without a population, whoever links all rows knows that all are in the table: the mean is the number of
    classes by the number of rows. With one, a row's probability is 1 over the persons of the population who
    are written like its class. The block of suppressed rows counts as one class. To reach the limit, the classes
    are suppressed that raise the mean most by row.
    Guarantees: who links every row with a person is right for at most this part of them on average; single rows
    may be at greater risk, so add k-anonymity.
    Source: F. Dankar, K. El Emam, A method for evaluating marketer re-identification risk, PAIS 2010.
    """

    def check(self, table: CodedTable) -> Check:
        if self.population is None:
            most = math.floor(self.limit * table.row_count + TOLERANCE)
            return _MeanOfRows(self.limit, most, table.row_count)
        return _MeanOfPersons(self.limit, table, Population.of(self.population, table))

    def describe(self) -> dict[str, str | int | float]:
        return _described("average risk", self.limit, self.population)


@dataclass(frozen=True, slots=True, eq=False)
class _MeanOfRows:
    """At most limit * rows classes, the block of suppressed rows counted.

    Monotone: from a usable node, suppress on a coarser one every class that none of the kept classes is in; these
    are rows that were suppressed before, and no more classes are kept. The smallest classes are the fewest rows.
    """

    limit: float
    most: int
    rows: int

    @property
    def union(self) -> Union:
        return Union.ABSORBS

    def satisfied(self, classes: Classes) -> Mask:
        # Each by itself; in a table of few rows not even a single class of all of them.
        return np.full(len(classes.sizes), self.most > 0)

    def monotone(self, *, budget: int) -> bool:
        return True

    def each(self) -> Check:
        return KAnonymity(-(-self.rows // max(self.most, 1)))

    def completed(self, classes: Classes, suppressed: Mask) -> Mask:
        kept = np.flatnonzero(~suppressed)
        if len(kept) + bool(suppressed.any()) <= self.most:
            return suppressed
        found = suppressed.copy()
        smallest = kept[np.argsort(classes.sizes[kept], kind="stable")]
        found[smallest[: max(len(kept) + 1 - self.most, 0)]] = True
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _MeanOfPersons(OfLevels):
    limit: float
    table: CodedTable
    population: Population

    @property
    def union(self) -> Union:
        return Union.ABSORBS

    def satisfied(self, classes: Classes) -> Mask:
        everybody = int(self.population.persons.sum())
        return np.full(len(classes.sizes), 1 / everybody <= self.limit + TOLERANCE)

    def each(self) -> Check:
        return Mapped(math.ceil(1 / self.limit - TOLERANCE), self.table, self.population)

    def monotone(self, *, budget: int) -> bool:
        # Joined classes are written like more persons; but which classes are suppressed is a heuristic.
        return budget == 0

    def completed(self, classes: Classes, suppressed: Mask) -> Mask:
        persons = self.population.sizes(classes, self.table)[0].astype(np.float64)
        everybody = float(self.population.persons.sum())
        risk: Floats = classes.sizes / persons
        hidden: Floats = classes.sizes / everybody
        most = self.limit * float(classes.sizes.sum()) + TOLERANCE
        total = float(np.where(suppressed, hidden, risk).sum())
        if total <= most:
            return suppressed
        kept = np.flatnonzero(~suppressed)
        order = kept[np.argsort(persons[kept], kind="stable")]
        after = total - np.cumsum(risk[order] - hidden[order])
        found = suppressed.copy()
        found[order[: int(np.searchsorted(-after, -most)) + 1]] = True
        return found


def _require_risk(limit: float) -> None:
    number = isinstance(limit, int | float) and not isinstance(limit, bool)
    if not number or not 0 < limit <= 1:
        raise ModelError("limit must be a risk above 0 and at most 1; give for example limit=0.2.")


def _described(name: str, limit: float, population: pd.DataFrame | None) -> dict[str, str | int | float]:
    told: dict[str, str | int | float] = {"model": name, "limit": limit}
    return told if population is None else told | {"population": len(population)}
