"""l-diversity by how the sensitive values are distributed within a class."""

import math
from dataclasses import dataclass

import numpy as np

from anonymize.classes import Classes, Histograms, Mask
from anonymize.coding import CodedTable
from anonymize.loss import Floats
from anonymize.models.distributions import totals
from anonymize.models.parameters import require_count, require_positive
from anonymize.models.protocol import Check, OfColumn, Union


@dataclass(frozen=True, slots=True)
class EntropyLDiversity(OfColumn):
    """The entropy of the sensitive column in every class is at least that of l equally likely values.

    l need not be whole. Entropies are compared as computed (in bits): a class that is exactly on the limit,
    such as two of each of three values, can fail by rounding, as it does in ARX. The error is on the safe side
    but for 1e-15.
    Union: closed. The entropy of a mixture is at least the mean of the parts' entropies (it is concave).
    Guarantees: who knows all quasi-identifiers of a person is as uncertain about the value as among l equally
    likely ones; no value can be certain when l > 1.
    Source: A. Machanavajjhala et al., l-diversity: privacy beyond k-anonymity, ACM TKDD 1(1), 2007, def. 4.1.
    """

    column: str
    l: float  # noqa: E741 - the field's own name for the parameter

    def __post_init__(self) -> None:
        require_positive("l", self.l, least=1)

    @property
    def union(self) -> Union:
        return Union.CLOSED

    def check(self, table: CodedTable) -> Check:
        return self

    def satisfied(self, classes: Classes) -> Mask:
        found: Mask = entropies(classes.histograms(self.column)) >= math.log(self.l) / math.log(2)
        return found

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "entropy l-diversity", "column": self.column, "l": self.l}


@dataclass(frozen=True, slots=True)
class RecursiveDiversity(OfColumn):
    """In every class the most frequent value is rarer than c times all from the l-th most frequent on.

    Union: closed. The largest count of a union is at most the sum of the parts' largest, and what lies
    beyond the l - 1 largest at least the sum of what lies beyond them in the parts.
    Guarantees: who rules out l - 2 values still does not see the most frequent remaining one dominate.
    Source: A. Machanavajjhala et al., l-diversity: privacy beyond k-anonymity, ACM TKDD 1(1), 2007, def. 4.2.
    """

    column: str
    l: int  # noqa: E741 - the field's own name for the parameter
    c: float

    def __post_init__(self) -> None:
        require_count("l", self.l)
        require_positive("c", self.c)

    @property
    def union(self) -> Union:
        return Union.CLOSED

    def check(self, table: CodedTable) -> Check:
        return self

    def satisfied(self, classes: Classes) -> Mask:
        most, rest = most_and_rest(classes.histograms(self.column), self.l)
        found: Mask = most < self.c * rest
        return found

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "recursive (c,l)-diversity", "column": self.column, "l": self.l, "c": self.c}


def entropies(histograms: Histograms) -> Floats:
    """The entropy of each class in bits; 0 for a class without rows."""
    counts, starts = histograms.counts.astype(np.float64), histograms.starts
    sizes = np.maximum(totals(counts, starts), 1.0)
    weighted = totals(counts * (np.log(counts) / math.log(2)), starts)
    return np.asarray(np.log(sizes) / math.log(2) - weighted / sizes, dtype=np.float64)


def most_and_rest(histograms: Histograms, least: int) -> tuple[Floats, Floats]:
    """For each class the largest count, and the sum of all counts from the `least`-th largest on."""
    of = histograms.of
    order = np.lexsort((-histograms.counts, of))
    counts = histograms.counts[order].astype(np.float64)
    rank = np.arange(len(of)) - histograms.starts[of]
    most = totals(np.where(rank == 0, counts, 0.0), histograms.starts)
    return most, totals(np.where(rank >= least - 1, counts, 0.0), histograms.starts)
