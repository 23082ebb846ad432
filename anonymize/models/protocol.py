"""What the search asks of a privacy model, and what it may conclude from the answers."""

from enum import Enum
from typing import Protocol, runtime_checkable

from anonymize.classes import Classes, Mask
from anonymize.coding import CodedTable


class Union(Enum):
    """What is known of a union of disjoint classes; all that the pruning relies on.

    ABSORBS: a union passes when any part passes, so failing rows can only become fewer on coarser levels.
    CLOSED: a union passes when all parts pass, so a table that passes without suppression still does on
    coarser levels; a failing part can spoil a union.
    OPEN: nothing is known.
    """

    ABSORBS = "absorbs"
    CLOSED = "closed"
    OPEN = "open"


class Check(Protocol):
    """A model bound to one table."""

    @property
    def union(self) -> Union:
        """What is known of unions of classes."""

    def satisfied(self, classes: Classes) -> Mask:
        """Tell for each class whether it satisfies the model."""


@runtime_checkable
class TableCheck(Check, Protocol):
    """A check that looks at all classes together, besides at each of them."""

    def monotone(self, *, budget: int) -> bool:
        """Whether, if all other models absorb (or are closed and the budget is 0), nodes coarser than a usable
        one are usable: as many rows must be suppressed at most."""

    def each(self) -> Check:
        """A check of single classes that is enough: where all classes satisfy it, they do so together."""

    def completed(self, classes: Classes, suppressed: Mask) -> Mask:
        """The classes that must be suppressed when these are already: these, and as few rows more as it takes."""


class Model(Protocol):
    """A condition on the classes of a table, with its parameters."""

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The sensitive columns that the model looks at."""

    def check(self, table: CodedTable) -> Check:
        """Bind the model to a table.

        Raises: ModelError when the model does not fit the values, such as a hierarchy that lacks one.
        """

    def describe(self) -> dict[str, str | int | float]:
        """The model and its parameters as JSON-able values."""


class OfColumn:
    """A model that looks at one sensitive column."""

    __slots__ = ()
    column: str

    @property
    def sensitive(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)


class OfRows:
    """A model that looks at no sensitive column."""

    __slots__ = ()

    @property
    def sensitive(self) -> tuple[str, ...]:
        """None."""
        return ()
