"""Population uniqueness as a model for the search."""

from dataclasses import dataclass
from typing import Literal, get_args

from anonymize.classes import Classes, Mask
from anonymize.coding import CodedTable
from anonymize.errors import ModelError
from anonymize.models.parameters import require_share
from anonymize.models.protocol import Check, OfRows, Union
from anonymize.population import require_fraction, uniqueness_of

Estimate = Literal["dankar", "pitman", "zayatz", "snb"]


@dataclass(frozen=True, slots=True)
class PopulationUniqueness(OfRows):
    """At most the share `limit` of the population is unique by estimate, or no class has a single row.

    The table is taken to be a random sample with `sampling_fraction` of the population's rows. The estimate is
    made on each combination of levels, from all its classes before any is suppressed; where it exceeds the
    limit, or does not exist, every class of one row fails.
    Union: open; an estimate can rise as classes are joined. The search therefore looks at one node after the
    other, and Pitman's and the negative binomial model take some 10 ms on each: allow few levels.
    Guarantees: by the estimate, whoever finds a row that is unique here is seldom right to take it for unique
    in the population; estimates can be wrong.
    Source: F. Dankar, K. El Emam, A. Neisa, T. Roffey, Estimating the re-identification risk of clinical data
    sets, BMC Medical Informatics and Decision Making 12:66, 2012.
    Raises: ModelError, SchemaError for impossible parameters.
    """

    limit: float
    sampling_fraction: float
    estimate: Estimate = "dankar"

    def __post_init__(self) -> None:
        require_share("limit", self.limit)
        require_fraction(self.sampling_fraction)
        if self.estimate not in get_args(Estimate):
            raise ModelError(f"estimate must be one of {', '.join(get_args(Estimate))}.")

    @property
    def union(self) -> Union:
        return Union.OPEN

    def check(self, table: CodedTable) -> Check:
        return self

    def satisfied(self, classes: Classes) -> Mask:
        several: Mask = classes.sizes > 1
        if several.all():
            return several
        found = getattr(uniqueness_of(classes.sizes, self.sampling_fraction), self.estimate)
        return several | (found is not None and found <= self.limit)

    def describe(self) -> dict[str, str | int | float]:
        return {
            "model": "population uniqueness",
            "limit": self.limit,
            "sampling_fraction": self.sampling_fraction,
            "estimate": self.estimate,
        }
