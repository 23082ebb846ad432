"""What an attacker can compute from a published table: least and most of every count, by linear programming."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Final

import numpy as np

from anonymize.classes import Codes
from anonymize.errors import UnsafeStatisticError
from anonymize.loss import Floats

if TYPE_CHECKING:
    from scipy.optimize import Bounds, LinearConstraint, OptimizeResult
    from scipy.sparse import csr_array

TOLERANCE: Final = 1e-6
UNVERIFIED: Final = "The table's protection could not be verified; count by fewer columns."
_OPTIMAL, _UNBOUNDED = 0, (3, 4)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a published table says about every cell and margin.

    Shape: `sums` is cells × inner cells: each cell as a sum of inner ones. `least` and `most` have one entry
    per cell, infinity where nothing is said. With three dimensions counts are sought as whole numbers; with
    fewer the linear bounds are whole numbers by themselves, as the two families of margins are each nested.
    """

    sums: "csr_array"
    least: Floats
    most: Floats
    dimensions: int

    def extreme(self, cell: int, *, sign: int, within: tuple[float, float]) -> Floats | None:
        """Inner cells of a consistent table in which the cell is greatest (sign 1) or least (-1) within limits.

        None if the cell has no bound there.
        """
        from scipy.optimize import Bounds, LinearConstraint

        least, most = self.least.copy(), self.most.copy()
        least[cell], most[cell] = max(least[cell], within[0]), min(most[cell], within[1])
        telling = (least > 0) | (most < np.inf)
        found = solved(
            -sign * self.sums[[cell], :].toarray()[0],
            constraint=LinearConstraint(self.sums[telling, :], least[telling], most[telling]),
            bounds=Bounds(0, np.inf),
            whole=self.whole,
        )
        if found.status in _UNBOUNDED:
            return None
        if found.status != _OPTIMAL:
            raise UnsafeStatisticError(UNVERIFIED)
        inner: Floats = found.x
        return inner

    @property
    def whole(self) -> bool:
        """Whether bounds in whole numbers have to be asked for."""
        return self.dimensions > 2

    def interval(self, cell: int) -> tuple[int, int | None]:
        """The least and the most that the cell's count can be; None for no bound."""
        free = (0.0, np.inf)
        below, above = (self.extreme(cell, sign=sign, within=free) for sign in (-1, 1))
        row = self.sums[[cell], :]
        lower = 0 if below is None else int(np.ceil((row @ below)[0] - TOLERANCE))
        return lower, None if above is None else int(np.floor((row @ above)[0] + TOLERANCE))

    def shown_by(self, inner: Floats) -> Floats | None:
        """All cells of the table with these inner cells, made whole; None if it is not consistent with the view.

        Guarantees: decided in whole numbers, whatever the solver's accuracy.
        """
        cells: Floats = self.sums @ np.rint(inner)
        fits = (np.rint(inner) >= 0).all() and (self.least <= cells).all() and (cells <= self.most).all()
        return cells if fits else None


def solved(
    costs: Floats, *, constraint: "LinearConstraint", bounds: "Bounds", whole: bool, gap: float = 0.0
) -> "OptimizeResult":
    """The cheapest solution of a linear programme, in whole numbers if asked.

    Whole numbers take long, so they are asked for only where they do not come by themselves, and may cost the
    share `gap` more than the cheapest.
    """
    from scipy.optimize import milp

    found = milp(costs, constraints=constraint, bounds=bounds)
    if not whole or found.x is None or np.abs(found.x - np.rint(found.x)).max() <= TOLERANCE:
        return found
    return milp(
        costs,
        constraints=constraint,
        bounds=bounds,
        integrality=np.ones(len(costs)),
        options={"mip_rel_gap": gap},
    )


@lru_cache(maxsize=8)
def sums_of(shape: tuple[int, ...]) -> "csr_array":
    """Every cell and margin, in the order of their array, as a sum of inner cells."""
    from scipy import sparse

    axes = [sparse.vstack([sparse.eye_array(length), np.ones((1, length))], format="csr") for length in shape]
    return sparse.csr_array(reduce(lambda one, other: sparse.kron(one, other, format="csr"), axes))


def margins_of(shape: Sequence[int]) -> Codes:
    """Over how many dimensions each cell is a total."""
    totals = [np.arange(length + 1) == length for length in shape]
    margins: Codes = np.sum(np.meshgrid(*totals, indexing="ij"), axis=0).astype(np.int64).ravel()
    return margins
