"""Models that bound how much likelier a class makes a single sensitive value than the whole table does."""

import math
from dataclasses import dataclass

import numpy as np

from anonymize.classes import Classes, Histograms, Mask
from anonymize.coding import CodedTable
from anonymize.loss import Floats
from anonymize.models.distributions import greatest, shares, table_shares
from anonymize.models.parameters import TOLERANCE, require_positive
from anonymize.models.protocol import Check, OfColumn, Union


@dataclass(frozen=True, slots=True)
class BasicBetaLikeness(OfColumn):
    """No value is in any class more than (1 + beta) times as frequent as in the whole table.

    Compared with is the table as it was given, suppressed rows included. Union: closed, since a value's share
    of a union lies between its shares of the parts.
    Guarantees: who finds a person's class becomes at most beta times surer of any one value; becoming surer
    that the person does not have a value is not bounded.
    Source: J. Cao, P. Karras, Publishing microdata with a robust privacy guarantee, PVLDB 5(11), 2012, def. 2.
    """

    column: str
    beta: float

    def __post_init__(self) -> None:
        require_positive("beta", self.beta)

    def check(self, table: CodedTable) -> Check:
        whole = table_shares(table.secrets[self.column])
        return _AtMost(self.column, whole * (1 + self.beta))

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "basic beta-likeness", "column": self.column, "beta": self.beta}


@dataclass(frozen=True, slots=True)
class EnhancedBetaLikeness(OfColumn):
    """As basic beta-likeness, and frequent values may gain less: at most the factor 1 - ln(share in the table).

    Guarantees: as basic beta-likeness; besides, no value that is not certain in the whole table becomes
    certain in a class.
    Source: J. Cao, P. Karras, Publishing microdata with a robust privacy guarantee, PVLDB 5(11), 2012, def. 3.
    """

    column: str
    beta: float

    def __post_init__(self) -> None:
        require_positive("beta", self.beta)

    def check(self, table: CodedTable) -> Check:
        whole = table_shares(table.secrets[self.column])
        gain = np.minimum(self.beta, -np.log(np.maximum(whole, np.finfo(float).tiny)))
        return _AtMost(self.column, whole * (1 + gain))

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "enhanced beta-likeness", "column": self.column, "beta": self.beta}


@dataclass(frozen=True, slots=True)
class DeltaDisclosure(OfColumn):
    """In every class every value of the table occurs, at less than e**delta times more or less than in the table.

    A class that lacks a value fails, as in the definition; some programs look at occurring values only.
    Union: closed, since a value's share of a union lies between its shares of the parts.
    Guarantees: who finds a person's class becomes neither surer of a value, nor surer that the person does
    not have it, by a factor of e**delta.
    Source: J. Brickell, V. Shmatikov, The cost of privacy, KDD 2008, def. 2.
    """

    column: str
    delta: float

    def __post_init__(self) -> None:
        require_positive("delta", self.delta)

    def check(self, table: CodedTable) -> Check:
        return _Within(self.column, self.delta, table_shares(table.secrets[self.column]))

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "delta-disclosure privacy", "column": self.column, "delta": self.delta}


@dataclass(frozen=True, slots=True, eq=False)
class _AtMost:
    column: str
    limits: Floats

    @property
    def union(self) -> Union:
        return Union.CLOSED

    def satisfied(self, classes: Classes) -> Mask:
        histograms = classes.histograms(self.column)
        excess = shares(histograms) - self.limits[histograms.values]
        found: Mask = greatest(excess, histograms.starts) <= TOLERANCE
        return found


@dataclass(frozen=True, slots=True, eq=False)
class _Within:
    column: str
    delta: float
    table: Floats

    @property
    def union(self) -> Union:
        return Union.CLOSED

    def satisfied(self, classes: Classes) -> Mask:
        histograms = classes.histograms(self.column)
        complete = np.diff(histograms.starts) == int((self.table > 0).sum())
        found: Mask = complete & (log_ratios(histograms, self.table) < self.delta)
        return found


def gains(histograms: Histograms, table: Floats) -> Floats:
    """For each class how much more frequent than in the table its most gaining value is: (p - q) / q."""
    ratio = shares(histograms) / table[histograms.values] - 1
    return greatest(ratio, histograms.starts)


def log_ratios(histograms: Histograms, table: Floats) -> Floats:
    """For each class the largest |ln(p / q)| over the values that occur in it."""
    ratio = np.abs(np.log(shares(histograms) / table[histograms.values]))
    return greatest(ratio, histograms.starts)


def enhanced_gain(histograms: Histograms, table: Floats) -> float:
    """The smallest beta for which all classes are enhanced beta-like; infinite when there is none."""
    share = table[histograms.values]
    ratio = shares(histograms) / share - 1
    if (ratio > -np.log(share) + TOLERANCE).any():
        return math.inf
    return float(ratio.max(initial=0.0))
