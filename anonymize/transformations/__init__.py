"""Transformations of columns before a table is anonymised, or of single cells after."""

from anonymize.transformations.aggregation import MicroAggregation
from anonymize.transformations.applying import Transformed, transform
from anonymize.transformations.bounding import BottomCoding, TopCoding
from anonymize.transformations.cells import CellSuppression
from anonymize.transformations.noise import GeometricNoise, LaplaceNoise
from anonymize.transformations.protocol import ColumnTransformation, TableTransformation
from anonymize.transformations.rounding import Rounding
from anonymize.transformations.sampling import Sampling
from anonymize.transformations.truncation import DateTruncation

__all__ = [
    "BottomCoding",
    "CellSuppression",
    "ColumnTransformation",
    "DateTruncation",
    "GeometricNoise",
    "LaplaceNoise",
    "MicroAggregation",
    "Rounding",
    "Sampling",
    "TableTransformation",
    "TopCoding",
    "Transformed",
    "transform",
]
