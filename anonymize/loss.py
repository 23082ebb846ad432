"""How much a recoded table lost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Loss:
    """Geometric mean over the quasi-identifiers of how much of the domain a cell still may stand for.

    A cell's share is (leaves in its group) / (leaves of the hierarchy), 1 when suppressed. Per column
    x = (mean share - 1/d) / (1 - 1/d), and the loss is prod(x + 1) ** (1/n) - 1: 0 for the table as it
    was, 1 when everything is suppressed. A column with one possible value has nothing to lose: x = 0.
    Source: V. Iyengar, Transforming data to satisfy privacy constraints, KDD 2002 (the share of a cell).
    """

    def of_column(self, mean_share: Floats, leaves: int) -> Floats:
        """Normalise mean shares of one column to 0..1."""
        if leaves <= 1:
            return np.zeros_like(mean_share)
        return np.clip((mean_share - 1 / leaves) / (1 - 1 / leaves), 0.0, 1.0)

    def total(self, columns: Sequence[Floats]) -> Floats:
        """Combine the columns' losses; the arrays are broadcast against each other."""
        exponent = np.asarray(0.0)
        for losses in columns:
            exponent = exponent + np.log1p(losses) / len(columns)
        return np.asarray(np.expm1(exponent), dtype=np.float64)
