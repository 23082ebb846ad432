"""Whose an entry of the log is, stored so that the order of entries says nothing about people (LN1).

Two bodies that laid their logs side by side would find the same people in the same order if entries named them. So an
entry carries a tag: the keyed encryption of its person and of how many entries of theirs came before. All tags differ,
and only the body's key, which is not in the database, finds the entries of a person or the person of an entry.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, Integer, literal, select

from consent.identifiers import Pseudonym
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.journal_tables import JournalTables
from services.kit.log.errors import LogCorruptError
from services.kit.prepared import PreparedIn

TAGS_AT_ONCE = 256
COLUMN = "journal_entry.person"
WHOLE = -1


class Place(NamedTuple):
    """Where an entry is: the leaf's position, and which part of it; WHOLE when it is a leaf of its own."""

    position: int
    slot: int


class EntryTags:
    """Makes tags, and finds by them the entries of a person, which are leaves of their own or parts of bulk entries."""

    def __init__(self, cipher: ColumnCipher, tables: JournalTables) -> None:
        self._cipher = cipher
        entry, part = tables.entry.c, tables.part.c
        self._places = PreparedIn(
            lambda tags: (
                select(entry.person, entry.position, literal(WHOLE, Integer))
                .where(entry.person.in_(tags))
                .union_all(select(part.person, part.position, part.slot).where(part.person.in_(tags)))
            )
        )

    def tag(self, person: Pseudonym, number: int) -> bytes:
        """Return the tag of a person's entry; numbers count from 0."""
        return self._cipher.lookup(f"{number}/{person}".encode(), column=COLUMN)

    def known(self, conn: Connection, person: Pseudonym, number: int) -> bool:
        """Whether there is an entry of a person of that number."""
        return bool(self._places.rows(conn, [self.tag(person, number)]))

    def places(self, conn: Connection, person: Pseudonym, count: int, *, first: int = 0) -> list[Place]:
        """Return where a person's entries below `count` are, in order. Raises: LogCorruptError when one is gone."""
        tags = [self.tag(person, number) for number in range(first, count)]
        found: dict[bytes, Place] = {}
        for start in range(0, len(tags), TAGS_AT_ONCE):
            rows = self._places.rows(conn, tags[start : start + TAGS_AT_ONCE])
            found |= {bytes(tag): Place(position, slot) for tag, position, slot in rows}
        if len(found) != len(tags):
            raise LogCorruptError("an entry of this person is missing in the journal")
        return [found[tag] for tag in tags]

    def read(self, tag: bytes) -> tuple[Pseudonym, int]:
        """Return the person of an entry, and its number. Raises: ColumnError."""
        number, _, person = self._cipher.open_lookup(tag, column=COLUMN).decode().partition("/")
        return Pseudonym(person), int(number)

    def faults(self, tags: Iterable[tuple[int, bytes]]) -> list[tuple[int | None, str]]:
        """Check (position, tag) of all entries: each opens, and nobody's numbers have a gap."""
        faults: list[tuple[int | None, str]] = []
        numbers: dict[Pseudonym, set[int]] = defaultdict(set)
        for position, tag in tags:
            try:
                person, number = self.read(tag)
            except (ColumnError, ValueError):
                faults.append((position, "its person cannot be read"))
            else:
                numbers[person].add(number)
        gaps = sum(len(found) != max(found) + 1 for found in numbers.values())
        return faults + [(None, "an entry of somebody's history is missing")] * gaps
