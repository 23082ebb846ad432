"""What the log says last of each entry of the register, so that an earlier row that is put back is found (IT5, R9)."""

import logging
import threading
from collections.abc import Iterator, Mapping

from pydantic import JsonValue
from sqlalchemy import Connection

from services.kit.columns import ColumnError
from services.kit.events import EventKind
from services.kit.journal import Journal
from services.kit.log.entry import Opening
from services.kit.log.errors import LogError

Digests = dict[tuple[str, str], str]
"""The last `entry_digest` by kind and key."""
logger = logging.getLogger("sekisho")


class RegisterLog:
    """Reads on in this body's journal from where it was before; in every process from the beginning once."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._last: Digests = {}
        self._next = 0

    def last(self, conn: Connection) -> Digests:
        """Return the last digest of every entry, as the caller's connection sees the log."""
        with self._lock:
            size = self._journal.tree.size(conn)
            if size < self._next:  # a view of before what another request has read: it is read by itself
                return self._read(conn, {}, since=0)
            self._last = self._read(conn, self._last, since=self._next)
            self._next = size
            return dict(self._last)

    def _read(self, conn: Connection, known: Digests, *, since: int) -> Digests:
        found = dict(known)
        for opening in _readable(self._journal, conn, self._journal.nobodys(conn, since=since)):
            found |= told(opening)
        return found


def told(opening: Opening) -> Digests:
    """Return which entries an event changed, with the digests of what it left."""
    detail = opening.event.get("detail")
    if opening.event.get("kind") != EventKind.ACCREDITATION_CHANGED.value or not isinstance(detail, dict):
        return {}
    return _entries(detail)


def _entries(detail: Mapping[str, JsonValue]) -> Digests:
    listed = detail.get("entries")
    if not isinstance(listed, list):
        listed = [[detail.get("kind"), detail.get("id"), detail.get("entry")]]
    return {
        (str(each[0]), str(each[1])): str(each[2])
        for each in listed
        if isinstance(each, list) and len(each) == 3
    }


def _readable(journal: Journal, conn: Connection, positions: list[int]) -> Iterator[Opening]:
    for position in positions:
        try:
            yield journal.openings(conn, [position])[position]
        except (ColumnError, LogError, ValueError, KeyError) as error:
            logger.error("entry %d of the log cannot be read (%s); run the audit", position, error)
