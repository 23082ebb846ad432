"""The anonymiser's rules, pure: which tables may be asked for at all, before anybody's record is opened."""

from dataclasses import dataclass
from typing import Final, assert_never

from consent.vocabulary import Purpose
from services.contracts.research.messages import (
    Column,
    ColumnRole,
    Intervals,
    JobRequest,
    Masks,
    RefusalReason,
    Source,
)
from services.research.errors import RecordsRefusedError, RefusedError
from services.research.model import Refusal

RESEARCH: Final = Purpose.HRESCH
KNOWN_ABOUT_PEOPLE: Final = frozenset({Source.BIRTH_YEAR, Source.SEX, Source.AREA})
"""What others know about a person beforehand; it is never released as it is."""
NUMBERS: Final = frozenset({Source.BIRTH_YEAR, Source.MEDICATIONS})
DEFAULT_INTERVALS: Final = {
    Source.BIRTH_YEAR: Intervals(origin=1900, widths=[5, 10, 20, 40]),
    Source.MEDICATIONS: Intervals(origin=0, widths=[2, 4, 8, 16]),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What this deployment asks for at least, and opens at most."""

    min_k: int
    min_diversity: int
    max_persons: int
    max_search_seconds: float


def check(request: JobRequest, limits: Limits) -> None:
    """Refuse what is not research or cannot be anonymous here. Raises: RefusedError. Attack OP3."""
    if request.purpose is not RESEARCH:
        raise _refused(
            RefusalReason.OTHER_PURPOSE,
            f"people permitted their records to the anonymiser for {RESEARCH.value} only; "
            f"{request.purpose.value} needs a permission to the reader itself",
        )
    if request.table.k < limits.min_k:
        raise _refused(RefusalReason.NOT_ANONYMOUS, f"k must be at least {limits.min_k} here; ask for more")
    for column in request.table.columns:
        _check_column(column, limits)


def check_persons(count: int, limits: Limits) -> None:
    """Refuse a job that concerns more persons than one job may open. Raises: RefusedError."""
    if count > limits.max_persons:
        refusal = Refusal(
            RefusalReason.TOO_MANY_PERSONS,
            (
                f"more persons permitted this than the {limits.max_persons} that one job opens; "
                "ask the anonymiser's operator for a larger limit",
            ),
        )
        raise RecordsRefusedError(refusal, found=f"{count} persons permitted it")


def diversity(column: Column, limits: Limits) -> int:
    """Return how many distinct values every class must show of a sensitive column."""
    return max(column.diversity or 1, limits.min_diversity)


def generalisation(column: Column) -> Intervals | Masks | None:
    """Return how a quasi-identifier becomes coarser; None: the value or `*`."""
    return column.generalisation or DEFAULT_INTERVALS.get(column.source)


def height(column: Column) -> int:
    """Return the coarsest level of a quasi-identifier."""
    found = generalisation(column)
    match found:
        case Intervals():
            return len(found.widths) + 1
        case Masks():
            return found.masks
        case None:
            return 1
    assert_never(found)


def _check_column(column: Column, limits: Limits) -> None:
    if column.role is ColumnRole.SENSITIVE:
        if column.source in KNOWN_ABOUT_PEOPLE:
            raise _refused(
                RefusalReason.NOT_ANONYMOUS,
                f"column {column.name}: {column.source.value} is known about people; call it quasi",
            )
        if column.diversity is not None and column.diversity < limits.min_diversity:
            raise _refused(
                RefusalReason.NOT_ANONYMOUS,
                f"column {column.name}: diversity must be at least {limits.min_diversity} here",
            )
        return
    found = generalisation(column)
    fits = Intervals if column.source in NUMBERS else Masks
    if found is not None and not isinstance(found, fits):
        wanted = "intervals" if fits is Intervals else "masks"
        raise _refused(
            RefusalReason.TABLE_UNUSABLE, f"column {column.name}: {column.source.value} takes {wanted}"
        )
    if column.level is not None and column.level > height(column):
        raise _refused(RefusalReason.TABLE_UNUSABLE, f"column {column.name} has levels 0 to {height(column)}")


def _refused(code: RefusalReason, reason: str) -> RefusedError:
    return RefusedError(Refusal(code, (reason,)))
