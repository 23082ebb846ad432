"""What the entries of one person come to, read on from where they were read before, by each process for itself."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, Self, TypeVar

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.kit.journal import Journal
from services.kit.log.entry import Event

PEOPLE_KEPT = 4096


class Summed(Protocol):
    """What entries come to."""

    def take(self, event: Event, /) -> None:
        """Take in the next entry."""

    def copy(self) -> Self:
        """Return it as it is now."""


Sum = TypeVar("Sum", bound=Summed)


@dataclass(slots=True)
class _Read(Generic[Sum]):
    """As far as one person's history was read, in a log that had `size` entries of everybody."""

    summed: Sum
    entries: int = 0
    size: int = 0


class ReadingOn(Generic[Sum]):
    """Keeps what each person's entries came to so far, beginning with `start`.

    Safe between threads, also where one's view of the database is older than another's.
    """

    def __init__(self, journal: Journal, start: Callable[[], Sum]) -> None:
        self._journal = journal
        self._start = start
        self._lock = threading.Lock()
        self._people: OrderedDict[Pseudonym, _Read[Sum]] = OrderedDict()

    def of(self, conn: Connection, person: Pseudonym) -> Sum:
        """Return what all entries of a person come to; ask before `conn` writes to the journal.

        Raises: as `Journal.newer`, when the entries or their count were changed or put back.
        """
        with self._lock:
            kept = self._people.pop(person, None) or _Read(self._start())
            # a view of before what another request has read: it is read by itself, and what is known stays
            read = kept if self._journal.tree.size(conn) >= kept.size else _Read(self._start())
            newer = self._journal.newer(conn, person, read.entries)
            for opening in newer:
                read.summed.take(opening.event)
            # asked last: what others committed meanwhile (PostgreSQL) may be among what was read
            read.entries, read.size = read.entries + len(newer), self._journal.tree.size(conn)
            self._people[person] = kept
            if len(self._people) > PEOPLE_KEPT:
                self._people.popitem(last=False)
            return read.summed.copy()
