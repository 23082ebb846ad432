"""Whose an entry of the log is, stored so that the order of entries says nothing about people (LN1).

Two bodies that laid their logs side by side would find the same people in the same order if entries named them. So an
entry carries a tag: the keyed encryption of its person and of how many entries of theirs came before. All tags differ,
and only the body's key, which is not in the database, finds the entries of a person or the person of an entry.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Table, select

from consent.identifiers import Pseudonym
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.errors import LogCorruptError
from services.kit.prepared import PreparedIn

AT_ONCE = 16
REACH = 24
TAGS_AT_ONCE = 512
COLUMN = "journal_entry.person"


class EntryTags:
    """Makes tags, and finds by them the entries of a person in `entry`, the journal's table."""

    def __init__(self, cipher: ColumnCipher, entry: Table) -> None:
        self._cipher = cipher
        self._present = PreparedIn(lambda tags: select(entry.c.person).where(entry.c.person.in_(tags)))
        self._positions = PreparedIn(lambda tags: select(entry.c.position).where(entry.c.person.in_(tags)))

    def next(self, conn: Connection, persons: Iterable[Pseudonym | None]) -> list[bytes | None]:
        """Return the tags of new entries, one for each of `persons`; the caller holds the log's head."""
        counts: dict[Pseudonym, int] = {}
        tags: list[bytes | None] = []
        for person in persons:
            if person is None:
                tags.append(None)
                continue
            number = counts[person] if person in counts else self.count(conn, person)
            counts[person] = number + 1
            tags.append(self._tag(person, number))
        return tags

    def count(self, conn: Connection, person: Pseudonym) -> int:
        """Count the entries of a person: look at the first numbers, then ever closer to the last."""
        found = self._found(conn, person, range(AT_ONCE))
        last = max(found, default=-1)
        while last >= AT_ONCE - 1:
            found = self._found(conn, person, [last + 2**step for step in range(REACH)])
            if not found:
                break
            last = max(found)
        return last + 1

    def positions(self, conn: Connection, person: Pseudonym) -> list[int]:
        """Return where the entries of a person are, in order. Raises: LogCorruptError when one is not there."""
        tags = [self._tag(person, number) for number in range(self.count(conn, person))]
        found: list[int] = []
        for start in range(0, len(tags), TAGS_AT_ONCE):
            rows = self._positions.rows(conn, tags[start : start + TAGS_AT_ONCE])
            found += [position for (position,) in rows]
        if len(found) != len(tags):
            raise LogCorruptError("an entry of this person is missing in the journal")
        return sorted(found)

    def whose(self, tag: bytes) -> Pseudonym:
        """Return the person of an entry. Raises: ColumnError."""
        return self._read(tag)[0]

    def faults(self, tags: Iterable[tuple[int, bytes]]) -> list[tuple[int | None, str]]:
        """Check (position, tag) of all entries: each opens, and nobody's numbers have a gap."""
        faults: list[tuple[int | None, str]] = []
        numbers: dict[Pseudonym, set[int]] = defaultdict(set)
        for position, tag in tags:
            try:
                person, number = self._read(tag)
            except (ColumnError, ValueError):
                faults.append((position, "its person cannot be read"))
            else:
                numbers[person].add(number)
        gaps = sum(len(found) != max(found) + 1 for found in numbers.values())
        return faults + [(None, "an entry of somebody's history is missing")] * gaps

    def _found(self, conn: Connection, person: Pseudonym, numbers: Sequence[int]) -> list[int]:
        tags = {self._tag(person, number): number for number in numbers}
        return [tags[tag] for (tag,) in self._present.rows(conn, list(tags))]

    def _tag(self, person: Pseudonym, number: int) -> bytes:
        return self._cipher.lookup(f"{number}/{person}".encode(), column=COLUMN)

    def _read(self, tag: bytes) -> tuple[Pseudonym, int]:
        number, _, person = self._cipher.open_lookup(tag, column=COLUMN).decode().partition("/")
        return Pseudonym(person), int(number)
