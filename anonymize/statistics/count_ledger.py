"""Remembers whom each count that a recipient has was about, and refuses counts that would tell too much."""

import random
from collections.abc import Sequence
from typing import Final

import numpy as np

from anonymize.classes import Codes
from anonymize.errors import DifferencingError, LedgerError
from anonymize.ledger_anchor import Anchor
from anonymize.ledger_content import Content, Tags
from anonymize.ledger_decision import PUBLIC
from anonymize.ledger_store import Book, EntryKind, LedgerEntry, LedgerStore
from anonymize.releases import SYSTEM_RANDOM, names_of
from anonymize.statistics.differencing import tells_few
from anonymize.statistics.policy import DEFAULT_STATISTICS, StatisticsPolicy, require_whole
from anonymize.statistics.sealed_log import SealedLog
from anonymize.statistics.suppression import rounded

_NAME: Final = "counted"
_SAFE: Final = (
    "it would tell too much together with earlier counts; ask for the same counts, or for other groups"
)
_EXHAUSTED: Final = "this recipient's refusals are used up; nothing new is counted for it"


class CountLedger:
    """A ledger of counted sets of persons, in a SQLite or PostgreSQL database, sealed like `ReleaseLedger`.

    A count may leave when no sum or difference of it and of all that its recipient can hold, public counts
    included, is the count of 1 to `minimum_count` - 1 persons (attacks RI2, RI7); a count for PUBLIC is
    checked with what each recipient holds. Each refusal is charged: after `refusals` of them every further
    request of the recipient is refused without looking at data (attack RI5).
    Raises: LedgerError for unusable arguments, and from every method when the ledger was altered.
    """

    def __init__(
        self,
        url: str,
        *,
        policy: StatisticsPolicy = DEFAULT_STATISTICS,
        refusals: int = 10,
        key: bytes | None = None,
        rng: random.Random = SYSTEM_RANDOM,
        anchor: Anchor | None = None,
    ) -> None:
        require_whole("refusals", refusals, least=0)
        self._log = SealedLog(url, name=_NAME, key=key, rng=rng, anchor=anchor)
        self._policy = policy
        self._refusals = refusals

    def count(self, persons: Sequence[str | int], *, recipient: str) -> int:
        """The number of persons, rounded to the policy's base, once it is written down that it was told.

        Raises: DifferencingError when it may not be told.
        """
        self.admit([persons], recipient=recipient)
        return int(rounded(np.array([len(persons)], dtype=np.int64), self._policy.rounding)[0])

    def admit(self, sets: Sequence[Sequence[str | int]], *, recipient: str) -> int:
        """Write down that the recipient is told the counts of these sets of persons, all or none.

        Returns the entry's number. Sets of a table are its inner cells and margins that are shown.
        Raises: DifferencingError when they may not be told.
        """
        if not recipient:
            raise LedgerError("The recipient has no name; name it as in every other count for it.")
        names = [names_of(each) for each in sets]
        with self._log.transaction() as store:
            entry = self._decided(store, names, recipient=recipient)
        if entry is None or entry.kind is EntryKind.REFUSAL:
            told = _EXHAUSTED if entry is None else _SAFE
            raise DifferencingError(f"The count for {recipient!r} is refused: {told}.")
        return entry.id

    def refusals_left(self, recipient: str) -> int:
        """How often the recipient can be refused until nothing is counted for it any more."""
        with self._log.transaction() as store:
            return self._refusals_left(Book(store), recipient)

    def _refusals_left(self, book: Book, recipient: str) -> int:
        return self._refusals - len(book.of(EntryKind.REFUSAL, recipient=recipient))

    def _decided(
        self, store: LedgerStore, names: Sequence[Sequence[str]], *, recipient: str
    ) -> LedgerEntry | None:
        """The entry that was written; None when nothing was looked at."""
        book = Book(store)
        if self._refusals_left(book, recipient) <= 0:
            return None
        tags = self._log.tagging.persons([name for each in names for name in each])
        numbers, fresh = book.number(tags)
        new = np.split(numbers, np.cumsum([len(each) for each in names])[:-1]) if names else []
        least = self._policy.minimum_count
        if any(len(each) < least for each in new) or any(
            tells_few([*held, *new], minimum=least) for held in _held(book, recipient)
        ):
            return store.append(LedgerEntry(0, EntryKind.REFUSAL, recipient), Content(), after=book.entries)
        unsealed = LedgerEntry(0, EntryKind.RELEASE, recipient, k=least)
        return store.append(unsealed, _content(new, fresh), after=book.entries)


def _content(sets: Sequence[Codes], fresh: Tags) -> Content:
    lengths = np.array([len(each) for each in sets], dtype=np.uint32)
    persons = np.concatenate([np.zeros(0, dtype=np.int64), *sets]).astype(np.uint32)
    return Content({"tags": fresh, "persons": persons, "lengths": lengths})


def _held(book: Book, recipient: str) -> list[list[Codes]]:
    """The different sets that each recipient can hold who would get the new count."""
    releases = book.of(EntryKind.RELEASE)
    others = {each.recipient for each in releases} - {PUBLIC}
    owners = sorted({PUBLIC, *others}) if recipient == PUBLIC else [recipient]
    found = []
    for owner in owners:
        sets: dict[bytes, Codes] = {}
        for entry in releases:
            if entry.recipient in (owner, PUBLIC):
                arrays = book.contents[entry.id].arrays
                ends = np.cumsum(arrays["lengths"].astype(np.int64))[:-1]
                for each in np.split(arrays["persons"].astype(np.int64), ends):
                    sets[np.sort(each).tobytes()] = each
        found.append(list(sets.values()))
    return found
