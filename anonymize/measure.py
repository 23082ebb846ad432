"""How exposed the records of a table are, without asking for any model."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from anonymize.classes import Classes
from anonymize.coding import secret_of
from anonymize.errors import SchemaError
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
class Measurement:
    """k, distinct l per sensitive column, number of classes and risk of a table as it is."""

    rows: int
    k: int
    l: dict[str, int]  # noqa: E741 - the field's own name
    classes: int
    prosecutor: ProsecutorRisk

    def to_dict(self) -> dict[str, object]:
        """The measurement as JSON-able values."""
        return asdict(self)


def measure(df: pd.DataFrame, *, quasi: Sequence[str], sensitive: Sequence[str] = ()) -> Measurement:
    """Measure a table as it stands; values are compared as they are, a missing value is one value.

    Raises: SchemaError when the table is empty, repeats a column, lacks one of those named, or a column
    is named as both.
    """
    for role, names in (("quasi", quasi), ("sensitive", sensitive)):
        if isinstance(names, str):
            raise SchemaError(f"{role} must be a list of column names; write [{names!r}].")
    if both := sorted(set(quasi) & set(sensitive)):
        raise SchemaError(f"Column {both[0]!r} has two roles; leave it in one.")
    check_columns(df, [*quasi, *sensitive])
    secrets = {column: secret_of(df[column], column) for column in [*quasi, *sensitive]}
    classes = Classes.build(
        [secrets[column].codes for column in quasi],
        [len(secrets[column].values) for column in quasi],
        rows=np.ones(len(df), dtype=np.int64),
        secrets={column: secrets[column] for column in sensitive},
    )
    smallest = int(classes.sizes.min())
    return Measurement(
        rows=len(df),
        k=smallest,
        l={column: int(classes.distinct(column).min()) for column in sensitive},
        classes=len(classes.sizes),
        prosecutor=ProsecutorRisk(
            highest=1 / smallest,
            average=len(classes.sizes) / len(df),
            unique_rows=int((classes.sizes == 1).sum()),
        ),
    )
