"""Compartments: the smallest unit that a key opens."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

from consent.errors import MalformedError, PeriodError
from consent.vocabulary import Category

FIRST_YEAR: Final = 1000
LAST_YEAR: Final = 9999
LAST_VERSION: Final = 99_999

_CATEGORIES: Final = frozenset(category.value for category in Category)
_LABEL: Final = re.compile(r"([a-z]+)/([1-9][0-9]{3})/([1-9][0-9]{0,4})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class YearSpan:
    """Calendar years from `first` to `last`, both included.

    Raises: MalformedError if the span is empty or not in four-digit years.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.first <= self.last <= LAST_YEAR:
            raise PeriodError("A span of years needs four-digit years, the first not after the last.")

    def __contains__(self, year: int) -> bool:
        return self.first <= year <= self.last

    def within(self, other: "YearSpan") -> bool:
        """Whether every year of this span is in the other."""
        return other.first <= self.first and self.last <= other.last

    def overlaps(self, other: "YearSpan") -> bool:
        """Whether the two spans share a year."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True, order=True)
class Compartment:
    """Category, year and key version: the records that one delegating key opens.

    Guarantees: `Compartment.parse(c.label) == c`, and `parse` accepts no other spelling of it.
    """

    category: Category
    year: int
    version: int

    def __post_init__(self) -> None:
        if not FIRST_YEAR <= self.year <= LAST_YEAR or not 1 <= self.version <= LAST_VERSION:
            raise MalformedError("A compartment needs a four-digit year and a version from 1 to 99999.")

    @property
    def label(self) -> str:
        """The compartment's one written form, for example `medication/2026/1`."""
        return f"{self.category}/{self.year}/{self.version}"

    @classmethod
    def parse(cls, label: str) -> Self:
        """Read a label in exactly the form that `label` writes.

        Raises: MalformedError for any other text.
        """
        return cls(*_parts(label))


@lru_cache(maxsize=4096)
def _parts(label: str) -> tuple[Category, int, int]:
    match = _LABEL.fullmatch(label)
    if match is None or match[1] not in _CATEGORIES:
        raise MalformedError("A compartment is written category/year/version, like medication/2026/1.")
    return Category(match[1]), int(match[2]), int(match[3])
