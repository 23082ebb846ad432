"""Recodings applied on the cluster: every value and every class is looked up in a small broadcast table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, and_
from typing import Final

import numpy as np
import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as sf
from pyspark.sql.types import BooleanType, LongType, StringType, StructField, StructType

from anonymize.classes import KEY_LIMIT, Codes
from anonymize.coding import CodedTable, Recoding
from anonymize.ladder import TOP
from anonymize.spark.records import Source

_CHANGED: Final = (
    "The table has changed since its classes were checked: persist it, or read it from where nobody writes."
)


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """One quasi-identifier on its level. Shape: `groups` has one entry per record."""

    at: int
    column: str
    level: int
    groups: Codes
    labels: Sequence[str | None]

    @property
    def group(self) -> Column:
        return sf.col(f"group_{self.at}")

    @property
    def label(self) -> Column:
        return sf.col(f"label_{self.at}")


def recode(
    source: Source,
    records: pd.DataFrame,
    *,
    identifying: Iterable[str],
    table: CodedTable,
    recoding: Recoding,
) -> DataFrame:
    """Write a Spark table as a global recoding of its records says, '*' in suppressed rows.

    Guarantees: computing it fails where a row is in no class that was checked. A quasi-identifier on level 0
    keeps its type if nothing is suppressed, else it is text, as on every other level.
    """
    shown = [
        _Shown(at, column, level, ladder.groups[level][leaves], ladder.labels[level])
        for at, (column, level, ladder, leaves) in enumerate(
            zip(table.columns, recoding.levels[0].tolist(), table.ladders, table.leaves, strict=True)
        )
    ]
    frame = source.frame
    for each in shown:
        values = _values(source, records, table=table, shown=each)
        frame = frame.join(
            sf.broadcast(values), source.key(each.column).eqNullSafe(sf.col(f"value_{each.at}")), "left"
        )
    frame = _with_classes(frame, shown, recoding)
    cells = {each.column: _cell(source, each, recoding) for each in shown}
    leaving = [column for column in source.names if column not in set(identifying)]
    return frame.select(*(cells.get(column, source.raw(column)) for column in leaving)).toDF(*leaving)


def _values(source: Source, records: pd.DataFrame, *, table: CodedTable, shown: _Shown) -> DataFrame:
    """Every value of a column with its group and label."""
    codes, distinct = pd.factorize(records[shown.column])
    numbers, first = np.unique(codes, return_index=True)
    groups = shown.groups[table.record_of[first]].tolist()
    values = distinct.tolist()
    rows: list[tuple[object, int, str | None]] = []
    for number, group in zip(numbers.tolist(), groups, strict=True):
        label = shown.labels[group]
        rows.append((None if number < 0 else values[number], group, label))
        if number < 0 and source.is_float(shown.column):
            rows.append((float("nan"), group, label))
    schema = StructType(
        [
            StructField(f"value_{shown.at}", source.key_type(shown.column)),
            StructField(f"group_{shown.at}", LongType()),
            StructField(f"label_{shown.at}", StringType()),
        ]
    )
    return source.frame.sparkSession.createDataFrame(rows, schema, verifySchema=False)


def _with_classes(frame: DataFrame, shown: Sequence[_Shown], recoding: Recoding) -> DataFrame:
    """Join to every row whether its class is suppressed, null if the class is unknown."""
    example = np.empty(len(recoding.sizes), dtype=np.int64)
    example[recoding.of] = np.arange(len(recoding.of))
    there, here, names = [], [], []
    for number, part in enumerate(_parts(shown)):
        factors = np.cumprod([1, *(len(each.labels) for each in part[:-1])], dtype=np.int64).tolist()
        here.append(reduce(add, (each.group * factor for each, factor in zip(part, factors, strict=True))))
        there.append(sum(each.groups[example] * factor for each, factor in zip(part, factors, strict=True)))
        names.append(f"class_{number}")
    classes = frame.sparkSession.createDataFrame(
        list(zip(*(np.asarray(key).tolist() for key in there), recoding.suppressed.tolist(), strict=True)),
        StructType(
            [*(StructField(name, LongType()) for name in names), StructField("hidden", BooleanType())]
        ),
        verifySchema=False,
    )
    same = reduce(and_, (key == sf.col(name) for key, name in zip(here, names, strict=True)))
    return frame.join(sf.broadcast(classes), same, "left")


def _parts(shown: Sequence[_Shown]) -> list[list[_Shown]]:
    """Runs of columns whose groups fit into one integer."""
    parts: list[list[_Shown]] = [[]]
    span = 1
    for each in shown:
        if span * len(each.labels) >= KEY_LIMIT:
            parts.append([])
            span = 1
        parts[-1].append(each)
        span *= len(each.labels)
    return parts


def _cell(source: Source, shown: _Shown, recoding: Recoding) -> Column:
    hidden = sf.col("hidden")
    as_is = not shown.level and not recoding.suppressed.any()
    known = source.shown(shown.column) if as_is else sf.when(hidden, sf.lit(TOP)).otherwise(shown.label)
    return sf.when(hidden.isNotNull(), known).otherwise(sf.raise_error(sf.lit(_CHANGED)))
