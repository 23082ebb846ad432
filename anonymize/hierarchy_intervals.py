"""Numbers in nested intervals."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from itertools import repeat
from numbers import Real
from typing import Final

import numpy as np

from anonymize.errors import HierarchyError
from anonymize.hierarchy_kinds import Kind
from anonymize.ladder import TOP, LabelRow, Occurrences, leaf_text

Number = int | float | Decimal

# Enough digits for every finite float, so that intervals of huge and tiny numbers are exact too.
_EXACT: Final = Context(prec=1100)
# Below this, sums and remainders of whole numbers stay within a machine integer.
_SMALL: Final = 2**60
_WHOLE_TEXT: Final = re.compile(r"\s*-?[0-9]{1,18}\s*", re.ASCII)
_NUMBER_TEXT: Final = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*", re.ASCII)
_INFINITE_TEXT: Final = re.compile(r"\s*[+-]?inf(inity)?\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Intervals:
    """Numbers in nested intervals; computed in decimals, so that 0.3 lies where it is written."""

    widths: tuple[Decimal, ...]
    origins: tuple[Decimal, ...]
    bottom: Decimal | None = None
    top: Decimal | None = None

    @classmethod
    def of(
        cls,
        widths: Sequence[Number],
        origin: Number | Sequence[Number],
        *,
        bottom: Number | None = None,
        top: Number | None = None,
    ) -> "Intervals":
        if not isinstance(widths, Sequence):
            raise HierarchyError("intervals needs a list of widths, one per level; write [5, 10].")
        origins = origin if isinstance(origin, Sequence) else (origin,) * len(widths)
        if not widths or len(widths) != len(origins):
            raise HierarchyError(
                "intervals needs at least one width, and one origin for all or one per width."
            )
        wide = tuple(_finite(width) for width in widths)
        zero = tuple(_finite(origin) for origin in origins)
        _check_nesting(wide, zero)
        low = None if bottom is None else _finite(bottom)
        high = None if top is None else _finite(top)
        if low is not None and high is not None and low >= high:
            raise HierarchyError(f"bottom {low} of intervals must lie below top {high}; correct one of them.")
        return cls(wide, zero, low, high)

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
        bounds = [
            *self.widths,
            *self.origins,
            *(each for each in (self.bottom, self.top) if each is not None),
        ]
        if any(bound % 1 or abs(bound) >= _SMALL for bound in bounds):
            return None
        if (numbers := _machine_integers(occurrences.values)) is None:
            return None
        levels = []
        for width, origin in zip(map(int, self.widths), map(int, self.origins), strict=True):
            lowers = numbers - (numbers - origin) % width
            if self.bottom is not None:
                lowers = np.where(numbers < int(self.bottom), -_SMALL, np.maximum(lowers, int(self.bottom)))
            if self.top is not None:
                lowers = np.where(numbers >= int(self.top), _SMALL, lowers)
            # One number of each group stands for it: groups differ in their lower ends.
            _, example, of = np.unique(lowers, return_index=True, return_inverse=True)
            labels = [
                self._label(Decimal(int(numbers[at])), Decimal(width), Decimal(origin)) for at in example
            ]
            levels.append([labels[at] for at in of.tolist()])
        return levels

    def _exact(self, occurrences: Occurrences) -> list[LabelRow]:
        table: list[LabelRow] = []
        labels: dict[Decimal | str, tuple[str, ...]] = {}
        width, origin = self.widths[0], self.origins[0]
        with localcontext(_EXACT):
            for position, text in enumerate(occurrences.texts):
                number = self._number(occurrences, position)
                # What shares an interval on level 1 shares all others.
                group = self._outside(number) or _lower(number, width, origin)
                if group not in labels:
                    labels[group] = self._labels(number)
                table.append((text, *labels[group], TOP))
        return table

    def _number(self, occurrences: Occurrences, position: int) -> Decimal:
        number = as_number(occurrences.values[position])
        if number is None:
            raise occurrences.error(
                position, "is not a number; correct it, or convert the column with pandas.to_numeric"
            )
        bound = self.bottom if number < 0 else self.top
        if not number.is_finite() and bound is None:
            raise occurrences.error(
                position, "is infinite; replace it by a number or by a missing value, or give bottom and top"
            )
        return number

    def _labels(self, number: Decimal) -> tuple[str, ...]:
        return tuple(
            self._label(number, width, origin)
            for width, origin in zip(self.widths, self.origins, strict=True)
        )

    def _label(self, number: Decimal, width: Decimal, origin: Decimal) -> str:
        if outside := self._outside(number):
            return outside
        lower = _lower(number, width, origin)
        upper = lower + width
        lower = lower if self.bottom is None else max(lower, self.bottom)
        upper = upper if self.top is None else min(upper, self.top)
        return f"[{_plain(lower)}, {_plain(upper)})"

    def _outside(self, number: Decimal) -> str | None:
        if self.bottom is not None and number < self.bottom:
            return f"< {_plain(self.bottom)}"
        if self.top is not None and number >= self.top:
            return f">= {_plain(self.top)}"
        return None


def _lower(number: Decimal, width: Decimal, origin: Decimal) -> Decimal:
    # Decimal's % keeps the dividend's sign.
    offset = (number - origin) % width
    return number - (offset + width if offset < 0 else offset)


def _check_nesting(wide: Sequence[Decimal], zero: Sequence[Decimal]) -> None:
    if wide[0] <= 0:
        raise HierarchyError(f"Width {wide[0]} of level 1 must be positive.")
    for level in range(1, len(wide)):
        if wide[level] <= wide[level - 1] or wide[level] % wide[level - 1]:
            raise HierarchyError(
                f"Width {wide[level]} of level {level + 1} must be a larger multiple of {wide[level - 1]}."
            )
        if (zero[level] - zero[level - 1]) % wide[level - 1]:
            raise HierarchyError(
                f"Origin {zero[level]} of level {level + 1} must be a boundary of level {level}:"
                f" {zero[level - 1]} plus a multiple of {wide[level - 1]}."
            )


def _machine_integers(values: Sequence[object]) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    if all(type(value) is int and abs(value) < _SMALL for value in values):
        return np.array(values, dtype=np.int64)
    if all(type(value) is str and _WHOLE_TEXT.fullmatch(value) for value in values):
        return np.array(list(map(int, map(str, values))), dtype=np.int64)
    return None


def as_number(value: object) -> Decimal | None:
    """The number that a value is or is the text of, infinite ones included, else None."""
    if isinstance(value, bool) or not isinstance(value, Real | Decimal | str):
        return None
    text = leaf_text(value)
    return Decimal(text) if _NUMBER_TEXT.fullmatch(text) or _INFINITE_TEXT.fullmatch(text) else None


def _finite(value: Number) -> Decimal:
    number = as_number(value)
    if number is None or not number.is_finite():
        raise HierarchyError(f"Width, origin or bound {value} must be a finite number.")
    return number


def _plain(number: Decimal) -> str:
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
