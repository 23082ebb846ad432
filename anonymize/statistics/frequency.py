"""Tables of counts with margins that tell no small count, not even by subtraction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd

from anonymize.classes import Codes
from anonymize.errors import StatisticsError
from anonymize.statistics.cells import TOTAL, Axis, Categories, Cells, count_cells, require_one_row_each
from anonymize.statistics.policy import DEFAULT_STATISTICS, StatisticsPolicy
from anonymize.statistics.suppression import Display, protect, view_of

MOST_CELLS: Final = {1: 5000, 2: 5000, 3: 1000}
"""With three dimensions whole numbers have to be searched for, which takes a minute for this many."""
_HIDDEN: Final = -1


@dataclass(frozen=True, slots=True, eq=False)
class FrequencyTable:
    """Counts of all combinations of categories, with all margins, that may be published.

    `base` is what counts are rounded to, 1 for exact ones. What is hidden is not in it, nor which counts were
    hidden to protect others.
    Guarantees: from everything shown, and the knowledge that counts are not negative and that labels found in
    the table occur, no hidden count can be bounded within an interval narrower than `policy.width(base)`.
    Attack RI7. Other tables on the same persons need a CountLedger.
    """

    axes: tuple[Axis, ...]
    policy: StatisticsPolicy
    base: int
    _published: Codes = field(repr=False)

    @property
    def frame(self) -> pd.DataFrame:
        """Shape: one row per cell and margin ("(total)"), its labels and `count`, missing where hidden."""
        labels = [(*axis.labels, TOTAL) for axis in self.axes]
        frame = pd.MultiIndex.from_product(labels, names=[axis.column for axis in self.axes]).to_frame(
            index=False
        )
        counts = pd.array(self._published, dtype="Int64")
        counts[self._published == _HIDDEN] = pd.NA
        frame["count"] = counts
        return frame

    @property
    def suppressed(self) -> int:
        """How many cells and margins are hidden."""
        return int((self._published == _HIDDEN).sum())

    def count(self, labels: Mapping[str, str]) -> int | None:
        """The count of a cell, margins over the columns that are not named; None where hidden.

        Raises: StatisticsError for a column or label that the table does not have.
        """
        if unknown := sorted(set(labels) - {axis.column for axis in self.axes}):
            raise StatisticsError(f"The table is not counted by {unknown[0]!r}; leave it out.")
        place = []
        for axis in self.axes:
            named = (*axis.labels, TOTAL)
            label = labels.get(axis.column, TOTAL)
            if label not in named:
                raise StatisticsError(
                    f"Column {axis.column!r} has no label {label!r}; choose one of the table's."
                )
            place.append(named.index(label))
        shape = [len(axis.labels) + 1 for axis in self.axes]
        found = int(self._published[int(np.ravel_multi_index(place, shape))])
        return None if found == _HIDDEN else found

    def intervals(self) -> pd.DataFrame:
        """What an attacker computes of every hidden count.

        Shape: one row per hidden cell and margin; columns `least` and `most`, missing for no bound.
        """
        shape = [len(axis.labels) + 1 for axis in self.axes]
        empty = Cells(self.axes, np.zeros(shape, dtype=np.int64))
        view = view_of(empty, self._published, policy=self.policy, base=self.base)
        hidden = np.flatnonzero(self._published == _HIDDEN)
        found = [view.interval(int(cell)) for cell in hidden]
        frame = self.frame.drop(columns="count").iloc[hidden].reset_index(drop=True)
        frame["least"] = pd.array([least for least, _ in found], dtype="Int64")
        frame["most"] = pd.array([most for _, most in found], dtype="Int64")
        return frame


def frequency_table(
    df: pd.DataFrame,
    *,
    by: Sequence[str],
    policy: StatisticsPolicy = DEFAULT_STATISTICS,
    categories: Categories | None = None,
    persons: str | None = None,
) -> FrequencyTable:
    """Count rows exactly; hide counts below the minimum, zeros unless published, and what would tell them.

    Each row is one person; with `persons`, the column that names them, that is checked. `categories` gives a
    column's labels where they are public; without, those that occur are shown, and that they occur is told.
    Raises: StatisticsError for an unusable table; UnsafeStatisticError when nothing could be shown.
    Source: M. Fischetti, J. J. Salazar, Solving the cell suppression problem on tabular data with linear
    constraints, Management Science 47(7), 2001 (protection by intervals; here cells are chosen greedily).
    """
    return _table(df, by, policy=policy, base=1, categories=categories, persons=persons)


def rounded_frequency_table(
    df: pd.DataFrame,
    *,
    by: Sequence[str],
    policy: StatisticsPolicy = DEFAULT_STATISTICS,
    categories: Categories | None = None,
    persons: str | None = None,
) -> FrequencyTable:
    """As `frequency_table`, every cell and margin rounded by itself to the policy's base, halves up.

    Rounding usually makes hiding further cells needless; where rounded counts still tell too much, others
    are hidden too. Margins need not be the sums of rounded cells.
    """
    return _table(df, by, policy=policy, base=policy.rounding, categories=categories, persons=persons)


def _table(
    df: pd.DataFrame,
    by: Sequence[str],
    *,
    policy: StatisticsPolicy,
    base: int,
    categories: Categories | None,
    persons: str | None,
) -> FrequencyTable:
    require_one_row_each(df, persons)
    cells = count_cells(df, by, categories=categories, most=MOST_CELLS.get(len(by), 0))
    display = Display(cells, policy, base)
    hidden = protect(display)
    return FrequencyTable(cells.axes, policy, base, np.where(hidden, _HIDDEN, display.shown))
