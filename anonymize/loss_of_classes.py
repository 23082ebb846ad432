"""Losses that look at how large the classes are, whatever their cells show.

What the search relies on: coarser levels only join classes, which never lowers either loss; hiding a class never
lowers it either; and C classes cannot cost less than C classes of equal size do.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from anonymize.classes import Codes
from anonymize.loss import Floats


@runtime_checkable
class ClassLoss(Protocol):
    """A loss that is made of the sizes of the released classes; figures are not normalised."""

    def raw(self, kept: Codes, hidden: int) -> float:
        """The loss of releasing classes of such sizes and a block of so many suppressed rows."""

    def with_one_more(self, kept: Codes, hidden: int, candidates: Codes) -> Floats:
        """For each candidate size, the loss when one kept class of that size joins the block."""

    def least(self, classes: Floats, rows: int) -> Floats:
        """What so many classes cost at least; also how many classes of equal size cost so much."""

    def floor(self, hidden: Codes, finest: Codes) -> float:
        """What a table costs at least whose finest classes are these, if classes of such sizes are hidden.

        `hidden` may be unions of finest classes.
        """

    def describe(self) -> dict[str, object]:
        """The loss and its parameters as JSON-able values."""


@dataclass(frozen=True, slots=True)
class Discernibility:
    """Each row costs as many rows as it cannot be told from, a suppressed one as many as there are.

    The sum of squared class sizes plus (rows) × (suppressed rows), scaled so that it is 0 for the table on its
    finest levels and 1 when everything is suppressed or in one class.
    The search stays exact; it must look at more nodes than with losses of cells.
    Source: R. Bayardo, R. Agrawal, Data privacy through optimal k-anonymization, ICDE 2005, eq. 1.
    """

    def raw(self, kept: Codes, hidden: int) -> float:
        squares = float((kept.astype(np.float64) ** 2).sum())
        return squares + float(hidden) * float(kept.sum() + hidden)

    def with_one_more(self, kept: Codes, hidden: int, candidates: Codes) -> Floats:
        sizes = candidates.astype(np.float64)
        rows = float(kept.sum() + hidden)
        return np.asarray(self.raw(kept, hidden) + sizes * (rows - sizes))

    def least(self, classes: Floats, rows: int) -> Floats:
        return np.asarray(float(rows) ** 2 / classes)

    def floor(self, hidden: Codes, finest: Codes) -> float:
        rows, gone = float(finest.sum()), float(hidden.sum())
        squares = self.raw(finest, 0) - gone * float(finest.max())
        return gone * rows + max(squares, rows - gone)

    def describe(self) -> dict[str, object]:
        return {"loss": "discernibility"}


@dataclass(frozen=True, slots=True)
class AverageClassSize:
    """Rows per released class; the block of suppressed rows is one class.

    Scaled so that it is 0 for the table on its finest levels and 1 when everything is suppressed or in one
    class. Dividing the average by k, as the source does, would change no comparison.
    The search stays exact; it must look at more nodes than with losses of cells.
    Source: K. LeFevre, D. DeWitt, R. Ramakrishnan, Mondrian multidimensional k-anonymity, ICDE 2006, section 4.
    """

    def raw(self, kept: Codes, hidden: int) -> float:
        return float(kept.sum() + hidden) / (len(kept) + (hidden > 0))

    def with_one_more(self, kept: Codes, hidden: int, candidates: Codes) -> Floats:
        rows = float(kept.sum() + hidden)
        return np.full(len(candidates), rows / len(kept))

    def least(self, classes: Floats, rows: int) -> Floats:
        return np.asarray(float(rows) / classes)

    def floor(self, hidden: Codes, finest: Codes) -> float:
        return float(finest.sum()) / (len(finest) - len(hidden) + (len(hidden) > 0))

    def describe(self) -> dict[str, object]:
        return {"loss": "average class size"}
