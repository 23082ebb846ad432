"""From a table to one that satisfies privacy models."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
import pandas as pd

from anonymize.classes import Codes
from anonymize.coding import CodedTable, code_table, recode
from anonymize.errors import ModelError, SchemaError
from anonymize.evaluation import Evaluation, Evaluator
from anonymize.ladder import leaf_text
from anonymize.loss import Loss
from anonymize.models import DistinctLDiversity, KAnonymity, Model
from anonymize.schema import Schema
from anonymize.search import Optimum, search

DEFAULT_LOSS = Loss()
SUPPRESSED_CLASS = -1

LevelChoice = int | Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class Transformation:
    """A recoding on fixed levels with the models that every use of it must satisfy."""

    schema: Schema
    levels: Mapping[str, int]
    models: tuple[Model, ...]
    suppression_limit: float
    loss_formula: Loss

    def apply(self, df: pd.DataFrame) -> "Result":
        """Recode another table in the same way and check the models again.

        Raises: NoSolutionError when the models fail there on these levels.
        """
        return anonymize(
            df,
            self.schema,
            models=self.models,
            suppression_limit=self.suppression_limit,
            loss=self.loss_formula,
            levels=self.levels,
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
        asked = [model.k for model in self.transformation.models if isinstance(model, KAnonymity)]
        return max(asked, default=None)

    @property
    def diversity(self) -> dict[str, int]:
        """The l that was asked for, per sensitive column."""
        asked: dict[str, int] = {}
        for model in self.transformation.models:
            if isinstance(model, DistinctLDiversity):
                asked[model.column] = max(model.l, asked.get(model.column, 1))
        return asked


def anonymize(
    df: pd.DataFrame,
    schema: Schema,
    *,
    models: Sequence[Model],
    suppression_limit: float = 0.0,
    loss: Loss = DEFAULT_LOSS,
    levels: Mapping[str, LevelChoice] | None = None,
) -> Result:
    """Recode the table with the least loss among all allowed levels that satisfy the models.

    `levels` allows for a column one level or a list of them; the others are free.
    Guarantees: every class of the result satisfies every model, the block of suppressed rows included; at
    most floor(suppression_limit * rows) rows are suppressed, always whole classes, in all quasi-identifiers.
    When the failing rows are too few to pass as a block, the cheapest further class joins them.
    Raises: SchemaError, HierarchyError, ModelError, NoSolutionError, LatticeTooLargeError.
    """
    _check_models(schema, models)
    budget = _budget(suppression_limit, rows=len(df))
    table = code_table(df, schema, sensitive=[column for model in models for column in model.sensitive])
    evaluator = Evaluator(table, models, budget=budget, loss=loss)
    best = (optimum := search(evaluator, _allowed(table, levels or {}))).best
    transformation = Transformation(
        schema=replace(schema, quasi=dict(zip(table.columns, table.hierarchies, strict=True))),
        levels=dict(zip(table.columns, best.levels, strict=True)),
        models=tuple(models),
        suppression_limit=suppression_limit,
        loss_formula=loss,
    )
    hidden = best.suppressed[best.classes.of]
    return Result(
        levels=transformation.levels,
        loss=best.loss,
        suppressed=int(best.classes.sizes[best.suppressed].sum()),
        report=_report(evaluator, optimum, suppression_limit=suppression_limit),
        transformation=transformation,
        class_of_row=np.where(hidden, SUPPRESSED_CLASS, best.classes.of)[table.record_of],
        secrets={column: _texts(df[column]) for column in table.sensitive},
        _frame=recode(df, schema, table=table, levels=best.levels, suppressed=hidden),
    )


def _check_models(schema: Schema, models: Sequence[Model]) -> None:
    if not models:
        raise ModelError("No model was given; give at least one, for example KAnonymity(5).")
    for model in models:
        for column in model.sensitive:
            if column not in schema.sensitive:
                raise ModelError(
                    f"A model looks at {column!r}, which the schema does not call sensitive; add it."
                )


def _budget(limit: float, *, rows: int) -> int:
    if isinstance(limit, bool) or not 0 <= limit <= 1:
        raise SchemaError("suppression_limit must lie between 0 and 1, for example 0.05.")
    # The limit as written, not as its binary approximation: 0.29 of 100 rows are 29.
    return math.floor(Decimal(str(limit)) * rows)


def _allowed(table: CodedTable, levels: Mapping[str, LevelChoice]) -> list[list[int]]:
    if unknown := sorted(set(levels) - set(table.columns)):
        raise SchemaError(f"levels names {unknown[0]!r}, which is no quasi-identifier; correct the name.")
    allowed = []
    for column, ladder in zip(table.columns, table.ladders, strict=True):
        choice = levels.get(column, range(ladder.height))
        chosen = [choice] if isinstance(choice, int) else sorted(set(choice))
        if not chosen or any(level not in range(ladder.height) for level in chosen):
            raise SchemaError(f"Column {column!r} has levels 0 to {ladder.height - 1}; choose among them.")
        allowed.append(chosen)
    return allowed


def _texts(series: pd.Series) -> tuple[str | None, ...]:
    missing = series.isna()
    return tuple(None if gone else leaf_text(value) for value, gone in zip(series, missing, strict=True))


def _report(evaluator: Evaluator, optimum: Optimum, *, suppression_limit: float) -> dict[str, object]:
    table, best = evaluator.table, optimum.best
    before = evaluator.classes([0] * len(table.columns))
    sizes = _released_sizes(best)
    return {
        "asked": {
            "models": [model.describe() for model in evaluator.models],
            "suppression_limit": suppression_limit,
        },
        "rows": table.row_count,
        "suppressed": int(best.classes.sizes[best.suppressed].sum()),
        "levels": dict(zip(table.columns, best.levels, strict=True)),
        "loss": {"total": best.loss, "columns": evaluator.column_losses(best)},
        "classes": {
            "count": len(sizes),
            "smallest": int(sizes.min()),
            "largest": int(sizes.max()),
            "average": float(sizes.mean()),
        },
        "prosecutor_risk": {
            "before": {
                "highest": float(1 / before.sizes.min()),
                "average": len(before.sizes) / table.row_count,
            },
            "after": {"highest": float(1 / sizes.min()), "average": len(sizes) / table.row_count},
        },
        "search": {"lattice": optimum.lattice, "checked": optimum.checked},
    }


def _released_sizes(best: Evaluation) -> Codes:
    kept = best.classes.sizes[~best.suppressed]
    block = int(best.classes.sizes[best.suppressed].sum())
    return np.append(kept, block) if block else kept
