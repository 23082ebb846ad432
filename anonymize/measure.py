"""How exposed the records of a table are, without asking for any model."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from anonymize.classes import Classes, Codes, Histograms, Secret
from anonymize.coding import secret_of
from anonymize.errors import ModelError, SchemaError
from anonymize.models.closeness import Equal, Ordered
from anonymize.models.distributions import table_shares
from anonymize.models.diversity import entropies, most_and_rest
from anonymize.models.likeness import enhanced_gain, gains, log_ratios
from anonymize.schema import check_columns


@dataclass(frozen=True, slots=True)
class ProsecutorRisk:
    """Risk that somebody who knows a person to be in the table picks the person's row: 1 / class size.

    `highest` is the worst row's, `average` the mean over rows, `unique_rows` how many rows have risk 1.
    Source: K. El Emam, F. Dankar, Protecting privacy using k-anonymity, JAMIA 15(5), 2008.
    """

    highest: float
    average: float
    unique_rows: int


@dataclass(frozen=True, slots=True)
class Recursive:
    """In every class the most frequent value is at most `c` times as frequent as all from the l-th on together.

    `l` is the least number of distinct values of any class, and `c` the smallest number for which this holds:
    the table is recursively (c', l)-diverse for every c' > c.
    """

    l: int  # noqa: E741 - the field's own name
    c: float


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How much the classes tell of one sensitive column; what each figure means is said at its model.

    `beta` and `enhanced_beta` are the smallest for which the table is beta-like, `t` the greatest distance
    of a class by equal distance, `t_ordered` by the order of numbers (None where the values are no numbers).
    `delta` is the greatest |ln(share in a class / share in the table)| over values that occur in the class, and
    `complete` tells whether every class shows every value: only then is the table delta-disclosure private,
    for every greater delta. None stands for a figure that no number reaches.
    """

    distinct_l: int
    entropy_l: float
    recursive: Recursive
    t: float
    t_ordered: float | None
    beta: float
    enhanced_beta: float | None
    delta: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Measurement:
    """k, number of classes and risk of a table as it is, and what its classes tell of each sensitive column."""

    rows: int
    k: int
    classes: int
    prosecutor: ProsecutorRisk
    sensitive: dict[str, Disclosure]

    @property
    def l(self) -> dict[str, int]:  # noqa: E743 - the measure's own name
        """The least number of distinct values in any class, per sensitive column."""
        return {column: found.distinct_l for column, found in self.sensitive.items()}

    def to_dict(self) -> dict[str, object]:
        """The measurement as JSON-able values."""
        return asdict(self)


def measure(df: pd.DataFrame, *, quasi: Sequence[str], sensitive: Sequence[str] = ()) -> Measurement:
    """Measure a table as it stands; values are compared as they are, a missing value is one value.

    Raises: SchemaError when the table is empty, repeats a column, lacks one of those named, or a column
    is named as both.
    """
    check_roles(quasi, sensitive)
    check_columns(df, [*quasi, *sensitive])
    return measured(df, np.ones(len(df), dtype=np.int64), quasi=quasi, sensitive=sensitive)


def check_roles(quasi: Sequence[str], sensitive: Sequence[str]) -> None:
    """Raises: SchemaError when one is no list, or a column is named as both."""
    for role, names in (("quasi", quasi), ("sensitive", sensitive)):
        if isinstance(names, str):
            raise SchemaError(f"{role} must be a list of column names; write [{names!r}].")
    if both := sorted(set(quasi) & set(sensitive)):
        raise SchemaError(f"Column {both[0]!r} has two roles; leave it in one.")


def measured(
    df: pd.DataFrame, weights: Codes, *, quasi: Sequence[str], sensitive: Sequence[str]
) -> Measurement:
    """Measure columns that are there; `weights` says how many rows of the table each row of `df` stands for."""
    columns = {column: secret_of(df[column], column, weights) for column in [*quasi, *sensitive]}
    rows = int(weights.sum())
    classes = Classes.build(
        [columns[column].codes for column in quasi],
        [len(columns[column].values) for column in quasi],
        rows=weights,
        secrets={column: columns[column] for column in sensitive},
    )
    smallest = int(classes.sizes.min())
    return Measurement(
        rows=rows,
        k=smallest,
        classes=len(classes.sizes),
        prosecutor=ProsecutorRisk(
            highest=1 / smallest,
            average=len(classes.sizes) / rows,
            unique_rows=int((classes.sizes == 1).sum()),
        ),
        sensitive={column: _disclosure(classes, column) for column in sensitive},
    )


def _disclosure(classes: Classes, column: str) -> Disclosure:
    secret, histograms = classes.secrets[column], classes.histograms(column)
    table = table_shares(secret)
    distinct = int(np.diff(histograms.starts).min())
    most, rest = most_and_rest(histograms, distinct)
    beta = float(gains(histograms, table).max())
    enhanced = enhanced_gain(histograms, table)
    return Disclosure(
        distinct_l=distinct,
        entropy_l=float(2 ** entropies(histograms).min()),
        recursive=Recursive(distinct, float((most / rest).max())),
        t=float(Equal().metric(secret, column).distances(histograms).max()),
        t_ordered=_ordered(secret, column, histograms),
        beta=max(beta, 0.0),
        enhanced_beta=enhanced if math.isfinite(enhanced) else None,
        delta=float(log_ratios(histograms, table).max()),
        complete=distinct == len(secret.values),
    )


def _ordered(secret: Secret, column: str, histograms: Histograms) -> float | None:
    try:
        metric = Ordered().metric(secret, column)
    except ModelError:
        return None
    return float(metric.distances(histograms).max())
