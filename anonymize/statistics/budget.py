"""How much privacy a recipient has spent, and that it cannot spend more than it has."""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from anonymize.errors import BudgetExhaustedError, LedgerError, StatisticsError
from anonymize.ledger_anchor import Anchor
from anonymize.ledger_content import Content
from anonymize.ledger_store import Book, EntryKind
from anonymize.ledger_store import LedgerEntry as Entry
from anonymize.releases import SYSTEM_RANDOM
from anonymize.statistics.policy import require_positive
from anonymize.statistics.sealed_log import SealedLog

_NAME: Final = "privacy"
_EPSILON_PARTS: Final = 10**9
_DELTA_PARTS: Final = 10**18


@dataclass(frozen=True, slots=True)
class Spending:
    """An amount of privacy in whole parts, so that sums are exact: charges round up, budgets down."""

    epsilon_parts: int
    delta_parts: int

    @classmethod
    def charged(cls, epsilon: float, delta: float) -> "Spending":
        """What a statistic costs; decimals as written, as 0.3 is less than three times 0.1 in binary."""
        epsilon_parts = math.ceil(Fraction(repr(float(epsilon))) * _EPSILON_PARTS)
        return cls(epsilon_parts, math.ceil(Fraction(repr(float(delta))) * _DELTA_PARTS))

    @classmethod
    def granted(cls, epsilon: float, delta: float) -> "Spending":
        """What a budget holds."""
        epsilon_parts = math.floor(Fraction(repr(float(epsilon))) * _EPSILON_PARTS)
        return cls(epsilon_parts, math.floor(Fraction(repr(float(delta))) * _DELTA_PARTS))

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(self.epsilon_parts + other.epsilon_parts, self.delta_parts + other.delta_parts)

    def __sub__(self, other: "Spending") -> "Spending":
        return Spending(self.epsilon_parts - other.epsilon_parts, self.delta_parts - other.delta_parts)

    @property
    def epsilon(self) -> float:
        """As a number."""
        return self.epsilon_parts / _EPSILON_PARTS

    @property
    def delta(self) -> float:
        """As a number."""
        return self.delta_parts / _DELTA_PARTS

    def covers(self, other: "Spending") -> bool:
        """Whether there is enough for the other amount."""
        return self.epsilon_parts >= other.epsilon_parts and self.delta_parts >= other.delta_parts


class PrivacyBudget:
    """What each recipient may spend in all, kept in a SQLite or PostgreSQL database, sealed like `ReleaseLedger`.

    Each charge is one transaction that ends before any noise is drawn: recipients that ask at the same time
    cannot overspend, and a crash loses the statistic, never the charge. Epsilons and deltas add up (basic
    composition), over everything that was charged to one name. The limits are those that it is opened with.
    Raises: LedgerError for an unusable database or key, and from every method when the record was altered.
    """

    def __init__(
        self,
        url: str,
        *,
        epsilon: float,
        delta: float = 0.0,
        key: bytes | None = None,
        rng: random.Random = SYSTEM_RANDOM,
        anchor: Anchor | None = None,
    ) -> None:
        require_positive("epsilon", epsilon)
        _require_delta(delta)
        self._granted = Spending.granted(epsilon, delta)
        self._log = SealedLog(url, name=_NAME, key=key, rng=rng, anchor=anchor)

    def account(self, recipient: str) -> "PrivacyAccount":
        """The budget of one recipient, for the functions that charge it."""
        if not recipient:
            raise LedgerError("The recipient has no name; name it as in every other statistic for it.")
        return PrivacyAccount(self, recipient)

    def charge(self, recipient: str, *, epsilon: float, delta: float = 0.0, statistic: str) -> None:
        """Write the charge down. Raises: BudgetExhaustedError when too little is left; nothing is charged then."""
        require_positive("epsilon", epsilon)
        _require_delta(delta)
        asked = Spending.charged(epsilon, delta)
        facts = {"epsilon": asked.epsilon_parts, "delta": asked.delta_parts, "statistic": statistic}
        with self._log.transaction() as store:
            book = Book(store)
            left = self._granted - _spent(book, recipient)
            if not left.covers(asked):
                raise BudgetExhaustedError(recipient, epsilon_left=left.epsilon, delta_left=left.delta)
            store.append(Entry(0, EntryKind.RELEASE, recipient), Content(facts=facts), after=book.entries)

    def left(self, recipient: str) -> tuple[float, float]:
        """The epsilon and delta that the recipient has left."""
        with self._log.transaction() as store:
            left = self._granted - _spent(Book(store), recipient)
        return left.epsilon, left.delta


@dataclass(frozen=True, slots=True)
class PrivacyAccount:
    """A recipient's part of a budget."""

    budget: PrivacyBudget
    recipient: str

    def charge(self, *, epsilon: float, delta: float = 0.0, statistic: str) -> None:
        """As PrivacyBudget.charge."""
        self.budget.charge(self.recipient, epsilon=epsilon, delta=delta, statistic=statistic)

    @property
    def left(self) -> tuple[float, float]:
        """As PrivacyBudget.left."""
        return self.budget.left(self.recipient)


def _spent(book: Book, recipient: str) -> Spending:
    spent = Spending(0, 0)
    for entry in book.of(EntryKind.RELEASE, recipient=recipient):
        facts: Mapping[str, object] = book.contents[entry.id].facts
        epsilon, delta = facts["epsilon"], facts["delta"]
        if not isinstance(epsilon, int) or not isinstance(delta, int):
            raise LedgerError(
                "The privacy budget was altered; give nothing out, and restore it from a backup."
            )
        spent += Spending(epsilon, delta)
    return spent


def _require_delta(delta: float) -> None:
    if isinstance(delta, bool) or not isinstance(delta, int | float) or not 0 <= delta < 1:
        raise StatisticsError("delta must be at least 0 and below 1; correct it.")
