"""Some rows only, drawn at random."""

import math
from dataclasses import dataclass, field
from random import Random

import numpy as np
import pandas as pd

from anonymize.errors import TransformationError
from anonymize.schema import check_columns
from anonymize.transformations.columns import count, share_of


@dataclass(frozen=True, slots=True)
class Sampling:
    """Draws rows at random, every set of so many rows as likely as any other, in random order without an index.

    One of `rows` and `share` says how many; of a share, the rows that are whole. What the sample hides depends on
    `random` being unpredictable: draw with random.SystemRandom() what is to leave.
    Raises: TransformationError unless exactly one of them is given and makes sense.
    """

    random: Random | np.random.Generator = field(repr=False, compare=False)
    rows: int | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.random, Random | np.random.Generator):
            raise TransformationError(
                "random must be a source of random numbers, such as random.SystemRandom()."
            )
        if (self.rows is None) == (self.share is None):
            raise TransformationError("Sampling needs either rows or share; give one of them.")
        if self.rows is not None:
            count(self.rows, name="rows", least=1)
        if self.share is not None:
            share_of(self.share, 1)

    def apply(self, df: pd.DataFrame) -> pd.DataFrame:
        """The drawn rows. Raises: TransformationError when there are too few; SchemaError for an unusable table."""
        check_columns(df, [])
        wanted = self.rows if self.share is None else math.floor(share_of(self.share, len(df)))
        if not wanted or wanted > len(df):
            raise TransformationError(
                f"Of {len(df)} rows {wanted} cannot be drawn; choose another number or share."
            )
        if isinstance(self.random, Random):
            drawn = self.random.sample(range(len(df)), wanted)
        else:
            drawn = self.random.permutation(len(df))[:wanted].tolist()
        return df.iloc[drawn].reset_index(drop=True)

    def describe(self) -> dict[str, object]:
        """Name and parameters, JSON-able."""
        return {
            "transformation": "sampling",
            "rows": None if self.rows is None else int(self.rows),
            "share": None if self.share is None else float(self.share),
        }
