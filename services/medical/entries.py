"""Entries of the log as the watch over the use of records reads them, one damaged entry apart from all others."""

import logging
from contextlib import suppress
from typing import TypeAlias

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.kit.journal import Journal, Told
from services.kit.journal_audit import UNREADABLE

logger = logging.getLogger("sekisho")
Placed: TypeAlias = tuple[int, Pseudonym | None, Told]
"""An entry with its place in the log, and whose it is."""


def entries_told(journal: Journal, conn: Connection, positions: range) -> list[Placed]:
    """Return what entries say, each with its place, without those that somebody edited: the audit names them.

    Whoever damages one entry must not stop all others from being judged.
    """
    with suppress(*UNREADABLE):
        told = journal.told(conn, positions)
        if len(told) == len(positions):
            return [(place, *each) for place, each in zip(positions, told, strict=True)]
    found: list[Placed] = []
    for place in positions:
        one: list[tuple[Pseudonym | None, Told]] = []
        with suppress(*UNREADABLE):
            one = journal.told(conn, range(place, place + 1))
        if not one:
            logger.error("an entry of the log is not judged: it was edited; run the audit")
        found += [(place, *each) for each in one]
    return found
