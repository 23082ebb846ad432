"""Every query of the blind index. Each function works within the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from consent.errors import MalformedError
from consent.identifiers import Pseudonym
from services.contracts.registry.forms import Question
from services.contracts.registry.look_ups import MOST_HITS
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.tables import insert_if_absent
from services.registry.look_up_index import BlindIndex
from services.registry.model import Resident
from services.registry.store import Store
from services.registry.tables import look_up_entry, look_up_index, resident

STATE: Final = 1
THROUGH: Final = "look_up_index.through/1"
_ADD = insert(look_up_entry)
_FOUND = select(look_up_entry.c.person).where(look_up_entry.c.key == bindparam("key"))
_FOUND_FEW = _FOUND.limit(MOST_HITS + 1)
_PRESENT = select(look_up_entry.c.key).where(
    look_up_entry.c.key == bindparam("key"), look_up_entry.c.person == bindparam("person")
)
_REMOVE = delete(look_up_entry).where(
    look_up_entry.c.key == bindparam("its_key"), look_up_entry.c.person == bindparam("its_person")
)
_STATE = select(look_up_index.c.edition, look_up_index.c.through).where(look_up_index.c.id == STATE)
_NEXT = (
    select(resident.c.pseudonym)
    .where(resident.c.pseudonym > bindparam("through"))
    .order_by(resident.c.pseudonym)
    .limit(bindparam("most"))
)

Entry = tuple[Pseudonym, Resident]


class TooManyHitsError(Exception):
    """More people than may be told of (J2)."""


@dataclass(frozen=True, slots=True)
class LookUpStore:
    """Finds residents of `residents` by question."""

    index: BlindIndex
    cipher: ColumnCipher
    residents: Store

    def add(self, conn: Connection, entries: Iterable[Entry]) -> None:
        """Let people be found."""
        rows = [row for person, someone in entries for row in self._rows(person, someone)]
        if rows:
            conn.execute(_ADD, rows)

    def replace(self, conn: Connection, person: Pseudonym, *, old: Resident, new: Resident) -> None:
        """Let somebody be found by new items and not by the old ones."""
        before, after = self._rows(person, old), self._rows(person, new)
        gone = [{"its_key": row["key"], "its_person": row["person"]} for row in before if row not in after]
        if gone:
            conn.execute(_REMOVE, gone)
        for row in after:
            insert_if_absent(conn, look_up_entry, row)

    def remove(self, conn: Connection, person: Pseudonym, someone: Resident) -> None:
        """Let somebody be found by nothing any more."""
        conn.execute(
            _REMOVE,
            [{"its_key": row["key"], "its_person": row["person"]} for row in self._rows(person, someone)],
        )

    def found(self, conn: Connection, question: Question) -> list[Entry]:
        """Return everybody whom a question fits.

        Raises: TooManyHitsError, and where the question is as the index has it, without opening anybody's row;
        ColumnError when the index names somebody whom it must not.
        """
        key = self.index.key(question)
        if key is None:
            return []
        exact = self.index.exact(question)
        sealed = conn.execute(_FOUND_FEW if exact else _FOUND, {"key": key}).scalars().all()
        if exact and len(sealed) > MOST_HITS:
            raise TooManyHitsError
        hits: list[Entry] = []
        for person, someone in self._opened(conn, key, sealed):
            if question.fits(someone.items):
                hits.append((person, someone))
            elif exact:
                raise ColumnError("an entry of the index names somebody whom its key does not find")
            if len(hits) > MOST_HITS:
                raise TooManyHitsError
        return hits

    def missing(self, conn: Connection, person: Pseudonym, someone: Resident) -> tuple[int, int]:
        """Return how many entries somebody must have, and how many of them are not there."""
        wanted = self._rows(person, someone)
        present = sum(conn.execute(_PRESENT, row).first() is not None for row in wanted)
        return len(wanted), len(wanted) - present

    def count(self, conn: Connection) -> int:
        """Count all entries."""
        return int(conn.execute(select(func.count()).select_from(look_up_entry)).scalar_one())

    def strangers(self, conn: Connection) -> Iterable[bytes]:
        """Return the keys of entries that find nobody, or somebody else than they must."""
        for key, sealed in conn.execute(select(look_up_entry.c.key, look_up_entry.c.person)).all():
            try:
                someone = self.residents.resident(conn, self._person(key, sealed))
            except (ColumnError, MalformedError):
                yield key
            else:
                if someone is None or key not in self.index.keys(someone):
                    yield key

    def go_on_indexing(self, conn: Connection, *, most: int) -> bool:
        """Index the next residents where the index is of another edition or unfinished; tell if any may be left."""
        edition = self.index.edition()
        first = self.cipher.seal(b"", cell=THROUGH)
        insert_if_absent(conn, look_up_index, {"id": STATE, "edition": edition, "through": first})
        known, stored = conn.execute(_STATE.with_for_update()).one()
        if known != edition:
            conn.execute(delete(look_up_entry))
            stored = first
        if stored is None:
            return False
        through = self.cipher.open(stored, cell=THROUGH).decode()
        people = conn.execute(_NEXT, {"through": through, "most": most}).scalars().all()
        for person in map(Pseudonym, people):
            someone = self.residents.resident(conn, person)
            for row in self._rows(person, someone) if someone is not None else []:
                insert_if_absent(conn, look_up_entry, row)  # another process may have entered them meanwhile
        last = self.cipher.seal(people[-1].encode(), cell=THROUGH) if people else None
        conn.execute(update(look_up_index).values(edition=edition, through=last))
        return bool(people)

    def _opened(self, conn: Connection, key: bytes, sealed: Sequence[bytes]) -> Iterable[Entry]:
        waiting = iter(sealed)
        while some := [self._person(key, each) for each in islice(waiting, MOST_HITS + 1)]:
            opened = self.residents.residents(conn, some)
            if len(opened) != len(some):
                raise ColumnError("an entry of the index names nobody")
            yield from opened.items()

    def _rows(self, person: Pseudonym, someone: Resident) -> list[dict[str, bytes]]:
        return [{"key": key, "person": self._sealed(key, person)} for key in self.index.keys(someone)]

    def _sealed(self, key: bytes, person: Pseudonym) -> bytes:
        return self.cipher.lookup(person.encode(), column=_column(key))

    def _person(self, key: bytes, sealed: bytes) -> Pseudonym:
        return Pseudonym(self.cipher.open_lookup(sealed, column=_column(key)).decode())


def _column(key: bytes) -> str:
    return f"look_up_entry.person/{key.hex()}"
