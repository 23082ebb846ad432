"""What a hierarchy is to the rest of the library, and the kinds that need no list and no numbers."""

from dataclasses import dataclass
from typing import Literal, Protocol

from anonymize.ladder import TOP, Label, LabelRow, Occurrences


class Kind(Protocol):
    """What a hierarchy needs to know: see `anonymize.hierarchy.Hierarchy`."""

    def rows(self, occurrences: Occurrences) -> tuple[LabelRow, ...]:
        """Leaf and labels of every value in the domain."""

    def settled(self, occurrences: Occurrences) -> "Kind":
        """The same without any dependence on the table."""


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
