"""What part of a population is unique, if the table is a sample of it."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from numbers import Real
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from anonymize.classes import Classes, Codes
from anonymize.coding import secret_of
from anonymize.errors import SchemaError
from anonymize.population_models import NoEstimateError, Sample, pitman, slide_negative_binomial, zayatz
from anonymize.schema import check_columns

if TYPE_CHECKING:
    from anonymize.result import Result

SMALL_SAMPLE: Final = 0.1
"""Up to this sampling fraction the decision rule trusts Pitman's model."""


@dataclass(frozen=True, slots=True)
class Uniqueness:
    """Estimates of which part of the population's rows is unique in it, between 0 and 1.

    None where a model has no estimate; `reasons` says why, by the model's name. `dankar` is the estimate that the
    decision rule chooses and `chosen` its model; "exact" when the table is the whole population, or has no
    unique row and so shows none.
    Source: F. Dankar, K. El Emam, A. Neisa, T. Roffey, Estimating the re-identification risk of clinical data
    sets, BMC Medical Informatics and Decision Making 12:66, 2012 (the rule).
    """

    sampling_fraction: float
    sample_uniqueness: float
    zayatz: float | None
    pitman: float | None
    snb: float | None
    dankar: float | None
    chosen: str
    reasons: dict[str, str]

    def to_dict(self) -> dict[str, object]:
        """The estimates as JSON-able values."""
        return asdict(self)


def population_uniqueness(
    table: "pd.DataFrame | Result", *, quasi: Sequence[str] | None = None, sampling_fraction: float
) -> Uniqueness:
    """Estimate population uniqueness from a table, or from an anonymised one as it was released.

    `sampling_fraction` is which part of the population the table holds, drawn at random: all estimates rely on
    that. `quasi` may be left out for a `Result`, whose classes then count, the suppressed block as one.
    Raises: SchemaError when the columns or the fraction make no sense.
    """
    if isinstance(table, pd.DataFrame):
        if quasi is None or isinstance(quasi, str):
            raise SchemaError("quasi must be a list of column names: what others know of people.")
        sizes = _sizes(table, quasi)
    elif quasi is None:
        sizes = np.unique(table.class_of_row, return_counts=True)[1].astype(np.int64)
    else:
        sizes = _sizes(table.frame, quasi)
    return uniqueness_of(sizes, sampling_fraction)


def uniqueness_of(sizes: Codes, sampling_fraction: float) -> Uniqueness:
    """Estimate population uniqueness from the sizes of a sample's classes. Raises: SchemaError."""
    require_fraction(sampling_fraction)
    sample = Sample.of(sizes, sampling_fraction)
    shown = sample.uniques / sample.rows
    if sampling_fraction == 1 or not sample.uniques:
        return Uniqueness(sampling_fraction, shown, shown, shown, shown, shown, "exact", {})
    reasons: dict[str, str] = {}

    def estimate(name: str, model: Callable[[Sample], float]) -> float | None:
        try:
            found = model(sample)
        except NoEstimateError as failed:
            reasons[name] = str(failed)
            return None
        if not math.isfinite(found):
            reasons[name] = "The numbers are too large to compute with."
            return None
        return min(max(found / sample.population, 0.0), 1.0)

    found = {
        "zayatz": estimate("zayatz", zayatz),
        "pitman": estimate("pitman", pitman),
        "snb": estimate("snb", slide_negative_binomial),
    }
    chosen = _choose(found, sampling_fraction)
    return Uniqueness(
        sampling_fraction=sampling_fraction,
        sample_uniqueness=shown,
        **found,
        dankar=found[chosen],
        chosen=chosen,
        reasons=reasons,
    )


def require_fraction(value: object) -> None:
    """Raises: SchemaError unless this is a share of a population."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) <= 1:
        raise SchemaError(
            "sampling_fraction must be above 0 and at most 1, for example 0.01 for one in a hundred."
        )


def _choose(found: dict[str, float | None], fraction: float) -> str:
    if fraction <= SMALL_SAMPLE:
        return "pitman" if found["pitman"] is not None else "zayatz"
    snb, rival = found["snb"], found["zayatz"]
    return "snb" if snb is not None and (rival is None or snb <= rival) else "zayatz"


def _sizes(df: pd.DataFrame, quasi: Sequence[str]) -> Codes:
    check_columns(df, quasi)
    secrets = [secret_of(df[column], column) for column in quasi]
    classes = Classes.build(
        [secret.codes for secret in secrets],
        [len(secret.values) for secret in secrets],
        rows=np.ones(len(df), dtype=np.int64),
        secrets={},
    )
    return classes.sizes
