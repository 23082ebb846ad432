"""What a transformation is to `transform`: one of each column by itself, or one of several columns together."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import pandas as pd


class ColumnTransformation(ABC):
    """Changes a column without looking at any other."""

    __slots__ = ()

    @abstractmethod
    def apply(self, series: pd.Series) -> pd.Series:
        """The column changed; name, index and missing values stay. Raises: TransformationError, SchemaError."""

    @abstractmethod
    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""


class TableTransformation(ABC):
    """Changes several columns of a table, looking at them together."""

    __slots__ = ()

    @abstractmethod
    def apply(self, df: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
        """The table with these columns changed. Raises: TransformationError, SchemaError."""

    @abstractmethod
    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
