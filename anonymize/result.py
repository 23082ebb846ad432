"""An anonymised table, and the recoding that made it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from anonymize.asked import Asked
from anonymize.classes import Codes
from anonymize.coding import Recoding, code_table, recode
from anonymize.errors import NoSolutionError
from anonymize.evaluation import Evaluator
from anonymize.models import DistinctLDiversity, KAnonymity
from anonymize.report import report
from anonymize.schema import Schema
from anonymize.search import why_none

SUPPRESSED_CLASS = -1


@dataclass(frozen=True, slots=True, eq=False)
class Transformation:
    """A recoding on fixed levels with what every use of it must satisfy."""

    schema: Schema
    levels: Mapping[str, int]
    asked: Asked

    def apply(self, df: pd.DataFrame) -> "Result":
        """Recode another table in the same way and check the models again.

        Raises: NoSolutionError when the models fail there on these levels.
        """
        table = code_table(df, self.schema, sensitive=self.asked.sensitive)
        evaluator = self.asked.evaluator(table)
        levels = tuple(self.levels[column] for column in table.columns)
        node = evaluator.evaluate(levels)
        if math.isinf(node.loss):
            raise NoSolutionError(why_none(evaluator, levels))
        return publish(
            df, self.schema, asked=self.asked, evaluator=evaluator, recoding=node.recoding, search={}
        )


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """An anonymised table that has passed its models.

    `suppressed` counts rows; `report` is JSON-able and holds no value of the table. `class_of_row` has
    the class of each row, -1 where suppressed; `secrets` the sensitive values that a model looked at.
    """

    levels: Mapping[str, int]
    loss: float
    suppressed: int
    report: Mapping[str, object]
    transformation: Transformation
    class_of_row: Codes = field(repr=False)
    secrets: Mapping[str, tuple[str | None, ...]] = field(repr=False)
    _frame: pd.DataFrame = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """The table, rows in the order of the input; changing it does not change the result."""
        return self._frame.copy(deep=False)

    @property
    def k(self) -> int | None:
        """The k that was asked for, if any."""
        asked = [model.k for model in self.transformation.asked.models if isinstance(model, KAnonymity)]
        return max(asked, default=None)

    @property
    def diversity(self) -> dict[str, int]:
        """The l that was asked for, per sensitive column."""
        asked: dict[str, int] = {}
        for model in self.transformation.asked.models:
            if isinstance(model, DistinctLDiversity):
                asked[model.column] = max(model.l, asked.get(model.column, 1))
        return asked


def publish(
    df: pd.DataFrame,
    schema: Schema,
    *,
    asked: Asked,
    evaluator: Evaluator,
    recoding: Recoding,
    search: Mapping[str, object],
) -> Result:
    """Write a table as a recoding that satisfies the models says; `search` tells how it was found."""
    table = evaluator.table
    loss = evaluator.loss.of_recoding(recoding)
    levels = dict(zip(table.columns, recoding.levels.max(axis=0).tolist(), strict=True))
    return Result(
        levels=levels,
        loss=loss,
        suppressed=recoding.suppressed_rows,
        report=report(
            evaluator,
            recoding,
            loss=loss,
            levels=levels,
            suppression_limit=asked.suppression_limit,
            search=search,
        ),
        transformation=Transformation(
            schema=replace(schema, quasi=dict(zip(table.columns, table.hierarchies, strict=True))),
            levels=levels,
            asked=asked,
        ),
        class_of_row=np.where(recoding.hidden, SUPPRESSED_CLASS, recoding.of)[table.record_of],
        secrets={
            column: tuple(np.array(secret.values, dtype=object)[secret.codes[table.record_of]])
            for column, secret in table.secrets.items()
        },
        _frame=recode(df, schema, table=table, recoding=recoding),
    )
