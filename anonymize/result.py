"""An anonymised table, and the recoding that made it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from anonymize.asked import Asked
from anonymize.classes import Codes
from anonymize.coding import CodedTable, Recoding, code_table, recode
from anonymize.errors import FileFormatError, NoSolutionError
from anonymize.evaluation import Evaluator
from anonymize.local_again import Pattern
from anonymize.models import DistinctLDiversity, KAnonymity
from anonymize.report import Account
from anonymize.schema import Schema
from anonymize.search import why_none

SUPPRESSED_CLASS = -1


@dataclass(frozen=True, slots=True, eq=False)
class Transformation:
    """A recoding with what every use of it must satisfy.

    `pattern` has the classes of a local recoding, None where all classes are on `levels`.
    """

    schema: Schema
    levels: Mapping[str, int]
    asked: Asked
    pattern: Pattern | None = field(default=None, repr=False)

    def apply(self, df: pd.DataFrame) -> "Result":
        """Recode another table in the same way and check the models again.

        Of local recoding each row goes to the class that loses least among those that have room for it, and
        is suppressed where none has.
        Raises: NoSolutionError when the models fail there so.
        """
        table = code_table(df, self.schema, sensitive=self.asked.sensitive)
        evaluator = self.asked.evaluator(table)
        recoding = self.on_levels(evaluator) if self.pattern is None else self.pattern.applied(evaluator)
        return publish(df, self.schema, asked=self.asked, evaluator=evaluator, recoding=recoding, search={})

    def on_levels(self, evaluator: Evaluator) -> Recoding:
        """What the levels do to another table. Raises: NoSolutionError when the models fail there."""
        levels = tuple(self.levels[column] for column in evaluator.table.columns)
        node = evaluator.evaluate(levels)
        if math.isinf(node.loss):
            raise NoSolutionError(why_none(evaluator, levels))
        return node.recoding


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """An anonymised table that has passed its models.

    `levels` are those of all classes, of local recoding the coarsest of any. `suppressed` counts rows.
    `class_of_row` has the class of each row, -1 where suppressed; `secrets` the
    sensitive values that a model looked at.
    """

    levels: Mapping[str, int]
    loss: float
    suppressed: int
    transformation: Transformation
    class_of_row: Codes = field(repr=False)
    secrets: Mapping[str, tuple[str | None, ...]] = field(repr=False)
    _frame: pd.DataFrame = field(repr=False)
    _account: Account = field(repr=False)

    @property
    def report(self) -> Mapping[str, object]:
        """What was asked, is guaranteed and was lost: JSON-able, and no value of the table."""
        return self._account.summary

    def full_report(
        self,
        *,
        sampling_fraction: float | None = None,
        target: str | None = None,
        transformed: Sequence[Mapping[str, object]] = (),
    ) -> dict[str, object]:
        """The report with other losses, digests of both tables and checks of legal rules; these take seconds.

        `sampling_fraction` is which part of the population the table holds: with it population uniqueness is
        estimated too. `target` is a column that models learn to predict, from the table before and after.
        `transformed` is the log of `transform`, if the table was transformed before it was anonymised. The
        digest of the input confirms a guess of the whole input: it is for the holder's files.
        Raises: SchemaError for an impossible fraction or target.
        """
        found = self._account.full(sampling_fraction, target)
        return {**found, "transformed": [dict(step) for step in transformed]} if transformed else found

    def report_page(
        self,
        *,
        sampling_fraction: float | None = None,
        target: str | None = None,
        transformed: Sequence[Mapping[str, object]] = (),
    ) -> str:
        """The full report as one HTML page in English and Japanese, with plots and a few released rows."""
        from anonymize.report_page import page

        found = self.full_report(sampling_fraction=sampling_fraction, target=target, transformed=transformed)
        return page(found, self._account)

    def write_report(
        self,
        path: str | Path,
        *,
        sampling_fraction: float | None = None,
        target: str | None = None,
        transformed: Sequence[Mapping[str, object]] = (),
    ) -> None:
        """Write the full report as the file's name says, .json or .html. Raises: FileFormatError for other names."""
        file = Path(path)
        match file.suffix.lower():
            case ".json":
                found = self.full_report(
                    sampling_fraction=sampling_fraction, target=target, transformed=transformed
                )
                text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
            case ".html":
                text = self.report_page(
                    sampling_fraction=sampling_fraction, target=target, transformed=transformed
                )
            case _:
                raise FileFormatError("A report is written to a file that ends in .json or .html; rename it.")
        file.write_text(text, encoding="utf-8")

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


def transformation_of(
    schema: Schema, *, asked: Asked, table: CodedTable, recoding: Recoding
) -> Transformation:
    """What was done to a table, to be done to others."""
    return Transformation(
        schema=replace(schema, quasi=dict(zip(table.columns, table.hierarchies, strict=True))),
        levels=dict(zip(table.columns, recoding.levels.max(axis=0).tolist(), strict=True)),
        asked=asked,
        pattern=Pattern.of(table, recoding) if len(recoding.levels) > 1 else None,
    )


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
    released = recode(df, schema, table=table, recoding=recoding)
    transformation = transformation_of(schema, asked=asked, table=table, recoding=recoding)
    return Result(
        levels=transformation.levels,
        loss=evaluator.loss.of_recoding(recoding),
        suppressed=recoding.suppressed_rows,
        transformation=transformation,
        class_of_row=np.where(recoding.hidden, SUPPRESSED_CLASS, recoding.of)[table.record_of],
        secrets={
            column: tuple(np.array(secret.values, dtype=object)[secret.codes[table.record_of]])
            for column, secret in table.secrets.items()
        },
        _frame=released,
        _account=Account(
            asked=asked,
            schema=schema,
            evaluator=evaluator,
            recoding=recoding,
            search=search,
            source=df.copy(deep=False),
            released=released,
        ),
    )
