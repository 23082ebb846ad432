"""Asking about many customers at once (UC9): a file in, a file out, every row decided and logged by itself."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from consent.vocabulary import BasicItem, Body, ConfirmationReason
from services.contracts.identity.messages import PseudonymTokens, Reference
from services.contracts.registry.messages import Changed
from services.gateway.bank import confirm_named
from services.gateway.errors import RefusedError
from services.gateway.organisation import Organisation
from services.gateway.row_files import Row, open_rows, written_rows

ASKED: Final = ("reference", "contract", "reason")
ITEMS: Final = tuple(item.value for item in BasicItem)
ANSWERED: Final = (*ASKED, "outcome", "code", *ITEMS, "explanation")
MALFORMED_ROW: Final = "malformed_row"
UNKNOWN_REASON: Final = "unknown_reason"
NOTHING_ASKED: Final = "nothing_asked"
NAMED_AT_ONCE: Final = 50
FRESH: Final = timedelta(seconds=30)
REFERENCES: Final = TypeAdapter(Reference)


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
    coming = iter(rows)
    while some := [_read(row) for row in islice(coming, NAMED_AT_ONCE)]:
        tokens = _Tokens(bank, [each.reference for each in some if isinstance(each, _Question)])
        for each in some:
            yield each if isinstance(each, AnsweredRow) else _ask(bank, each, tokens)


@dataclass(frozen=True, slots=True)
class _Question:
    """A row that can be asked about."""

    cells: Mapping[str, str] = field(repr=False)
    known: Mapping[BasicItem, str] = field(repr=False)
    reason: ConfirmationReason

    @property
    def reference(self) -> str:
        return self.cells["reference"]


class _Tokens:
    """Tokens for the registry, one for each of `references`, asked for in their order and many at once."""

    def __init__(self, bank: Organisation, references: Sequence[str]) -> None:
        self._bank = bank
        self._waiting = deque(references)
        self._named: deque[PseudonymTokens | None] = deque()
        self._until = bank.clock()
        self._refused: RefusedError | None = None

    def next(self) -> str:
        """Return the next token. Raises: RefusedError."""
        if self._refused is None and (not self._named or self._bank.clock() >= self._until):
            self._ask()
        if self._refused is not None:
            raise self._refused
        reference, named = self._waiting.popleft(), self._named.popleft()
        if named is None:
            # asked for alone, it is refused in the ID centre's own words
            named = self._bank.name_person(reference, Body.REGISTRY)
        return named.tokens[Body.REGISTRY]

    def _ask(self) -> None:
        # tokens live for a minute: those that waited too long are left to expire
        self._until = self._bank.clock() + FRESH
        try:
            self._named = deque(self._bank.name_people(list(self._waiting), Body.REGISTRY))
        except RefusedError as refusal:
            self._refused = refusal  # of all of them: not asked again, each person would see it again


def _read(row: Row) -> _Question | AnsweredRow:
    if row.cells is None:
        return _invalid({}, MALFORMED_ROW, f"Row {row.number} has another number of cells than the header.")
    cells = row.cells
    known = {item: cells[item.value] for item in BasicItem if cells.get(item.value)}
    if not known:
        return _invalid(cells, NOTHING_ASKED, "Every item is empty; fill in what the bank believes to know.")
    if cells["reason"] not in set(ConfirmationReason):
        listed = ", ".join(ConfirmationReason)
        return _invalid(cells, UNKNOWN_REASON, f"The reason is none of: {listed}.")
    try:
        REFERENCES.validate_python(cells["reference"])
    except ValidationError:
        return _invalid(cells, MALFORMED_ROW, "Not of the right form: reference.")
    return _Question(cells, known, ConfirmationReason(cells["reason"]))


def _ask(bank: Organisation, question: _Question, tokens: _Tokens) -> AnsweredRow:
    cells = question.cells
    try:
        results = confirm_named(
            bank, tokens.next(), question.known, contract=cells["contract"], reason=question.reason
        )
    except RefusedError as refusal:
        return AnsweredRow(cells, RowOutcome.REFUSED, refusal.code, refusal.explanation)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(each["loc"][0]) for each in error.errors(include_input=False)}))
        return _invalid(cells, MALFORMED_ROW, f"Not of the right form: {wrong}.")
    changed = {item: told.value for item, told in results.items() if isinstance(told, Changed)}
    return AnsweredRow(cells, RowOutcome.CHANGED if changed else RowOutcome.UNCHANGED, changed=changed)


def _invalid(asked: Mapping[str, str], code: str, explanation: str) -> AnsweredRow:
    return AnsweredRow(asked, RowOutcome.INVALID, code, explanation)
