"""Made-up tables of any size: nine columns of whole numbers, drawn from uneven distributions.

`distinct` of the rows differ from all others: the rest repeats rows that are there.
"""

from typing import Final

import numpy as np
import pandas as pd

import anonymize as an

VALUES: Final = (2, 100, 5, 7, 16, 41, 8, 14, 60)
SEED: Final = 7


def table(rows: int, *, distinct: float) -> pd.DataFrame:
    """Draw a table. Shape: so many rows, one column per entry of VALUES."""
    draw = np.random.default_rng(SEED)
    shares = [draw.dirichlet(np.full(count, 2.0)) for count in VALUES]
    wanted = round(distinct * rows)
    found: pd.DataFrame = pd.DataFrame()
    while len(found) < wanted:
        more = {f"q{at}": draw.choice(len(share), size=wanted, p=share) for at, share in enumerate(shares)}
        found = pd.concat([found, pd.DataFrame(more)], ignore_index=True).drop_duplicates()
    kept = found.iloc[:wanted]
    repeated = kept.iloc[draw.integers(0, wanted, rows - wanted)]
    return pd.concat([kept, repeated], ignore_index=True)


def schema() -> an.Schema:
    """Hierarchies with three to five times fewer groups on each level; 16,384 combinations of levels in all."""
    return an.Schema(quasi={f"q{at}": _hierarchy(count) for at, count in enumerate(VALUES)})


def _hierarchy(count: int) -> an.Hierarchy:
    ratio = 5 if count > 30 else 3 if count > 8 else count
    widths: list[int] = []
    while (width := (widths or [1])[-1] * ratio) < count:
        widths.append(width)
    return an.Hierarchy.from_levels(
        [value, *(f"{value // w * w}-{value // w * w + w - 1}" for w in widths), "*"]
        for value in range(count)
    )
