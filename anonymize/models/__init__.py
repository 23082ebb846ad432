"""Privacy models: what every class of a released table must satisfy."""

from anonymize.models.closeness import Distance, Equal, Hierarchical, Ordered, TCloseness
from anonymize.models.counts import DistinctLDiversity, KAnonymity
from anonymize.models.diversity import EntropyLDiversity, RecursiveDiversity
from anonymize.models.likeness import BasicBetaLikeness, DeltaDisclosure, EnhancedBetaLikeness
from anonymize.models.protocol import Check, Model, Union

__all__ = [
    "BasicBetaLikeness",
    "Check",
    "DeltaDisclosure",
    "Distance",
    "DistinctLDiversity",
    "EnhancedBetaLikeness",
    "EntropyLDiversity",
    "Equal",
    "Hierarchical",
    "KAnonymity",
    "Model",
    "Ordered",
    "RecursiveDiversity",
    "TCloseness",
    "Union",
]
