"""From persons to a table that satisfies the models, or to the reason why there is none; pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

import pandas as pd

import anonymize as an
from services.contracts.research.messages import (
    Column,
    ColumnRole,
    Intervals,
    Masks,
    RefusalReason,
    TableRequest,
)
from services.research import policy
from services.research.errors import RecordsRefusedError, RefusedError
from services.research.model import Person, Refusal, Value
from services.research.policy import Limits


@dataclass(frozen=True, slots=True)
class Plan:
    """A table request in the words of the library. Made before any record is opened."""

    columns: tuple[Column, ...]
    schema: an.Schema
    models: tuple[an.Model, ...]
    suppression_limit: float
    levels: Mapping[str, int]
    search_seconds: float


def plan(table: TableRequest, limits: Limits) -> Plan:
    """Return how the table is made. Raises: RefusedError when its intervals do not nest."""
    quasi = [column for column in table.columns if column.role is ColumnRole.QUASI]
    sensitive = [column for column in table.columns if column.role is ColumnRole.SENSITIVE]
    try:
        hierarchies = {column.name: _hierarchy(column) for column in quasi}
    except an.HierarchyError as error:  # says something about widths only: no data are there yet
        raise _refused(RefusalReason.TABLE_UNUSABLE, str(error)) from error
    diverse = [an.DistinctLDiversity(each.name, policy.diversity(each, limits)) for each in sensitive]
    return Plan(
        columns=tuple(table.columns),
        schema=an.Schema(hierarchies, sensitive=[column.name for column in sensitive]),
        models=(an.KAnonymity(table.k), *diverse),
        suppression_limit=table.suppression_limit,
        levels={column.name: column.level for column in quasi if column.level is not None},
        search_seconds=limits.max_search_seconds,
    )


def anonymise(made: Plan, persons: Sequence[Person]) -> an.Result:
    """Return the persons' table, one row each in their order, anonymised. Raises: RefusedError."""
    if not persons:
        raise _failed("nobody permitted it")
    frame = pd.DataFrame({column.name: _series(column, persons) for column in made.columns})
    try:
        return an.anonymize(
            frame,
            made.schema,
            models=made.models,
            suppression_limit=made.suppression_limit,
            levels=made.levels,
            time_limit=made.search_seconds,
        )
    except an.NoSolutionError as error:
        raise _failed(str(error)) from error
    except an.SearchStoppedError as error:
        raise _refused(RefusalReason.TABLE_UNUSABLE, str(error)) from error
    except an.HierarchyError as error:  # its message would name a value
        reason = f"column {error.column} does not fit its generalisation; choose another"
        refusal = Refusal(RefusalReason.TABLE_UNUSABLE, (reason,))
        raise RecordsRefusedError(refusal, found=reason) from error


def _hierarchy(column: Column) -> an.Hierarchy:
    found = policy.generalisation(column)
    match found:
        case Intervals():
            return an.Hierarchy.intervals(found.widths, origin=found.origin)
        case Masks():
            return an.Hierarchy.redaction(length=found.masks)
        case None:
            return an.Hierarchy.suppression()
    assert_never(found)


def _series(column: Column, persons: Sequence[Person]) -> pd.Series:
    values = [_cut(column, person.values[column.source]) for person in persons]
    return pd.Series(values, dtype="Int64" if column.source in policy.NUMBERS else object)


def _cut(column: Column, value: Value) -> Value:
    kept = column.generalisation
    return value[: kept.masks] if isinstance(kept, Masks) and isinstance(value, str) else value


def _failed(found: str) -> RecordsRefusedError:
    """The same answer whatever was found: it tells neither a count nor which model failed (attack RI5)."""
    reason = (
        "no table as asked for is anonymous; allow coarser levels or more suppression, ask for fewer columns, "
        "or wait until more persons permit it"
    )
    return RecordsRefusedError(Refusal(RefusalReason.NOT_ANONYMOUS, (reason,)), found=found)


def _refused(code: RefusalReason, reason: str) -> RefusedError:
    return RefusedError(Refusal(code, (reason,)))
