"""Which residents have a name and a birth date: rows that tell it only to who holds the column key."""

from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from consent.identifiers import Pseudonym
from consent.vocabulary import BasicItem
from services.kit.columns import ColumnCipher
from services.registry.model import Resident, normalise
from services.registry.tables import resident, resident_match

KEY_COLUMN = "resident_match.key"

_FORGET = delete(resident_match).where(resident_match.c.pseudonym == bindparam("person"))
_ENTER = insert(resident_match)
_COMPLETE = (
    update(resident_match)
    .where(resident_match.c.pseudonym == bindparam("person"), resident_match.c.handle.is_(None))
    .values(handle=bindparam("sealed"))
)
_FIND = (
    select(resident_match.c.pseudonym, resident_match.c.handle)
    .where(resident_match.c.key == bindparam("key"))
    .limit(2)
)
_MISSING = (
    select(resident.c.pseudonym)
    .join(resident_match, resident_match.c.pseudonym == resident.c.pseudonym, isouter=True)
    .where(resident_match.c.pseudonym.is_(None))
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Match:
    """The one resident of a name and a birth date; no handle: the ID centre has not named them since there is one."""

    person: Pseudonym
    handle: str | None


def enter(
    conn: Connection, cipher: ColumnCipher, person: Pseudonym, items: Resident, *, handle: str | None
) -> None:
    """Enter a person's name and birth date, in place of former ones."""
    key = match_key(cipher, items.items[BasicItem.NAME], items.items[BasicItem.BIRTH_DATE])
    conn.execute(_FORGET, {"person": person})
    sealed = None if handle is None else cipher.seal(handle.encode(), cell=handle_cell(person))
    conn.execute(_ENTER, {"pseudonym": person, "key": key, "handle": sealed})


def forget(conn: Connection, person: Pseudonym) -> None:
    """Let a person's name and birth date mean nobody."""
    conn.execute(_FORGET, {"person": person})


def complete(conn: Connection, cipher: ColumnCipher, person: Pseudonym, handle: str | None) -> None:
    """Keep the handle of somebody who was registered before there were handles."""
    if handle is not None:
        sealed = cipher.seal(handle.encode(), cell=handle_cell(person))
        conn.execute(_COMPLETE, {"person": person, "sealed": sealed})


def only_match(conn: Connection, cipher: ColumnCipher, *, name: str, birth_date: str) -> Match | None:
    """Return the one resident of this name and birth date; None for none and for several."""
    found = conn.execute(_FIND, {"key": match_key(cipher, normalise(name), birth_date)}).all()
    if len(found) != 1:
        return None
    person, stored = Pseudonym(found[0].pseudonym), found[0].handle
    return Match(person, open_handle(cipher, person, stored))


def open_handle(cipher: ColumnCipher, person: Pseudonym, stored: bytes | None) -> str | None:
    """Open the handle of a row. Raises: ColumnError."""
    return None if stored is None else cipher.open(stored, cell=handle_cell(person)).decode()


def not_entered(conn: Connection, *, most: int) -> list[Pseudonym]:
    """Return up to `most` residents who were registered before there was this look-up."""
    return [Pseudonym(each) for each in conn.execute(_MISSING, {"most": most}).scalars()]


def match_key(cipher: ColumnCipher, name: str, birth_date: str) -> bytes:
    """Return how a normalised name and a birth date are looked up."""
    return cipher.lookup(f"{name}\n{birth_date}".encode(), column=KEY_COLUMN)


def handle_cell(person: Pseudonym) -> str:
    """Return what a handle is sealed as."""
    return f"resident_match.handle/{person}"
