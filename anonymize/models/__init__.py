"""Privacy models: what every class of a released table must satisfy."""

from anonymize.models.counts import DistinctLDiversity, KAnonymity
from anonymize.models.protocol import Check, Model, Union

__all__ = ["Check", "DistinctLDiversity", "KAnonymity", "Model", "Union"]
