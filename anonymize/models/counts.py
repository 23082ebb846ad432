"""Models that count: rows, and distinct values."""

from dataclasses import dataclass

from anonymize.classes import Classes, Mask
from anonymize.coding import CodedTable
from anonymize.models.parameters import require_count
from anonymize.models.protocol import Check, OfColumn, OfRows, Union


@dataclass(frozen=True, slots=True)
class KAnonymity(OfRows):
    """Every class has at least k rows.

    Guarantees: who knows all quasi-identifiers of a person finds at least k rows that may be the person's,
    also for a suppressed person. It says nothing about what those rows have in common.
    Source: L. Sweeney, k-anonymity: a model for protecting privacy, IJUFKS 10(5), 2002.
    """

    k: int

    def __post_init__(self) -> None:
        require_count("k", self.k)

    @property
    def union(self) -> Union:
        return Union.ABSORBS

    def check(self, table: CodedTable) -> Check:
        return self

    def satisfied(self, classes: Classes) -> Mask:
        return classes.sizes >= self.k

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "k-anonymity", "k": self.k}


@dataclass(frozen=True, slots=True)
class DistinctLDiversity(OfColumn):
    """Every class shows at least l distinct values of the sensitive column; a missing value is one value.

    Guarantees: who knows all quasi-identifiers of a person is left with at least l candidate values.
    They need not be equally likely.
    Source: A. Machanavajjhala et al., l-diversity: privacy beyond k-anonymity, ACM TKDD 1(1), 2007.
    """

    column: str
    l: int  # noqa: E741 - the field's own name for the parameter

    def __post_init__(self) -> None:
        require_count("l", self.l)

    @property
    def union(self) -> Union:
        return Union.ABSORBS

    def check(self, table: CodedTable) -> Check:
        return self

    def satisfied(self, classes: Classes) -> Mask:
        return classes.distinct(self.column) >= self.l

    def describe(self) -> dict[str, str | int | float]:
        return {"model": "distinct l-diversity", "column": self.column, "l": self.l}
