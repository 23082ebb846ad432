"""How much a recoded table lost, cell by cell; losses that look at classes are in `loss_of_classes`.

A loss of cells gives every cell a cost that never falls with the level and is greatest when the cell is
suppressed, takes the mean per column, and combines the columns by a function that grows with each. That is what
the search relies on: a column that is coarser, or a row that is suppressed, never costs less.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from anonymize.errors import SchemaError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What the cells of one column cost: 0 for the least, and on average 1 when all are suppressed.

    Shape: `shown` is levels × leaves; `hidden` has what a suppressed cell costs, one entry per leaf.
    """

    shown: Floats
    hidden: Floats


class CellLoss(Protocol):
    """A loss that is made of what each cell costs."""

    @property
    def weights(self) -> Mapping[str, float]:
        """How much columns count, 1 where not named."""

    def cells(self, groups: Sequence[NDArray[np.int64]], rows: Floats) -> Cells:
        """What cells cost in a column with such groups of leaves per level and so many rows per leaf."""

    def total(self, columns: Sequence[Floats], weights: Sequence[float] | None = None) -> Floats:
        """Combine the columns' losses; the arrays are broadcast against each other."""

    def describe(self) -> dict[str, object]:
        """The loss and its parameters as JSON-able values."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Geometric mean over the quasi-identifiers of how much of the domain a cell still may stand for.

    A cell's share is (leaves in its group) / (leaves of the hierarchy), 1 when suppressed. Per column
    x = (mean share - 1/d) / (1 - 1/d), and the loss is prod(x + 1) ** (1/n) - 1: 0 for the table as it
    was, 1 when everything is suppressed. A column with one possible value has nothing to lose: x = 0.
    With weights w the exponent of a column is w / (sum of all w).
    Raises: SchemaError when weights are no positive numbers.
    Source: V. Iyengar, Transforming data to satisfy privacy constraints, KDD 2002 (the share of a cell).
    """

    weights: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", require_weights(self.weights))

    def cells(self, groups: Sequence[NDArray[np.int64]], rows: Floats) -> Cells:
        leaves = len(rows)
        if leaves <= 1:
            return Cells(np.zeros((len(groups), leaves)), np.zeros(leaves))
        shares = np.array([np.bincount(level)[level] / leaves for level in groups])
        return Cells((shares - 1 / leaves) / (1 - 1 / leaves), np.ones(leaves))

    def total(self, columns: Sequence[Floats], weights: Sequence[float] | None = None) -> Floats:
        """Combine the columns' losses; the arrays are broadcast against each other."""
        exponent = np.asarray(0.0)
        for losses, part in zip(columns, _parts(columns, weights), strict=True):
            exponent = exponent + np.log1p(losses) / part
        return np.asarray(np.expm1(exponent), dtype=np.float64)

    def describe(self) -> dict[str, object]:
        return _described("granularity", self.weights)


@dataclass(frozen=True, slots=True)
class Precision:
    """How far up its hierarchy a cell went: level / highest level, 1 when suppressed; the mean over all cells.

    0 for the table as it was, 1 when everything is suppressed; the same as 1 - Prec. It counts steps, whatever
    they join; levels that join nothing cost all the same.
    Source: L. Sweeney, Achieving k-anonymity privacy protection using generalization and suppression, IJUFKS
    10(5), 2002, section 3.
    """

    weights: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", require_weights(self.weights))

    def cells(self, groups: Sequence[NDArray[np.int64]], rows: Floats) -> Cells:
        heights = np.arange(len(groups)) / max(len(groups) - 1, 1)
        return Cells(np.repeat(heights[:, None], len(rows), axis=1), np.ones(len(rows)))

    def total(self, columns: Sequence[Floats], weights: Sequence[float] | None = None) -> Floats:
        """The (weighted) mean of the columns."""
        return _mean(columns, weights)

    def describe(self) -> dict[str, object]:
        return _described("precision", self.weights)


@dataclass(frozen=True, slots=True)
class NormalisedEntropy:
    """How many bits it takes to tell the values again, given what the cells show; a share of all bits there are.

    A cell with a value that n rows have, in a group that g rows have, costs log2(g/n); suppressed, it costs
    log2(all rows / n). Per column the costs are divided by those of suppressing everything, and the loss is
    the mean of the columns: 0 for the table as it was, 1 when everything is suppressed. A column in which one
    value occurs has nothing to lose. Joining rare values costs little, joining frequent ones much.
    Source: A. de Waal, L. Willenborg, Information loss through global recoding and local suppression,
    Netherlands Official Statistics 14, 1999; A. Gionis, T. Tassa, k-Anonymization with minimal loss of
    information, IEEE TKDE 21(2), 2009 (non-uniform entropy).
    """

    weights: Mapping[str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", require_weights(self.weights))

    def cells(self, groups: Sequence[NDArray[np.int64]], rows: Floats) -> Cells:
        occurring = rows > 0
        own = np.where(occurring, rows, 1.0)
        hidden = np.where(occurring, np.log2(rows.sum() / own), 0.0)
        shown = np.array(
            [np.where(occurring, np.log2(_together(level, rows) / own), 0.0) for level in groups]
        )
        all_bits = float(hidden @ rows) / rows.sum()
        if all_bits == 0.0:
            return Cells(np.zeros_like(shown), np.zeros_like(hidden))
        return Cells(shown / all_bits, hidden / all_bits)

    def total(self, columns: Sequence[Floats], weights: Sequence[float] | None = None) -> Floats:
        """The (weighted) mean of the columns."""
        return _mean(columns, weights)

    def describe(self) -> dict[str, object]:
        return _described("normalised entropy", self.weights)


def require_weights(weights: object) -> dict[str, float]:
    """Copy the weights. Raises: SchemaError unless these are columns with positive numbers."""
    if not isinstance(weights, Mapping):
        raise SchemaError("weights must map columns to numbers; write {'age': 2.0}.")
    for column, weight in weights.items():
        plain = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not plain or not math.isfinite(weight) or weight <= 0:
            raise SchemaError(
                f"The weight of {column!r} must be a positive number; write for example 2.0, 1 counts as"
                " the other columns do."
            )
    return dict(weights)


def weights_of(weights: Mapping[str, float], columns: Sequence[str]) -> list[float] | None:
    """The weight of each column, None where all weigh the same.

    Raises: SchemaError when a weight is of no quasi-identifier.
    """
    if unknown := [column for column in weights if column not in columns]:
        raise SchemaError(f"weights names {unknown[0]!r}, which is no quasi-identifier; correct the name.")
    return [float(weights.get(column, 1.0)) for column in columns] if weights else None


def _together(level: NDArray[np.int64], rows: Floats) -> Floats:
    # Groups without any row are not asked for; 1 keeps the logarithm quiet.
    return np.asarray(np.maximum(np.bincount(level, weights=rows)[level], 1.0))


def _parts(columns: Sequence[Floats], weights: Sequence[float] | None) -> list[float]:
    """By what each column's contribution is divided."""
    if weights is None:
        return [float(len(columns))] * len(columns)
    return [sum(weights) / weight for weight in weights]


def _mean(columns: Sequence[Floats], weights: Sequence[float] | None) -> Floats:
    total = np.asarray(0.0)
    for losses, part in zip(columns, _parts(columns, weights), strict=True):
        total = total + losses / part
    return np.asarray(total, dtype=np.float64)


def _described(name: str, weights: Mapping[str, float]) -> dict[str, object]:
    return {"loss": name, **({"weights": dict(weights)} if weights else {})}
