"""The kinds of hierarchies behind the constructors of `Hierarchy`."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from itertools import repeat
from numbers import Real
from typing import Literal, Protocol

import numpy as np

from anonymize.errors import HierarchyError
from anonymize.ladder import TOP, Label, LabelRow, Occurrences

# Enough digits for every finite float, so that intervals of huge and tiny numbers are exact too.
_EXACT = Context(prec=1100)
# Below this, sums and remainders of whole numbers stay within a machine integer.
_SMALL = 2**60


Number = int | float | Decimal


class Kind(Protocol):
    """What a hierarchy needs to know: see `anonymize.hierarchy.Hierarchy`."""

    def rows(self, occurrences: Occurrences) -> tuple[LabelRow, ...]:
        """Leaf and labels of every value in the domain."""

    def settled(self, occurrences: Occurrences) -> "Kind":
        """The same without any dependence on the table."""


@dataclass(frozen=True, slots=True)
class Tabulated:
    """A closed domain: every leaf is listed."""

    table: tuple[LabelRow, ...]

    def rows(self, occurrences: Occurrences) -> tuple[LabelRow, ...]:
        known = {row[0] for row in self.table}
        for position, text in enumerate(occurrences.texts):
            if text not in known:
                raise occurrences.error(position, "is not in the hierarchy; add a row for it or correct it")
        if not occurrences.missing or None in known:
            return self.table
        return (*self.table, missing_row(self.table))

    def settled(self, occurrences: Occurrences) -> Kind:  # noqa: ARG002 - depends on no table
        return self


@dataclass(frozen=True, slots=True)
class Suppression:
    """The value or nothing."""

    def rows(self, occurrences: Occurrences) -> tuple[LabelRow, ...]:
        return tuple((leaf, TOP) for leaf in occurrences.leaves)

    def settled(self, occurrences: Occurrences) -> Kind:  # noqa: ARG002 - depends on no table
        return self


@dataclass(frozen=True, slots=True)
class Redaction:
    """Characters masked one by one."""

    length: int | None
    start: Literal["right", "left"]

    def rows(self, occurrences: Occurrences) -> tuple[LabelRow, ...]:
        length = self._length(occurrences)
        for position, text in enumerate(occurrences.texts):
            if len(text) > length:
                raise occurrences.error(
                    position, f"is longer than {length} characters; raise length or correct it"
                )
        return tuple(self._row(leaf, length) for leaf in occurrences.leaves)

    def settled(self, occurrences: Occurrences) -> Kind:
        return Redaction(self._length(occurrences), self.start)

    def _length(self, occurrences: Occurrences) -> int:
        return self.length or max((len(text) for text in occurrences.texts), default=1) or 1

    def _row(self, leaf: Label, length: int) -> LabelRow:
        if leaf is None:
            return (*(None,) * length, TOP)
        if self.start == "right":
            padded = leaf.ljust(length)
            masked = [padded[: length - level] + "*" * level for level in range(1, length)]
        else:
            padded = leaf.rjust(length)
            masked = ["*" * level + padded[level:] for level in range(1, length)]
        return (leaf, *masked, TOP)


@dataclass(frozen=True, slots=True)
class Intervals:
    """Numbers in nested intervals; computed in decimals, so that 0.3 lies where it is written."""

    widths: tuple[Decimal, ...]
    origins: tuple[Decimal, ...]

    @classmethod
    def of(cls, widths: Sequence[Number], origins: Sequence[Number]) -> "Intervals":
        if not widths or len(widths) != len(origins):
            raise HierarchyError(
                "intervals needs at least one width, and one origin for all or one per width."
            )
        wide = tuple(_finite(width) for width in widths)
        zero = tuple(_finite(origin) for origin in origins)
        if wide[0] <= 0:
            raise HierarchyError(f"Width {wide[0]} of level 1 must be positive.")
        for level in range(1, len(wide)):
            if wide[level] <= wide[level - 1] or wide[level] % wide[level - 1]:
                raise HierarchyError(
                    f"Width {wide[level]} of level {level + 1} must be a larger multiple"
                    f" of {wide[level - 1]}."
                )
            if (zero[level] - zero[level - 1]) % wide[level - 1]:
                raise HierarchyError(
                    f"Origin {zero[level]} of level {level + 1} must be a boundary of level {level}:"
                    f" {zero[level - 1]} plus a multiple of {wide[level - 1]}."
                )
        return cls(wide, zero)

    def rows(self, occurrences: Occurrences) -> tuple[LabelRow, ...]:
        if (whole := self._whole(occurrences)) is not None:
            table = list(zip(occurrences.texts, *whole, repeat(TOP), strict=False))
        else:
            table = self._exact(occurrences)
        if occurrences.missing:
            table.append((*(None,) * (len(self.widths) + 1), TOP))
        return tuple(table)

    def settled(self, occurrences: Occurrences) -> Kind:  # noqa: ARG002 - depends on no table
        return self

    def _whole(self, occurrences: Occurrences) -> list[list[str]] | None:
        """Label whole numbers that are surely exact as machine integers; None when there are others."""
        bounds = [*self.widths, *self.origins]
        plain = all(type(value) is int and abs(value) < _SMALL for value in occurrences.values)
        if not plain or any(bound % 1 or abs(bound) >= _SMALL for bound in bounds):
            return None
        numbers = np.array(occurrences.values, dtype=np.int64)
        levels = []
        for width, origin in zip(map(int, self.widths), map(int, self.origins), strict=True):
            lowers, of = np.unique(numbers - (numbers - origin) % width, return_inverse=True)
            labels = [f"[{lower}, {lower + width})" for lower in lowers.tolist()]
            levels.append([labels[at] for at in of.tolist()])
        return levels

    def _exact(self, occurrences: Occurrences) -> list[LabelRow]:
        table: list[LabelRow] = []
        with localcontext(_EXACT):
            for position, (value, text) in enumerate(zip(occurrences.values, occurrences.texts, strict=True)):
                if isinstance(value, bool) or not isinstance(value, Real | Decimal):
                    raise occurrences.error(
                        position, "is not a number; convert the column with pandas.to_numeric"
                    )
                number = Decimal(text)
                if not number.is_finite():
                    raise occurrences.error(
                        position, "is infinite; replace it by a number or by a missing value"
                    )
                table.append((text, *self._labels(number), TOP))
        return table

    def _labels(self, number: Decimal) -> list[str]:
        labels = []
        for width, origin in zip(self.widths, self.origins, strict=True):
            # Decimal's % keeps the dividend's sign; the addition makes the offset non-negative.
            lower = number - ((number - origin) % width + width) % width
            labels.append(f"[{_plain(lower)}, {_plain(lower + width)})")
        return labels


def missing_row(table: Sequence[LabelRow]) -> LabelRow:
    """Labels of a missing value that the hierarchy does not mention."""
    shared = [{row[level] for row in table} for level in range(1, len(table[0]))]
    return (None, *(next(iter(labels)) if len(labels) == 1 else None for labels in shared))


def _finite(value: Number) -> Decimal:
    number = Decimal(str(value))
    if not number.is_finite():
        raise HierarchyError(f"Width or origin {value} must be finite.")
    return number


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
