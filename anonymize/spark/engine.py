"""Anonymising where the rows are: classes are counted and rows recoded on the cluster, the search is on the driver."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd
from pyspark.sql import DataFrame

from anonymize.anonymizer import DEFAULT_LOSS, LevelChoice, allowed_levels, check_level_names, limited
from anonymize.asked import Asked, listed
from anonymize.coding import Recoding, code_records
from anonymize.counting import AnyLoss
from anonymize.errors import HierarchyError, ModelError
from anonymize.evaluation import BlockRule, Evaluator
from anonymize.measure import Measurement, check_roles, measured
from anonymize.models import Model
from anonymize.report import Outcome
from anonymize.result import Transformation, transformation_of
from anonymize.schema import Schema
from anonymize.search import Watch, go_on, search
from anonymize.spark.recoding import recode
from anonymize.spark.records import Source


@dataclass(frozen=True, slots=True, eq=False)
class SparkResult:
    """An anonymised Spark table that has passed its models.

    `frame` is computed by Spark when it is used; its rows may be in the order of the input, so that whoever
    releases it has to shuffle them (`frame.orderBy(rand())`). `suppressed` counts rows. `transformation` serves
    pandas tables too.
    """

    frame: DataFrame = field(repr=False)
    levels: Mapping[str, int]
    loss: float
    suppressed: int
    transformation: Transformation
    _outcome: Outcome = field(repr=False)

    @property
    def report(self) -> Mapping[str, object]:
        """What was asked, is guaranteed and was lost: JSON-able, and no value of the table."""
        return self._outcome.summary


def anonymize(
    df: DataFrame,
    schema: Schema,
    *,
    models: Sequence[Model],
    suppression_limit: float = 0.0,
    loss: AnyLoss = DEFAULT_LOSS,
    levels: Mapping[str, LevelChoice] | None = None,
    block: BlockRule = "checked",
    time_limit: float | None = None,
    watch: Watch = go_on,
    clock: Callable[[], float] = time.monotonic,
) -> SparkResult:
    """Recode a Spark table globally as `anonymize.anonymize` does a pandas table; arguments mean the same.

    The driver holds the distinct records of quasi-identifiers and of the sensitive columns that models look at,
    never a row. Times are compared as they are shown in the session's time zone.
    Guarantees: levels, loss, suppressed rows, report and cells are those of `anonymize.anonymize` for the same
    rows sorted by these columns; of equally good tables another order of rows can give another. They hold for
    the rows that were counted: a table that Spark may compute differently the next time (`limit`, a source that
    is written to) has to be persisted first. Classes that were not counted make the computation of `frame` fail.
    A column on level 0 keeps its type if nothing is suppressed; else it is text, as Spark's columns have one type.
    Raises: SchemaError, HierarchyError (without row numbers, which Spark tables have not), ModelError,
    NoSolutionError, SearchStoppedError.
    """
    asked = Asked(listed(models), suppression_limit, loss, block)
    asked.check(schema)
    check_level_names(levels or {}, schema.quasi)
    coded = _Coded.of(df, schema, asked)
    allowed = allowed_levels(coded.evaluator.table, levels or {})
    watched = limited(watch, allowed, time_limit=time_limit, clock=clock)
    optimum = search(coded.evaluator, allowed, watch=watched)
    return coded.publish(optimum.best.recoding, optimum.describe())


def apply(transformation: Transformation, df: DataFrame) -> SparkResult:
    """Recode another Spark table in the same way, as `Transformation.apply` does a pandas table.

    Raises: NoSolutionError when the models fail there so; ModelError for a local recoding.
    """
    if transformation.pattern is not None:
        raise ModelError("Spark applies global recodings only; anonymise with recoding='global'.")
    coded = _Coded.of(df, transformation.schema, transformation.asked)
    return coded.publish(transformation.on_levels(coded.evaluator), {})


def measure(df: DataFrame, *, quasi: Sequence[str], sensitive: Sequence[str] = ()) -> Measurement:
    """Measure a Spark table as `anonymize.measure` does a pandas table; its classes are counted on the cluster.

    Raises: SchemaError.
    """
    check_roles(quasi, sensitive)
    columns = [*quasi, *sensitive]
    records, rows = Source.of(df, columns, compared=columns).records()
    return measured(records, rows, quasi=quasi, sensitive=sensitive)


@dataclass(frozen=True, slots=True, eq=False)
class _Coded:
    """A Spark table whose records are counted and coded."""

    source: Source
    records: pd.DataFrame
    schema: Schema
    asked: Asked
    evaluator: Evaluator

    @classmethod
    def of(cls, df: DataFrame, schema: Schema, asked: Asked) -> "_Coded":
        named = [*schema.quasi, *schema.sensitive, *schema.identifying]
        source = Source.of(df, named, compared=[*schema.quasi, *asked.sensitive])
        records, rows = source.records()
        try:
            table = code_records(records, schema.quasi, sensitive=asked.sensitive, weights=rows)
        except HierarchyError as cause:
            # A record's position is no row of the caller's.
            told = str(cause).replace(f", row {cause.row}:", ":", 1)
            raise HierarchyError(told, column=cause.column) from cause
        return cls(source, records, schema, asked, asked.evaluator(table))

    def publish(self, recoding: Recoding, search: Mapping[str, object]) -> SparkResult:
        table, identifying = self.evaluator.table, self.schema.identifying
        transformation = transformation_of(self.schema, asked=self.asked, table=table, recoding=recoding)
        return SparkResult(
            frame=recode(self.source, self.records, identifying=identifying, table=table, recoding=recoding),
            levels=transformation.levels,
            loss=self.evaluator.loss.of_recoding(recoding),
            suppressed=recoding.suppressed_rows,
            transformation=transformation,
            _outcome=Outcome(self.asked, self.evaluator, recoding, search),
        )
