"""From a table to one that satisfies privacy models."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import pandas as pd

from anonymize.asked import Asked, RecodingRule, listed
from anonymize.coding import CodedTable, code_table
from anonymize.counting import AnyLoss
from anonymize.errors import LedgerError, SchemaError
from anonymize.evaluation import BlockRule
from anonymize.joint_search import JointRequest, Ledger, describe, without_atoms
from anonymize.local import localised
from anonymize.loss import Loss
from anonymize.models import Model
from anonymize.result import Result, publish
from anonymize.schema import Schema
from anonymize.search import LARGEST_ARRAY, Watch, go_on, search

DEFAULT_LOSS = Loss()
WIDE_TIME_LIMIT: Final = 60.0

LevelChoice = int | Sequence[int]


def anonymize(
    df: pd.DataFrame,
    schema: Schema,
    *,
    models: Sequence[Model],
    suppression_limit: float = 0.0,
    loss: AnyLoss = DEFAULT_LOSS,
    levels: Mapping[str, LevelChoice] | None = None,
    recoding: RecodingRule = "global",
    block: BlockRule = "checked",
    time_limit: float | None = None,
    watch: Watch = go_on,
    clock: Callable[[], float] = time.monotonic,
    ledger: Ledger | None = None,
    recipient: str | None = None,
    persons: Sequence[str | int] | None = None,
) -> Result:
    """Recode the table with the least loss among all allowed levels that satisfy the models.

    `levels` allows for a column one level or a list of them; the others are free.
    Guarantees: every class of the result satisfies every model; at most floor(suppression_limit * rows) rows
    are suppressed, always whole classes, in all quasi-identifiers. The block of suppressed rows satisfies
    every model that counts rows or distinct values; of other models `report["suppressed_block"]` tells whether
    it does, and with block="enforced" it always does. When the failing rows are too few to pass as a block,
    the cheapest further class joins them.
    With recoding="local" every class is on levels of its own, which loses far less; it is a heuristic, but never
    worse than the best global table, unless it was stopped. In which class a row is may then depend on the
    sensitive values of other rows, so that who knows the method may infer more than from a global table
    (minimality attack; R. Wong et al., VLDB 2007). Not with a ledger's joint search.
    `watch` is told of the progress after every step and answers whether to go on; `time_limit` (seconds by
    `clock`) stops the search too, and is a minute where there are too many combinations of levels to keep
    them all. A search that was stopped gives the best table so far, which satisfies the models as any other;
    `report["search"]` tells whether it is known to be the best and how much better another could be at most.
    With `ledger`, `recipient` and `persons` (the person of each row) the best table is searched among those
    that the ledger would let leave to the recipient now, and the suppressed block satisfies every model
    (docs/adr/0014 says for what this is exact); it is not released by that. Not with INVARIANT values.
    Raises: SchemaError, HierarchyError, ModelError, NoSolutionError, SearchStoppedError, LedgerError.
    """
    asked = Asked(listed(models), suppression_limit, loss, block, recoding)
    asked.check(schema)
    table = code_table(df, schema, sensitive=asked.sensitive)
    evaluator = asked.evaluator(table)
    allowed = allowed_levels(table, levels or {})
    watched = limited(watch, allowed, time_limit=time_limit, clock=clock)
    joint = JointRequest.of(ledger, recipient, persons)
    if recoding == "local":
        if joint is not None:
            raise LedgerError("A joint search finds global recodings only; leave out recoding= or ledger=.")
        found = localised(asked.evaluator, evaluator, allowed, watch=watched)
        return publish(
            df, schema, asked=asked, evaluator=found.evaluator, recoding=found.recoding, search=found.story
        )
    searched = evaluator if joint is None else joint.evaluator(df, schema, asked)
    optimum = search(searched, allowed, watch=watched)
    best = optimum.best.recoding
    if joint is not None:
        classes = evaluator.classes(optimum.best.levels)
        best = without_atoms(best, joint=searched.table, table=table, classes=classes)
    return publish(
        df,
        schema,
        asked=asked,
        evaluator=evaluator,
        recoding=best,
        search=describe(optimum, searched),
    )


def limited(
    watch: Watch, allowed: Sequence[Sequence[int]], *, time_limit: float | None, clock: Callable[[], float]
) -> Watch:
    """A watch that ends the search in time; without a limit only where there are too many combinations."""
    limit = time_limit
    if limit is None and math.prod(len(chosen) for chosen in allowed) > LARGEST_ARRAY:
        limit = WIDE_TIME_LIMIT
    if limit is None:
        return watch
    end = clock() + limit
    return lambda progress: watch(progress) and clock() < end


def check_level_names(levels: Iterable[str], columns: Iterable[str]) -> None:
    """Raises: SchemaError when levels are given for what is none of the columns."""
    if unknown := sorted(set(levels) - set(columns)):
        raise SchemaError(f"levels names {unknown[0]!r}, which is no quasi-identifier; correct the name.")


def allowed_levels(table: CodedTable, levels: Mapping[str, LevelChoice]) -> list[list[int]]:
    """The levels that each column may be on: all where none are given.

    Raises: SchemaError when there are no such levels.
    """
    check_level_names(levels, table.columns)
    allowed = []
    for column, ladder in zip(table.columns, table.ladders, strict=True):
        choice = levels.get(column, range(ladder.height))
        chosen = [choice] if isinstance(choice, int) else sorted(set(choice))
        if not chosen or any(
            isinstance(level, bool) or level not in range(ladder.height) for level in chosen
        ):
            raise SchemaError(f"Column {column!r} has levels 0 to {ladder.height - 1}; choose among them.")
        allowed.append(chosen)
    return allowed
