"""A Spark table's distinct records, counted on the cluster."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf
from pyspark.sql.types import DataType, DecimalType, DoubleType, FloatType, TimestampNTZType, TimestampType

from anonymize.classes import Codes
from anonymize.errors import SchemaError
from anonymize.schema import check_names, check_rows

_NUMBERS: Final = ("tinyint", "smallint", "int", "bigint", "float", "double")
_PLAIN: Final = frozenset([*_NUMBERS, "string", "boolean", "date", "timestamp", "timestamp_ntz"])
_SPARKS_LONGEST_PRINT: Final = 40


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A Spark table with its columns renamed by position: Spark finds names such as 'a.b' or 'A' by its own rules.

    `names` are the columns' own names; `types` has what is compared, values of quasi-identifiers and sensitive
    columns.
    """

    frame: DataFrame
    names: tuple[str, ...]
    types: Mapping[str, DataType]

    @classmethod
    def of(cls, df: DataFrame, named: Iterable[str], *, compared: Iterable[str]) -> "Source":
        """Raises: SchemaError when a named column is missing or a compared one holds no plain values."""
        if not isinstance(df, DataFrame) or df.isStreaming:
            raise SchemaError(
                "The table must be a Spark DataFrame that is no stream; pandas tables go to anonymize.anonymize."
            )
        names = tuple(df.columns)
        check_names(pd.Index(names, dtype=object), named)
        types = {field.name: field.dataType for field in df.schema.fields}
        for column in compared:
            _check_type(column, types[column])
        renamed = df.toDF(*(_alias(position) for position in range(len(names))))
        return cls(renamed, names, {column: types[column] for column in compared})

    def raw(self, column: str) -> Column:
        """The column as it is."""
        return sf.col(_alias(self.names.index(column)))

    def key(self, column: str) -> Column:
        """The column's value as it is compared: a time as it is shown in the session's time zone."""
        raw = self.raw(column)
        return raw.cast(TimestampNTZType()) if isinstance(self.types[column], TimestampType) else raw

    def shown(self, column: str) -> Column:
        """The column as it is on level 0: equal times leave as one, also where a clock put back shows them twice."""
        raw, key = self.raw(column), self.key(column)
        return key.cast(TimestampType()) if isinstance(self.types[column], TimestampType) else raw

    def key_type(self, column: str) -> DataType:
        """The type of `key`."""
        type_ = self.types[column]
        return TimestampNTZType() if isinstance(type_, TimestampType) else type_

    def is_float(self, column: str) -> bool:
        """Whether the column can hold NaN, which is as missing as null."""
        return isinstance(self.types[column], FloatType | DoubleType)

    def records(self) -> tuple[pd.DataFrame, Codes]:
        """The distinct records of the compared columns, in their order, and how many rows each has.

        Raises: SchemaError when there is no row.
        """
        columns = list(self.types)
        keys = [self.key(column).alias(f"key_{at}") for at, column in enumerate(columns)]
        signs = [self._sign(column).alias(f"sign_{at}") for at, column in enumerate(columns)]
        # Grouped by at least a constant: by nothing at all, an empty table would have a group.
        grouped = self.frame.groupBy(*keys, *signs, sf.lit(0).alias("one"))
        counted = grouped.agg(sf.count(sf.lit(1)).alias("rows")).collect()
        check_rows(len(counted))
        cells = list(zip(*counted, strict=True))
        found = pd.DataFrame(
            {
                column: self._series(column, cells[at], cells[len(columns) + at])
                for at, column in enumerate(columns)
            },
            index=range(len(counted)),
        )
        # The order in which Spark answers is chance; sorted, the same table gives the same result.
        found = found.sort_values(columns, kind="stable")
        rows = np.array(cells[-1], dtype=np.int64)[found.index]
        return found.reset_index(drop=True), rows

    def _sign(self, column: str) -> Column:
        # Spark groups 0.0 and -0.0 together, though they are not written equally.
        if not self.is_float(column):
            return sf.lit(False)
        return sf.coalesce(self.raw(column).cast("string") == "-0.0", sf.lit(False))

    def _series(self, column: str, cells: Sequence[object], negative: Sequence[object]) -> pd.Series:
        if not self.is_float(column):
            return pd.Series(cells, dtype=object)
        numbers = np.array(cells, dtype=np.float64)
        return pd.Series(np.where(np.array(negative, dtype=np.bool_), -0.0, numbers))


def _alias(position: int) -> str:
    return f"column_{position}"


def _check_type(column: str, type_: DataType) -> None:
    name = type_.simpleString()
    if name not in _PLAIN and not isinstance(type_, DecimalType):
        raise SchemaError(
            f"Column {column!r} has Spark's type {name[:_SPARKS_LONGEST_PRINT]}; convert it with cast to a string,"
            " a number, a boolean, a date or a timestamp."
        )
