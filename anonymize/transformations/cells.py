"""Suppression of single cells."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from anonymize.coding import secret_of
from anonymize.errors import TransformationError
from anonymize.ladder import TOP
from anonymize.transformations.cell_choice import cells_to_suppress
from anonymize.transformations.columns import check_names, count
from anonymize.transformations.protocol import TableTransformation


@dataclass(frozen=True, slots=True)
class CellSuppression(TableTransformation):
    """Writes '*' in cells of rows that too few others look like, and keeps the other cells of these rows.

    '*' is a value of its own: rows are alike when they show the same values and '*' in the same columns. Which
    cells are chosen is found greedily, those of fewest columns first; it need not be the least possible.
    Guarantees: every class of the columns, as `measure` counts them, has at least k rows. Nothing else changes.
    When the rows that must be suppressed whole are fewer than k, rows of other classes join them, so that both
    stay large enough.
    Units: measured on the nine columns of Adult (30,162 rows) for k = 5: 0.06 s, 13.5 % of the cells; whole rows
    would be 77.8 %.
    Raises: TransformationError for an impossible k.
    """

    k: int

    def __post_init__(self) -> None:
        count(self.k, name="k", least=1)

    def apply(self, df: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
        """Raises: TransformationError when the table has fewer than k rows; SchemaError."""
        check_names(df, columns)
        if len(df) < self.k:
            raise TransformationError(f"The table has fewer than k = {self.k} rows; add rows or lower k.")
        secrets = [secret_of(df[column], column) for column in columns]
        chosen = cells_to_suppress(
            [secret.codes for secret in secrets], [len(secret.values) for secret in secrets], k=self.k
        )
        frame = df.copy()
        for column, hidden in zip(columns, chosen.T, strict=True):
            if hidden.any():
                cells = df[column].astype(object).to_numpy(dtype=object, copy=True)
                cells[hidden] = TOP
                frame[column] = pd.Series(cells, index=df.index, dtype=object)
        return frame

    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
        return {"transformation": "cell suppression", "k": int(self.k)}
