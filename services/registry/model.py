"""What the registry reasons about."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from consent.errors import MalformedError
from consent.vocabulary import BasicItem
from services.contracts.registry.change_reasons import ChangeReason


@dataclass(frozen=True, slots=True)
class Resident:
    """The four items of one person, normalised (NFKC, single spaces), so that one value has one spelling."""

    items: Mapping[BasicItem, str]

    def __repr__(self) -> str:
        return "Resident(...)"

    def __post_init__(self) -> None:
        if self.items.keys() != set(BasicItem):
            raise MalformedError("A resident has the four basic items.")
        normal = {name: normalise(value) for name, value in self.items.items()}
        try:
            date.fromisoformat(normal[BasicItem.BIRTH_DATE])
        except ValueError:
            raise MalformedError("The birth date is a day of the calendar, as YYYY-MM-DD.") from None
        object.__setattr__(self, "items", normal)


@dataclass(frozen=True, slots=True)
class HistoryEnd:
    """Why and on which day items ended, and from which day on they must be erased; None: they are kept."""

    reason: ChangeReason
    day: date
    due: date | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of one item that somebody believes to know; `value` only if it changed."""

    item: BasicItem
    value: str | None

    def __repr__(self) -> str:
        return f"Difference({self.item.value}, ...)"


def normalise(value: str) -> str:
    """Return one spelling for texts that people take for the same: half and full width, runs of spaces.

    Source: Unicode Standard Annex 15, NFKC.
    """
    return " ".join(unicodedata.normalize("NFKC", value).split())
