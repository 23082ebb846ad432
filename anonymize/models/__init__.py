"""Privacy models: what every class of a released table must satisfy."""

from anonymize.models.beside import DeltaPresence, KMap
from anonymize.models.closeness import Distance, Equal, Hierarchical, Ordered, TCloseness
from anonymize.models.counts import DistinctLDiversity, KAnonymity
from anonymize.models.diversity import EntropyLDiversity, RecursiveDiversity
from anonymize.models.likeness import BasicBetaLikeness, DeltaDisclosure, EnhancedBetaLikeness
from anonymize.models.protocol import Check, Model, TableCheck, Union
from anonymize.models.risk import AverageRisk, MaximalRisk

__all__ = [
    "AverageRisk",
    "BasicBetaLikeness",
    "Check",
    "DeltaDisclosure",
    "DeltaPresence",
    "Distance",
    "DistinctLDiversity",
    "EnhancedBetaLikeness",
    "EntropyLDiversity",
    "Equal",
    "Hierarchical",
    "KAnonymity",
    "KMap",
    "MaximalRisk",
    "Model",
    "Ordered",
    "RecursiveDiversity",
    "TCloseness",
    "TableCheck",
    "Union",
]
