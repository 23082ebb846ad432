"""Every query about the register."""

import logging
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from typing import TypeVar, assert_never

from sqlalchemy import Connection, insert, select, update

from consent import base64url
from services.contracts.oversight.register import (
    BodyEntry,
    Operator,
    Organisation,
    PolicyEdition,
    Register,
    Terminal,
)
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.tables import insert_if_absent
from services.kit.prepared import Prepared
from services.oversight.errors import RegisterChangedError
from services.oversight.tables import register_edition, register_entry

EDITION = 1
UNACCREDITED = "whoever it was about is not accredited until it is restored"
logger = logging.getLogger("sekisho")

Entry = Organisation | Terminal | Operator | BodyEntry | PolicyEdition
E = TypeVar("E", Organisation, Terminal, Operator, BodyEntry, PolicyEdition)


class EntryKind(StrEnum):
    """What an entry of the register is about."""

    ORGANISATION = "organisation"
    TERMINAL = "terminal"
    OPERATOR = "operator"
    BODY = "body"
    POLICIES = "policies"


def place(entry: Entry) -> tuple[EntryKind, str]:
    """Return where an entry stands; operators are named within their organisation."""
    match entry:
        case Organisation():
            return EntryKind.ORGANISATION, entry.id
        case Terminal():
            return EntryKind.TERMINAL, entry.id
        case Operator():
            return EntryKind.OPERATOR, operator_key(entry.organisation, entry.id)
        case BodyEntry():
            return EntryKind.BODY, entry.body.value
        case PolicyEdition():
            return EntryKind.POLICIES, entry.digest
        case _:
            assert_never(entry)


def operator_key(organisation: str, operator: str) -> str:
    """Return an operator's key in the register."""
    return f"{organisation}/{operator}"


class RegisterStore:
    """The register's rows. Raises: RegisterChangedError when the one that is asked for does not open."""

    def __init__(self, cipher: ColumnCipher) -> None:
        self._cipher = cipher

    def initialise(self, conn: Connection) -> None:
        """Make the first, empty edition; one that is there stays."""
        insert_if_absent(conn, register_edition, {"id": EDITION, "serial": 0})

    def serial(self, conn: Connection) -> int:
        """Return the number of the present edition."""
        return int(_SERIAL.rows(conn)[0][0])

    def next_serial(self, conn: Connection) -> int:
        """Begin a new edition; changes queue here."""
        row = register_edition.c
        grown = update(register_edition).values(serial=row.serial + 1).returning(row.serial)
        return int(conn.execute(grown).scalar_one())

    def get(self, conn: Connection, kind: type[E], key: str) -> E | None:
        """Return one entry."""
        row, tag = register_entry.c, _TAGS[kind]
        stored = conn.execute(
            select(row.entry).where(row.kind == tag.value, row.key == key)
        ).scalar_one_or_none()
        return None if stored is None else self._open(kind, key, stored)

    def add(self, conn: Connection, entry: Entry) -> None:
        """Store a new entry."""
        kind, key = place(entry)
        row = {"kind": kind.value, "key": key, "entry": self._seal(entry)}
        conn.execute(insert(register_entry).values(**row))

    def replace(self, conn: Connection, entry: Entry) -> None:
        """Store an entry in place of the earlier one."""
        kind, key = place(entry)
        row = register_entry.c
        changed = update(register_entry).where(row.kind == kind.value, row.key == key)
        conn.execute(changed.values(entry=self._seal(entry)))

    def edition(self, conn: Connection, *, issued_at: int, logged: Mapping[tuple[str, str], str]) -> Register:
        """Return the whole register, without the entries that somebody edited, or put back: they accredit nobody.

        `logged` is the last digest that the log has of every entry.
        """
        return Register(
            serial=self.serial(conn),
            issued_at=issued_at,
            organisations=self._standing(conn, Organisation, logged),
            terminals=self._standing(conn, Terminal, logged),
            operators=self._standing(conn, Operator, logged),
            bodies=self._standing(conn, BodyEntry, logged),
            policies=self._standing(conn, PolicyEdition, logged),
        )

    def keys(self, conn: Connection) -> list[tuple[EntryKind, str]]:
        """Return where every entry stands."""
        rows = conn.execute(select(register_entry.c.kind, register_entry.c.key))
        return [(EntryKind(kind), key) for kind, key in rows]

    def digest(self, conn: Connection, kind: EntryKind, key: str) -> str:
        """Return the `entry_digest` of what is stored."""
        row = register_entry.c
        stored = conn.execute(select(row.entry).where(row.kind == kind.value, row.key == key)).scalar_one()
        return _digest(self._plain(kind, key, stored))

    def every(self, conn: Connection, kind: type[E]) -> list[E]:
        """Return all entries of a kind as they are stored, without those that somebody edited."""
        found: list[E] = []
        for key, stored in self._rows(conn, kind):
            try:
                found.append(self._open(kind, key, stored))
            except RegisterChangedError as error:
                logger.error("%s", error)
        return found

    def _standing(self, conn: Connection, kind: type[E], logged: Mapping[tuple[str, str], str]) -> list[E]:
        found: list[E] = []
        for key, stored in self._rows(conn, kind):
            try:
                plain = self._plain(_TAGS[kind], key, stored)
            except RegisterChangedError as error:
                logger.error("%s; %s", error, UNACCREDITED)
                continue
            if logged.get((_TAGS[kind].value, key)) == _digest(plain):
                found.append(kind.model_validate_json(plain))
            else:
                where = f"register_entry kind={_TAGS[kind].value} key={key}"
                logger.error("%s is not what the log says last; %s", where, UNACCREDITED)
        return found

    def _rows(self, conn: Connection, kind: type[E]) -> list[tuple[str, bytes]]:
        row = register_entry.c
        chosen = select(row.key, row.entry).where(row.kind == _TAGS[kind].value).order_by(row.key)
        return [(key, stored) for key, stored in conn.execute(chosen)]

    def _seal(self, entry: Entry) -> bytes:
        return self._cipher.seal(_written(entry), cell=_cell(*place(entry)))

    def _open(self, kind: type[E], key: str, stored: bytes) -> E:
        return kind.model_validate_json(self._plain(_TAGS[kind], key, stored))

    def _plain(self, kind: EntryKind, key: str, stored: bytes) -> bytes:
        try:
            return self._cipher.open(stored, cell=_cell(kind, key))
        except ColumnError as error:
            raise RegisterChangedError(f"register_entry kind={kind} key={key} does not open") from error


_SERIAL = Prepared(select(register_edition.c.serial))
_TAGS: dict[type[Entry], EntryKind] = {
    Organisation: EntryKind.ORGANISATION,
    Terminal: EntryKind.TERMINAL,
    Operator: EntryKind.OPERATOR,
    BodyEntry: EntryKind.BODY,
    PolicyEdition: EntryKind.POLICIES,
}


def entry_digest(entry: Entry) -> str:
    """Return what the log says of an entry, so that an earlier row that is brought back is found (IT5)."""
    return _digest(_written(entry))


def _written(entry: Entry) -> bytes:
    return entry.model_dump_json().encode()


def _digest(written: bytes) -> str:
    return base64url.encode(sha256(written).digest())


def _cell(kind: EntryKind, key: str) -> str:
    return f"register_entry.entry/{kind.value}/{key}"
