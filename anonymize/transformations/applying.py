"""Applying transformations to a table, and telling what was done."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from anonymize.errors import TransformationError
from anonymize.ladder import leaf_text
from anonymize.transformations.columns import check_names
from anonymize.transformations.protocol import ColumnTransformation, TableTransformation
from anonymize.transformations.sampling import Sampling

Step = ColumnTransformation | TableTransformation
Steps = Mapping[str | tuple[str, ...], Sequence[Step]]
"""What is done to which column, or columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Transformed:
    """A table after transformations.

    `log` has, in order, what each was, its columns and how many cells it changed; JSON-able, and no value of the
    table but limits that were taken from it. `Result.full_report` takes it as `transformed`.
    """

    frame: pd.DataFrame
    log: tuple[Mapping[str, object], ...]

    def lines(self) -> list[str]:
        """The log in a line for each transformation."""
        return [_line(step) for step in self.log]


def transform(df: pd.DataFrame, steps: Steps, *, sample: Sampling | None = None) -> Transformed:
    """Apply to each column its transformations, in order; the table given stays as it is.

    A key is a column, or a tuple of columns for transformations that look at several together; of such a key a
    transformation of single columns is applied to each. A `sample` is drawn before all else.
    Raises: TransformationError, SchemaError.
    """
    if not isinstance(steps, Mapping) or not (steps or sample):
        raise TransformationError(
            "steps must map columns to transformations; write {'age': [TopCoding(90)]}."
        )
    frame, log = df, list[Mapping[str, object]]()
    if sample is not None:
        frame = sample.apply(df)
        log.append({"columns": [], **sample.describe(), "drawn": len(frame), "of": len(df)})
    for key, given in steps.items():
        columns = list(key) if isinstance(key, tuple) else [key]
        check_names(frame, columns)
        for step in _listed(given):
            after = _applied(step, frame, columns)
            log.append({"columns": columns, **step.describe(), "changed": _changed(frame, after, columns)})
            frame = after
    return Transformed(frame, tuple(log))


def _line(step: Mapping[str, object]) -> str:
    if "drawn" in step:
        return f"{step['transformation']}, {step['drawn']} of {step['of']} rows drawn"
    columns = step["columns"]
    named = ", ".join(map(str, columns)) if isinstance(columns, list) else ""
    return f"{named}: {step['transformation']}, {step['changed']} cells changed"


def _applied(step: Step, frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    if isinstance(step, TableTransformation):
        return step.apply(frame, columns)
    after = frame.copy(deep=False)
    for column in columns:
        after[column] = step.apply(frame[column])
    return after


def _listed(given: Sequence[Step]) -> Sequence[Step]:
    listed = list(given) if isinstance(given, Sequence) else []
    if not listed or not all(isinstance(step, ColumnTransformation | TableTransformation) for step in listed):
        raise TransformationError(
            "Each column needs a list of transformations of columns, such as [TopCoding(90)]; a Sampling is of the"
            " whole table, given as sample."
        )
    return listed


def _changed(before: pd.DataFrame, after: pd.DataFrame, columns: Sequence[str]) -> int:
    """How many cells read differently."""
    changed = 0
    for column in columns:
        pair = [frame[column].astype(object) for frame in (before, after)]
        was, now = (each.map(leaf_text, na_action="ignore").to_numpy(dtype=object) for each in pair)
        present = ~pair[0].isna().to_numpy()
        changed += int(np.count_nonzero(was[present] != now[present]))
    return changed
