"""The rows behind the leaves of a journal: sealed openings of whole entries and of the parts of bulk entries."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, insert, select

from consent import base64url
from consent.identifiers import Pseudonym
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.entry_tags import WHOLE, EntryTags, Place
from services.kit.journal_tables import JournalTables
from services.kit.log.entry import Event, LogLeaf, Opening, WrittenOpening, verify_opening
from services.kit.prepared import Prepared, PreparedIn
from services.kit.staff import Acted, unmasked

WITH_STAFF: Final = b"a"
"""Begins a row that says who acted: two bytes of its length and that, then the opening."""


@dataclass(frozen=True, slots=True)
class Written:
    """What one row is to hold: what the log commits to, and who acted, which the person is not shown."""

    opening: WrittenOpening
    acted: Acted | None = None

    def to_bytes(self) -> bytes:
        """Return the form in which it is kept."""
        if self.acted is None:
            return self.opening.to_bytes()
        told = json.dumps(self.acted.told(), separators=(",", ":")).encode()
        return b"".join((WITH_STAFF, len(told).to_bytes(2, "big"), told, self.opening.to_bytes()))


@dataclass(frozen=True, slots=True)
class Kept:
    """What one row holds, opened and checked against its leaf."""

    opening: Opening
    acted: Acted | None = None

    @property
    def event(self) -> Event:
        """The entry with who acted, for the body's own eyes."""
        return unmasked(self.opening.event, self.acted)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a bulk entry as it is stored, opened and checked against its leaf."""

    slot: int
    leaf: LogLeaf
    kept: Kept

    @property
    def opening(self) -> Opening:
        """What its person gets."""
        return self.kept.opening


class JournalRows:
    """Every query of `journal_entry` and `journal_part`."""

    def __init__(self, tables: JournalTables, *, cipher: ColumnCipher) -> None:
        self._entry, self._part, self._leaf = tables.entry, tables.part, tables.log.leaf
        self._add_entries, self._add_parts = Prepared(insert(tables.entry)), Prepared(insert(tables.part))
        entry, leaf = tables.entry.c, tables.log.leaf.c
        self._openings = PreparedIn(
            lambda positions: (
                select(entry.position, entry.person, entry.opening, leaf.leaf)
                .join(tables.log.leaf, leaf.position == entry.position)
                .where(entry.position.in_(positions))
            )
        )
        self._cipher = cipher
        self.tags = EntryTags(cipher, tables)

    def add(
        self,
        conn: Connection,
        positions: Sequence[int],
        written: Sequence[Written],
        tags: Sequence[bytes | None],
    ) -> None:
        """Store whole entries."""
        rows = [
            {"position": at, "person": tag, "opening": self._seal(each, Place(at, WHOLE), tag)}
            for at, each, tag in zip(positions, written, tags, strict=True)
        ]
        self._add_entries.run_each(conn, rows)

    def add_parts(
        self, conn: Connection, position: int, parts: Sequence[tuple[LogLeaf, Written, bytes]]
    ) -> None:
        """Store the parts of one bulk entry, in the order of their tree."""
        rows = [
            {
                "position": position,
                "slot": slot,
                "person": tag,
                "leaf": leaf.data,
                "opening": self._seal(written, Place(position, slot), tag),
            }
            for slot, (leaf, written, tag) in enumerate(parts)
        ]
        if rows:
            self._add_parts.run_each(conn, rows)

    def openings(self, conn: Connection, positions: Sequence[int]) -> dict[int, Opening]:
        """Return the openings of whole entries, each checked against its leaf. Raises: ColumnError, LogError."""
        return {position: each.opening for position, each in self.kept(conn, positions).items()}

    def kept(self, conn: Connection, positions: Sequence[int]) -> dict[int, Kept]:
        """Return whole entries, each checked against its leaf, with who acted. Raises: ColumnError, LogError."""
        found: dict[int, Kept] = {}
        for position, tag, stored, leaf in self._openings.rows(conn, positions):
            found[position] = self.open(stored, Place(position, WHOLE), tag, LogLeaf.parse(leaf))
        return found

    def parts(self, conn: Connection, places: Sequence[Place]) -> dict[Place, Part]:
        """Return parts of bulk entries, each checked against its leaf. Raises: ColumnError, LogError."""
        slots: dict[int, set[int]] = defaultdict(set)
        for place in places:
            slots[place.position].add(place.slot)
        found: dict[Place, Part] = {}
        row = self._part.c
        for position, wanted in slots.items():
            of_these = row.position == position, row.slot.in_(wanted)
            for slot, tag, data, stored in conn.execute(
                select(row.slot, row.person, row.leaf, row.opening).where(*of_these)
            ):
                place, leaf = Place(position, slot), LogLeaf.parse(data)
                found[place] = Part(slot, leaf, self.open(stored, place, tag, leaf))
        return found

    def parts_at(self, conn: Connection, position: int) -> list[tuple[Pseudonym, Kept]]:
        """Return all parts of one bulk entry, each with whose it is. Raises: ColumnError, LogError."""
        row = self._part.c
        rows = conn.execute(
            select(row.slot, row.person).where(row.position == position).order_by(row.slot)
        ).all()
        parts = self.parts(conn, [Place(position, slot) for slot, _tag in rows])
        return [(self.tags.read(tag)[0], parts[Place(position, slot)].kept) for slot, tag in rows]

    def part_hashes(self, conn: Connection, position: int) -> list[bytes]:
        """Return the leaf hashes of all parts of one bulk entry, in order."""
        row = self._part.c
        rows = conn.execute(select(row.leaf).where(row.position == position).order_by(row.slot))
        return [LogLeaf.parse(data).hash for data in rows.scalars()]

    def at(self, conn: Connection, places: Sequence[Place]) -> dict[Place, Opening]:
        """Return the openings of entries of both kinds. Raises: ColumnError, LogError."""
        parts = self.parts(conn, [each for each in places if each.slot != WHOLE])
        whole = self.openings(conn, [each.position for each in places if each.slot == WHOLE])
        found = {Place(position, WHOLE): opening for position, opening in whole.items()}
        return found | {place: part.opening for place, part in parts.items()}

    def tagged(self, conn: Connection, *, since: int) -> Iterator[tuple[Place, Pseudonym, int, bytes]]:
        """Yield place, person, number and leaf hash of every entry of somebody from a position on, in order.

        Entries whose person cannot be read are left out: the audit names them.
        """
        entry, part, leaf = self._entry.c, self._part.c, self._leaf.c
        whole = conn.execute(
            select(entry.position, entry.person, leaf.leaf)
            .join(self._leaf, leaf.position == entry.position)
            .where(entry.position >= since, entry.person.is_not(None))
        )
        told = [(Place(position, WHOLE), tag, data) for position, tag, data in whole]
        parts = conn.execute(
            select(part.position, part.slot, part.person, part.leaf).where(part.position >= since)
        )
        told += [(Place(position, slot), tag, data) for position, slot, tag, data in parts]
        read = []
        for place, tag, data in told:
            try:
                read.append((place, *self.tags.read(tag), LogLeaf.parse(data).hash))
            except (ColumnError, ValueError):
                continue
        yield from sorted(read, key=lambda each: (each[0].position, each[2]))

    def whose(self, conn: Connection, positions: range | None = None) -> list[tuple[int, Pseudonym | None]]:
        """Return whose each whole entry is, in order; None where it is nobody's or cannot be read."""
        row = self._entry.c
        wanted = select(row.position, row.person).order_by(row.position)
        if positions is not None:
            wanted = wanted.where(row.position.between(positions.start, positions.stop - 1))
        return [(position, self._whose(tag)) for position, tag in conn.execute(wanted)]

    def nobodys(self, conn: Connection, *, since: int) -> list[int]:
        """Return the positions of whole entries of nobody from a position on, in order."""
        row = self._entry.c
        wanted = select(row.position).where(row.person.is_(None), row.position >= since)
        return list(conn.execute(wanted.order_by(row.position)).scalars())

    def stored(self, conn: Connection) -> Iterator[tuple[int, bytes, bytes | None, bytes | None]]:
        """Yield (position, leaf, tag, sealed opening) of every leaf, in order; None where the entry is missing."""
        rows = conn.execute(
            select(self._leaf.c.position, self._leaf.c.leaf, self._entry.c.person, self._entry.c.opening)
            .join(self._entry, self._leaf.c.position == self._entry.c.position, isouter=True)
            .order_by(self._leaf.c.position)
        )
        for row in rows:
            yield row.position, row.leaf, row.person, row.opening

    def stored_parts(self, conn: Connection) -> dict[int, list[tuple[Place, bytes, bytes, bytes]]]:
        """Return (place, tag, leaf, sealed opening) of every part, by the position of its entry, in order."""
        row = self._part.c
        found: dict[int, list[tuple[Place, bytes, bytes, bytes]]] = defaultdict(list)
        chosen = select(row.position, row.slot, row.person, row.leaf, row.opening)
        for position, slot, tag, leaf, opening in conn.execute(chosen.order_by(row.position, row.slot)):
            found[position].append((Place(position, slot), tag, leaf, opening))
        return found

    def open(self, stored: bytes, place: Place, tag: bytes | None, leaf: LogLeaf) -> Kept:
        """Return what was sealed for this place and person, its opening hashed into `leaf`.

        Raises: ColumnError, LogError.
        """
        plain, acted = self._cipher.open(stored, cell=_cell(place, tag)), None
        if plain[:1] == WITH_STAFF:
            end = 3 + int.from_bytes(plain[1:3], "big")
            acted, plain = Acted.read(plain[3:end]), plain[end:]
        opening = _former(plain) if plain[:1] == b"{" else WrittenOpening.from_bytes(plain)
        verify_opening(opening, leaf)
        return Kept(opening if isinstance(opening, Opening) else opening.read(), acted)

    def _whose(self, tag: bytes | None) -> Pseudonym | None:
        try:
            return None if tag is None else self.tags.read(tag)[0]
        except (ColumnError, ValueError):
            return None

    def _seal(self, written: Written, place: Place, tag: bytes | None) -> bytes:
        return self._cipher.seal(written.to_bytes(), cell=_cell(place, tag))


def _former(plain: bytes) -> Opening:
    """Read an opening as earlier versions of Sekisho kept it: the log of a body is never written anew."""
    told: Mapping[str, object] = json.loads(plain)
    salt, event, digest = told["salt"], told["event"], told["statement_digest"]
    if not isinstance(salt, str) or not isinstance(event, dict):
        raise ColumnError("a sealed cell of journal_entry.opening is not an entry")
    return Opening(
        base64url.decode(salt), event, base64url.decode(digest) if isinstance(digest, str) else None
    )


def _cell(place: Place, tag: bytes | None) -> str:
    """Name a cell by place and person: no entry can be given away."""
    whose = "" if tag is None else tag.hex()
    if place.slot == WHOLE:
        return f"journal_entry.opening/{place.position}/{whose}"
    return f"journal_part.opening/{place.position}.{place.slot}/{whose}"
