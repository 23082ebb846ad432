"""What was asked of an anonymisation, apart from the table and its schema."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Real
from typing import Literal

from anonymize.coding import CodedTable
from anonymize.counting import AnyLoss
from anonymize.errors import ModelError, SchemaError
from anonymize.evaluation import BlockRule, Evaluator
from anonymize.loss import Loss
from anonymize.models import Model
from anonymize.schema import Schema

RecodingRule = Literal["global", "local"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Models, how many rows may be suppressed, how loss is counted, and what the suppressed block owes.

    Raises: ModelError, SchemaError when these make no sense by themselves.
    """

    models: tuple[Model, ...]
    suppression_limit: float
    loss: AnyLoss = field(default_factory=Loss)
    block: BlockRule = "checked"
    recoding: RecodingRule = "global"

    def __post_init__(self) -> None:
        if not self.models:
            raise ModelError("No model was given; give at least one, for example KAnonymity(5).")
        limit = self.suppression_limit
        if isinstance(limit, bool) or not isinstance(limit, Real) or not 0 <= limit <= 1:
            raise SchemaError("suppression_limit must lie between 0 and 1, for example 0.05.")
        if not hasattr(self.loss, "describe"):
            raise ModelError("loss must be a loss such as Loss(), Discernibility() or NormalisedEntropy().")
        if self.block not in ("checked", "enforced"):
            raise ModelError('block must be "checked" or "enforced".')
        if self.recoding not in ("global", "local"):
            raise ModelError('recoding must be "global" or "local".')

    @property
    def sensitive(self) -> list[str]:
        """The sensitive columns that the models look at."""
        return list(dict.fromkeys(column for model in self.models for column in model.sensitive))

    def check(self, schema: Schema) -> None:
        """Raises: SchemaError unless it is a schema; ModelError when a model looks at a column not sensitive there."""
        if not isinstance(schema, Schema):
            raise SchemaError(
                "The second argument must be a Schema; make one, or draft one with Schema.suggest."
            )
        for column in self.sensitive:
            if column not in schema.sensitive:
                raise ModelError(
                    f"A model looks at {column!r}, which the schema does not call sensitive; add it."
                )

    def evaluator(self, table: CodedTable) -> Evaluator:
        """Bind what was asked to a table."""
        budget = self.budget(table.row_count)
        return Evaluator(table, self.models, budget=budget, loss=self.loss, block=self.block)

    def budget(self, rows: int) -> int:
        """How many rows of so many may be suppressed."""
        # The limit as written, not as its binary approximation: 0.29 of 100 rows are 29.
        return math.floor(Decimal(str(self.suppression_limit)) * rows)


def listed(models: object) -> tuple[Model, ...]:
    """Raises: ModelError unless these are models, several or none."""
    found = tuple(models) if isinstance(models, Iterable) else (None,)
    if not all(hasattr(model, "check") and hasattr(model, "describe") for model in found):
        raise ModelError("models must be a list of models; write for example [KAnonymity(5)].")
    return found
