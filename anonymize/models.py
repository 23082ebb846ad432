"""Privacy models: what every class of a released table must satisfy, the suppressed block included."""

from dataclasses import dataclass
from typing import Protocol

from anonymize.classes import Classes, Mask
from anonymize.errors import ModelError


class Model(Protocol):
    """A condition on single classes that the union of a passing class with any others passes too.

    The search relies on this monotonicity: a row that is suppressed after coarser recoding is also
    suppressed after every finer one, so an infeasible node condemns all finer nodes.
    """

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The sensitive columns that the model looks at."""

    def satisfied(self, classes: Classes) -> Mask:
        """Tell for each class whether it satisfies the model."""

    def describe(self) -> dict[str, str | int]:
        """The model and its parameters as JSON-able values."""


@dataclass(frozen=True, slots=True)
class KAnonymity:
    """Every class has at least k rows.

    Guarantees: who knows all quasi-identifiers of a person finds at least k rows that may be the person's,
    also for a suppressed person. It says nothing about what those rows have in common.
    Source: L. Sweeney, k-anonymity: a model for protecting privacy, IJUFKS 10(5), 2002.
    """

    k: int

    def __post_init__(self) -> None:
        _require_count("k", self.k)

    @property
    def sensitive(self) -> tuple[str, ...]:
        return ()

    def satisfied(self, classes: Classes) -> Mask:
        return classes.sizes >= self.k

    def describe(self) -> dict[str, str | int]:
        return {"model": "k-anonymity", "k": self.k}


@dataclass(frozen=True, slots=True)
class DistinctLDiversity:
    """Every class shows at least l distinct values of the sensitive column; a missing value is one value.

    Guarantees: who knows all quasi-identifiers of a person is left with at least l candidate values.
    They need not be equally likely.
    Source: A. Machanavajjhala et al., l-diversity: privacy beyond k-anonymity, ACM TKDD 1(1), 2007.
    """

    column: str
    l: int  # noqa: E741 - the field's own name for the parameter

    def __post_init__(self) -> None:
        _require_count("l", self.l)

    @property
    def sensitive(self) -> tuple[str, ...]:
        return (self.column,)

    def satisfied(self, classes: Classes) -> Mask:
        return classes.distinct(self.column) >= self.l

    def describe(self) -> dict[str, str | int]:
        return {"model": "distinct l-diversity", "column": self.column, "l": self.l}


def _require_count(name: str, value: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ModelError(f"{name} must be a whole number of at least 1; give for example {name}=5.")
