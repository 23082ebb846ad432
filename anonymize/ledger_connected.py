"""The release ledger over somebody else's transaction."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from sqlalchemy import Connection

from anonymize.classes import Codes, Mask
from anonymize.errors import LedgerError
from anonymize.joint import SUPPRESSED, Holding
from anonymize.ledger_anchor import Head
from anonymize.ledger_content import Content, Tagging, Tags
from anonymize.ledger_decision import EXHAUSTED, Decision, Refusal
from anonymize.ledger_policy import LedgerPolicy
from anonymize.ledger_store import FIRST_SEAL, Book, EntryKind, LedgerEntry, LedgerStore, content_of
from anonymize.ledger_tables import LedgerTables
from anonymize.releases import (
    SYSTEM_RANDOM,
    Release,
    holding_of,
    names_of,
    opaque,
    require_row_each,
    required_k,
    shuffled,
)
from anonymize.result import Result


@dataclass(frozen=True, slots=True, eq=False)
class Prospect:
    """The ledger as one table would meet it. Shape: `persons` has the number of the person of each row."""

    decision: Decision
    persons: Codes
    tagging: Tagging


DEFAULT_POLICY: Final = LedgerPolicy()
KEY_BYTES: Final = 32


class ConnectedLedger:
    """The ledger over a connection of the caller, who commits or rolls back.

    `key` (at least 32 bytes) must not be in the ledger's database; `rng` must be a source that nobody can
    predict, such as `random.SystemRandom()`; `expected` is a head that the ledger must contain.
    Guarantees: what is decided is written down by the same call, refusals too: commit in both cases, and
    tell the outcome only then.
    """

    def __init__(
        self,
        connection: Connection,
        tables: LedgerTables,
        *,
        key: bytes,
        rng: random.Random = SYSTEM_RANDOM,
        policy: LedgerPolicy = DEFAULT_POLICY,
        expected: Head | None = None,
    ) -> None:
        if len(key) < KEY_BYTES:
            raise LedgerError(
                f"The ledger's key must have at least {KEY_BYTES} bytes; make a new random one."
            )
        self._store = LedgerStore(connection, tables, key=key, expected=expected)
        self._tagging = Tagging(key)
        self._rng = rng
        self._policy = policy

    def decide(
        self, result: Result, *, recipient: str, persons: Sequence[str | int], k: int | None = None
    ) -> Release | Refusal:
        """Check the result jointly with all that was released, write the outcome down, and return it.

        `persons` has the person of each row of the anonymised table, in its order. `recipient` may be
        PUBLIC: then it is checked with what every recipient holds, and counts as held by all from now on.
        `k` may ask for more persons per joint class than the result's own model.
        Guarantees: every joint class over all releases that the recipient can hold, absence and
        suppression being classes too, has 0 or at least k persons, over all recipients' releases `k_union`;
        the l of its models holds jointly. Nobody who withdrew is in it. Attacks RI1 to RI5, RI8, SC5.
        Raises: LedgerError for unusable arguments or an altered ledger.
        """
        _require_name(recipient)
        require_row_each(persons, len(result.class_of_row))
        # Classes of a local recoding are on levels of their own, which nobody can have registered.
        together = result.levels if result.transformation.pattern is None else {}
        self._policy.check_levels(together, recipient=recipient)
        tags = self._tagging.persons(names_of(persons))
        required_k(result, k)
        decision, fresh, new = self._begin(recipient, tags)
        holding = holding_of(result, new, k=k, tagging=self._tagging, rng=self._rng)
        if refusal := decision.refusal(holding):
            return self._charged(decision, refusal)
        entry = self._append_release(decision, holding, fresh)
        return Release(entry.id, recipient, shuffled(result, self._rng), result.report)

    def decide_counts(
        self, cells: Sequence[str | None], *, recipient: str, persons: Sequence[str | int], k: int
    ) -> LedgerEntry | Refusal:
        """As `decide`, for a table of counts: `cells` names the cell of each person, None where suppressed.

        One call per partition of the persons: a table's margins follow from its cells, other tables need
        calls of their own.
        """
        _require_name(recipient)
        require_row_each(persons, len(cells))
        tags = self._tagging.persons(names_of(persons))
        decision, fresh, new = self._begin(recipient, tags)
        numbers = {cell: at for at, cell in enumerate(dict.fromkeys(cells) - {None: None}.keys())}
        classes = np.array([SUPPRESSED - 1 if cell is None else numbers[cell] for cell in cells])
        holding = Holding(k, new, opaque(classes, self._rng), diversity={}, shown={})
        if refusal := decision.refusal(holding):
            return self._charged(decision, refusal)
        return self._append_release(decision, holding, fresh)

    def charge(self, *, recipient: str, reason: str) -> Refusal:
        """Write down a refusal for which the caller looked at data; `reason` is for the operator only.

        When the recipient has no refusals left the result has no entry and says only that: tell no more.
        """
        _require_name(recipient)
        return self._charged(self._decision(recipient), Refusal(recipient, reason))

    def refusals_left(self, recipient: str) -> int:
        """How often the recipient can be refused until nothing new is decided for it."""
        return Decision(Book(self._store), self._policy, recipient).refusals_left

    def withdraw(self, persons: Sequence[str | int]) -> None:
        """These persons are in no release from now on (attack SC5)."""
        self._note_persons(EntryKind.WITHDRAWAL, persons)

    def readmit(self, persons: Sequence[str | int]) -> None:
        """These persons withdrew and may be in releases again."""
        self._note_persons(EntryKind.RETURN, persons)

    def withdrawn(self, persons: Sequence[str | int]) -> Mask:
        """Which of these persons have withdrawn."""
        book = Book(self._store)
        numbers, fresh = book.number(self._tagging.persons(names_of(persons)))
        return np.append(book.withdrawn(), np.zeros(len(fresh), dtype=np.bool_))[numbers]

    def prospect(self, recipient: str, persons: Sequence[str | int]) -> Prospect:
        """What a table for this recipient with these persons would be judged by now; changes nothing."""
        _require_name(recipient)
        decision = self._decision(recipient)
        numbers, _ = self._numbered(decision, self._tagging.persons(names_of(persons)))
        return Prospect(decision, numbers, self._tagging)

    def records(self) -> list[LedgerEntry]:
        """All releases so far, oldest first."""
        return [each for each in self._store.entries() if each.kind is EntryKind.RELEASE]

    def refusals(self) -> list[Refusal]:
        """All charged refusals with their counts, oldest first; for the ledger's operator, not for recipients."""
        book = Book(self._store)
        return [_refusal(each, book.contents[each.id]) for each in book.of(EntryKind.REFUSAL)]

    def verify(self) -> int:
        """Check every seal and every content; returns how many releases there are.

        Raises: LedgerError when anything was altered.
        """
        return len(Book(self._store).of(EntryKind.RELEASE))

    def head(self) -> Head:
        """The newest entry, for an anchor."""
        entries = self._store.entries()
        return Head(len(entries), entries[-1].seal if entries else FIRST_SEAL)

    def _decision(self, recipient: str) -> Decision:
        self._store.lock()
        return Decision(Book(self._store), self._policy, recipient)

    def _begin(self, recipient: str, tags: Tags) -> tuple[Decision, Tags, Codes]:
        decision = self._decision(recipient)
        numbers, fresh = self._numbered(decision, tags)
        return decision, fresh, numbers

    def _numbered(self, decision: Decision, tags: Tags) -> tuple[Codes, Tags]:
        numbers, fresh = decision.book.number(tags)
        gone = np.append(decision.book.withdrawn(), np.zeros(len(fresh), dtype=np.bool_))[numbers]
        if gone.any():
            raise LedgerError(
                f"{int(gone.sum())} rows are of persons who withdrew; leave them out before anonymising"
                " (`withdrawn` tells which)."
            )
        return numbers, fresh

    def _append_release(self, decision: Decision, holding: Holding, fresh: Tags) -> LedgerEntry:
        unsealed = LedgerEntry(
            0,
            EntryKind.RELEASE,
            decision.recipient,
            k=holding.k,
            k_union=self._policy.k_union,
            diversity=holding.diversity,
        )
        content = content_of(holding, fresh=fresh)
        return self._store.append(unsealed, content, after=decision.book.entries)

    def _charged(self, decision: Decision, refusal: Refusal) -> Refusal:
        if decision.refusals_left <= 0:
            return Refusal(decision.recipient, EXHAUSTED)
        facts = {
            "reason": refusal.reason,
            "releases": refusal.releases,
            "smallest": refusal.smallest,
            "persons": refusal.persons,
            "involved": refusal.involved,
        }
        unsealed = LedgerEntry(0, EntryKind.REFUSAL, refusal.recipient)
        entry = self._store.append(unsealed, Content(facts=facts), after=decision.book.entries)
        return replace(refusal, entry=entry.id)

    def _note_persons(self, kind: EntryKind, persons: Sequence[str | int]) -> None:
        tags = self._tagging.persons(names_of(persons))
        self._store.lock()
        book = Book(self._store)
        numbers, fresh = book.number(tags)
        content = Content({"tags": fresh, "persons": numbers.astype(np.uint32)})
        self._store.append(LedgerEntry(0, kind, ""), content, after=book.entries)


def _refusal(entry: LedgerEntry, content: Content) -> Refusal:
    facts = content.facts
    return Refusal(
        entry.recipient,
        str(facts["reason"]),
        _numbers(facts["releases"]),
        smallest=_number(facts["smallest"]),
        persons=_number(facts["persons"]),
        involved=_numbers(facts["involved"]),
        entry=entry.id,
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _numbers(value: object) -> tuple[int, ...]:
    return tuple(each for each in value if isinstance(each, int)) if isinstance(value, list) else ()


def _require_name(recipient: str) -> None:
    if not recipient:
        raise LedgerError("The recipient has no name; name it as in every other release to it.")
