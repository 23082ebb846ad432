"""A table that leaves under differential privacy: sampled, recoded on fixed levels, rare records left out."""

import random as randomness
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from anonymize.classes import Mask, combine
from anonymize.coding import CodedTable, code_table
from anonymize.errors import StatisticsError
from anonymize.releases import SYSTEM_RANDOM, permutation
from anonymize.schema import Schema
from anonymize.statistics.budget import PrivacyAccount
from anonymize.statistics.cells import require_one_row_each
from anonymize.statistics.policy import require_positive
from anonymize.statistics.sampled import sampling_for

WORD: Final = 2**64


@dataclass(frozen=True, slots=True, eq=False)
class PrivateRelease:
    """A released sample: every record in it occurs at least `k` times; `sampling` is the share of rows drawn.

    `delta` is what is guaranteed, computed for k and the share; it is at most what was asked for.
    """

    frame: pd.DataFrame = field(repr=False)
    k: int
    sampling: float
    epsilon: float
    delta: float


def private_release(
    df: pd.DataFrame,
    schema: Schema,
    *,
    levels: Mapping[str, int],
    epsilon: float,
    delta: float,
    random: randomness.Random = SYSTEM_RANDOM,
    account: PrivacyAccount | None = None,
    persons: str | None = None,
) -> PrivateRelease:
    """Release a random sample of the quasi-identifiers on the given levels, with the sensitive columns as they are.

    Records of all these columns that occur fewer than k times in the sample are left out; other columns do
    not leave. `levels` and hierarchies must have been chosen without looking at the table.
    Guarantees: (epsilon, delta)-differential privacy for persons who come or go, if each has one row
    (`persons`, the column that names them, checks that) and nobody can predict `random`. With an `account`,
    both are charged to it before anything is drawn. Shape: values as text, rows in random order.
    Raises: StatisticsError, SchemaError, HierarchyError for an unusable request; BudgetExhaustedError.
    Source: `anonymize.statistics.sampled.Sampling`.
    """
    require_positive("epsilon", epsilon)
    if isinstance(delta, bool) or not isinstance(delta, float) or not 0 < delta < 1:
        raise StatisticsError("delta must be above 0 and below 1; take less than one divided by the rows.")
    require_one_row_each(df, persons)
    table = code_table(df, schema, sensitive=schema.sensitive)
    chosen = _levels(schema, table, levels)
    plan = sampling_for(epsilon, delta)
    if account is not None:
        account.charge(epsilon=epsilon, delta=delta, statistic="release")
    words = np.frombuffer(random.randbytes(8 * len(df)), dtype="<u8")
    drawn = words < np.uint64(int(plan.share * WORD))
    shown = np.flatnonzero(drawn & _common(table, chosen, drawn=drawn, k=plan.k))
    frame = _labels(table, chosen).iloc[table.record_of[shown[permutation(len(shown), random)]]]
    return PrivateRelease(frame.reset_index(drop=True), plan.k, plan.share, epsilon, plan.delta(epsilon))


def _levels(schema: Schema, table: CodedTable, levels: Mapping[str, int]) -> list[int]:
    if set(levels) != set(schema.quasi):
        raise StatisticsError("levels must name every quasi-identifier once and nothing else.")
    for column, ladder, settled in zip(table.columns, table.ladders, table.hierarchies, strict=True):
        level = levels[column]
        if isinstance(level, bool) or not isinstance(level, int) or not 0 <= level < ladder.height:
            raise StatisticsError(f"Column {column!r} has levels 0 to {ladder.height - 1}; correct levels.")
        if settled != schema.quasi[column]:
            raise StatisticsError(
                f"The hierarchy of {column!r} depends on the table; fix it (redaction: give length)."
            )
    return [levels[column] for column in table.columns]


def _common(table: CodedTable, levels: list[int], *, drawn: Mask, k: int) -> Mask:
    """Which rows have a record that is drawn at least k times."""
    secrets = list(table.secrets.values())
    record, count = combine(
        [*table.at(levels), *(secret.codes for secret in secrets)],
        [*table.radices(levels), *(len(secret.values) for secret in secrets)],
        records=len(table.rows),
    )
    of_row = record[table.record_of]
    return np.bincount(of_row[drawn], minlength=count)[of_row] >= k


def _labels(table: CodedTable, levels: list[int]) -> pd.DataFrame:
    """Shape: one row per record. Texts only, as a column's type would tell of rows that are not shown."""
    columns = {
        column: np.array(ladder.labels[level], dtype=object)[codes]
        for column, ladder, level, codes in zip(
            table.columns, table.ladders, levels, table.at(levels), strict=True
        )
    }
    columns |= {
        column: np.array(secret.values, dtype=object)[secret.codes]
        for column, secret in table.secrets.items()
    }
    return pd.DataFrame(columns, dtype=object)
