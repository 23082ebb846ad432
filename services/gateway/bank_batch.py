"""Asking about many customers at once (UC9): a file in, a file out, every row decided and logged by itself."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from consent.vocabulary import BasicItem, ConfirmationReason
from services.contracts.registry.messages import Changed
from services.gateway.bank import confirm
from services.gateway.errors import RefusedError
from services.gateway.organisation import Organisation
from services.gateway.row_files import Row, open_rows, written_rows

ASKED: Final = ("reference", "contract", "reason")
ITEMS: Final = tuple(item.value for item in BasicItem)
ANSWERED: Final = (*ASKED, "outcome", "code", *ITEMS, "explanation")
MALFORMED_ROW: Final = "malformed_row"
UNKNOWN_REASON: Final = "unknown_reason"
NOTHING_ASKED: Final = "nothing_asked"


class RowOutcome(StrEnum):
    """What became of a row."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    REFUSED = "refused"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class AnsweredRow:
    """A row's outcome; `code` says why where it is not an answer, `changed` holds present values."""

    asked: Mapping[str, str] = field(repr=False)
    outcome: RowOutcome
    code: str = ""
    explanation: str = ""
    changed: Mapping[BasicItem, str] = field(default_factory=dict, repr=False)

    @property
    def cells(self) -> dict[str, str]:
        """The row of the answering file."""
        values = {item.value: value for item, value in self.changed.items()}
        told = {"outcome": self.outcome.value, "code": self.code, "explanation": self.explanation}
        return {name: self.asked.get(name, "") for name in ASKED} | told | values


def confirm_file(bank: Organisation, questions: Path, answers: Path) -> Counter[RowOutcome]:
    """Ask row by row and write each answer before the next is asked; return how many had which outcome.

    An empty cell is not asked about. Raises: RowFileError; kit's PeerUnavailableError: what was answered stays written.
    """
    counted: Counter[RowOutcome] = Counter()
    with (
        open_rows(questions, required=ASKED, optional=ITEMS) as rows,
        written_rows(answers, ANSWERED) as written,
    ):
        for answered in confirm_rows(bank, rows):
            written.write(answered.cells)
            counted[answered.outcome] += 1
    return counted


def confirm_rows(bank: Organisation, rows: Iterable[Row]) -> Iterator[AnsweredRow]:
    """Ask about each row in turn; a row that is refused or wrong does not stop the others."""
    for row in rows:
        yield _confirm_row(bank, row)


def _confirm_row(bank: Organisation, row: Row) -> AnsweredRow:
    if row.cells is None:
        return _invalid({}, MALFORMED_ROW, f"Row {row.number} has another number of cells than the header.")
    cells = row.cells
    known = {item: cells[item.value] for item in BasicItem if cells.get(item.value)}
    if not known:
        return _invalid(cells, NOTHING_ASKED, "Every item is empty; fill in what the bank believes to know.")
    if cells["reason"] not in set(ConfirmationReason):
        listed = ", ".join(ConfirmationReason)
        return _invalid(cells, UNKNOWN_REASON, f"The reason is none of: {listed}.")
    reason = ConfirmationReason(cells["reason"])
    try:
        results = confirm(bank, cells["reference"], known, contract=cells["contract"], reason=reason)
    except RefusedError as refusal:
        return AnsweredRow(cells, RowOutcome.REFUSED, refusal.code, refusal.explanation)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(each["loc"][0]) for each in error.errors(include_input=False)}))
        return _invalid(cells, MALFORMED_ROW, f"Not of the right form: {wrong}.")
    changed = {item: told.value for item, told in results.items() if isinstance(told, Changed)}
    return AnsweredRow(cells, RowOutcome.CHANGED if changed else RowOutcome.UNCHANGED, changed=changed)


def _invalid(asked: Mapping[str, str], code: str, explanation: str) -> AnsweredRow:
    return AnsweredRow(asked, RowOutcome.INVALID, code, explanation)
