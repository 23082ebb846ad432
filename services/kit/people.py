"""How a body knows people: by names of its own, whatever the ID centre's name for them is at the moment.

The ID centre names a person to a body by a keyed function of the linkage code. Such a name reaches the body in tokens
only, and is never stored in the clear: rows carry the body's own name, by default a keyed function of the first name
that came. When the ID centre takes another key for the body's sector, it tells the body old and new names of
everybody; the body writes down which own name a new one stands for, and no row of a person changes. So no record can
be lost, merged or doubled, and a thief of this database and of the ID centre's keys still joins nothing.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    bindparam,
    delete,
    select,
    update,
)

from consent import base64url
from consent.identifiers import Pseudonym
from services.kit.columns import ColumnCipher, ColumnError, clear, sealed
from services.kit.log.audit import Finding
from services.kit.log.tables import insert_if_absent
from services.kit.prepared import Prepared, PreparedIn
from services.kit.problems import ConflictError, UnavailableError

Named = tuple[int, Pseudonym | None]
FIRST_VERSION: Final = 1
ID_COLUMN: Final = "person_name.id"
_VERSIONED: Final = re.compile(r"([2-9]|[1-9][0-9]{1,8})\.(.+)")


class RetiredNameError(Exception):
    """The name is of a sector key that is retired; get a new token from the ID centre."""


@dataclass(frozen=True, slots=True)
class Renewal:
    """One person's name under the key that goes, and under the one that comes."""

    old: Pseudonym
    new: Pseudonym


@dataclass(frozen=True, slots=True)
class PeopleTables:
    """The names that a renewal told, and which keys count."""

    name: Table
    version: Table


def people_tables(metadata: MetaData) -> PeopleTables:
    """Define the tables on a body's metadata."""
    return PeopleTables(
        name=Table(
            "person_name",
            metadata,
            Column("id", LargeBinary, primary_key=True, info=sealed("the ID centre's name, for look-up")),
            Column("version", Integer, nullable=False, index=True, info=clear("which sector key it is of")),
            Column("person", LargeBinary, nullable=False, info=sealed("this body's own name of the person")),
            sqlite_with_rowid=False,
        ),
        version=Table(
            "person_name_version",
            metadata,
            Column("id", Integer, primary_key=True, autoincrement=False, info=clear("there is one row")),
            Column("current", Integer, nullable=False, info=clear("the newest sector key in force")),
            Column("retired", Integer, nullable=False, info=clear("keys up to this one count no more")),
            CheckConstraint("id = 1", name="person_name_version_is_one_row"),
        ),
    )


def versioned(version: int, name: str) -> Pseudonym:
    """Return a name as tokens carry it: bare under the first key of a sector, else behind the key's number."""
    return Pseudonym(name if version == FIRST_VERSION else f"{version}.{name}")


def version_of(name: Pseudonym) -> int:
    """Return the number of the sector key that a name is of."""
    found = _VERSIONED.fullmatch(name)
    return FIRST_VERSION if found is None else int(found.group(1))


class People:
    """The names of people in one body. Each function works within the caller's transaction.

    Units: `key` is the 32 bytes that the database's cells are sealed with.
    """

    def __init__(self, tables: PeopleTables, *, cipher: ColumnCipher, key: bytes) -> None:
        self._name = tables.name
        self._version = tables.version
        self._cipher = cipher
        self._told = PreparedIn(
            lambda ids: select(tables.name.c.id, tables.name.c.person).where(tables.name.c.id.in_(ids))
        )
        self._person_of = Prepared(select(tables.name.c.person).where(tables.name.c.id == bindparam("id")))
        self._counting = Prepared(select(tables.version.c.current, tables.version.c.retired))
        self._held = select(tables.version.c.current, tables.version.c.retired).with_for_update()
        self._secret = HKDF(hashes.SHA256(), 32, salt=None, info=b"sekisho/people").derive(key)

    def __repr__(self) -> str:
        return "People(...)"

    def initialise(self, conn: Connection, *, logged: Callable[[Connection], Iterable[Named]]) -> None:
        """Prepare the tables unless they are; names in rows of an earlier version of Sekisho stay own names.

        Such rows stand under the ID centre's first names. `logged` yields (position, whose) of all log entries.
        """
        if conn.execute(select(self._version.c.id)).first() is not None:
            return
        insert_if_absent(conn, self._version, {"id": 1, "current": FIRST_VERSION, "retired": 0})
        stored = set(_stored_people(conn, self._name.metadata))
        for person in sorted(stored | {person for _, person in logged(conn) if person is not None}):
            self._keep(conn, person, person)

    def own_name(self, conn: Connection, name: Pseudonym) -> Pseudonym:
        """Return this body's own name of the person whom the ID centre calls `name`.

        Raises: RetiredNameError; UnavailableError when the name is of a key that this body was not told of.
        """
        return self.own_names(conn, [name])[0]

    def own_names(self, conn: Connection, names: Sequence[Pseudonym]) -> list[Pseudonym]:
        """Return the own names of several people, in order. Raises: as `own_name`."""
        current, retired = self._versions(conn)
        versions = [version_of(name) for name in names]
        if any(version <= retired for version in versions):
            raise RetiredNameError("the name is of a retired sector key; get a new token")
        if any(version > current for version in versions):  # S3
            raise UnavailableError("this body has not been told the new names of people yet")
        keys = [self._id(name) for name in names]
        rows = self._told.rows(conn, keys)
        told = {key: Pseudonym(self._cipher.open(stored, cell=_cell(key)).decode()) for key, stored in rows}
        return [told.get(key) or self.first_name(name) for key, name in zip(keys, names, strict=True)]

    def renew(self, conn: Connection, version: int, renewals: Iterable[Renewal]) -> int:
        """S2: write down new names; those that are known already change nothing. Returns how many were new.

        Raises: ConflictError when a new name stands for somebody else, or the version does not follow.
        """
        current, retired = self._versions(conn)
        if version not in (current, current + 1):
            raise ConflictError(f"names of key {version} do not follow those of key {current}")
        new = 0
        for each in renewals:
            if version_of(each.new) != version or not retired < version_of(each.old) < version:
                raise ConflictError("a renewal leads from a key that counts to the announced one")
            person = self._known(conn, each.old) or self.first_name(each.old)
            new += self._keep(conn, each.new, person)
            self._keep(conn, each.old, person)
        return new

    def complete(self, conn: Connection, version: int) -> bool:
        """S3: take the names of `version` from now on; tell whether that is news. Raises: ConflictError."""
        current, retired = self._held_versions(conn)
        if version == current:
            return False
        if version != current + 1:
            raise ConflictError(f"key {version} does not follow key {current}")
        self._set(conn, current=version, retired=retired)
        return True

    def retire(self, conn: Connection, version: int) -> bool:
        """S5: refuse names up to `version` from now on, and forget them; tell whether that is news.

        Raises: ConflictError when newer names are not in force.
        """
        current, retired = self._held_versions(conn)
        if version <= retired:
            return False
        if version >= current:
            raise ConflictError(f"key {version} is in force")
        self._set(conn, current=current, retired=version)
        conn.execute(delete(self._name).where(self._name.c.version <= version))
        return True

    def key_in_force(self, conn: Connection) -> int:
        """Return the number of the sector key by which people are named now."""
        return self._versions(conn)[0]

    def first_name(self, name: Pseudonym) -> Pseudonym:
        """Return the own name of somebody of whom no renewal told."""
        return Pseudonym(base64url.encode(hmac.digest(self._secret, name.encode(), "sha256")))

    def audit(self, conn: Connection) -> tuple[int, list[Finding]]:
        """Return how many names were looked at, and every one that does not open or is of another key."""
        rows = conn.execute(select(self._name.c.id, self._name.c.version, self._name.c.person)).all()
        found = [key.hex() for key, version, person in rows if not self._whole(key, version, person)]
        return len(rows), [
            Finding(self._name.name, f"id={key}", "it, or what it stands for, was changed") for key in found
        ]

    def _whole(self, key: bytes, version: int, person: bytes) -> bool:
        try:
            name = Pseudonym(self._cipher.open_lookup(key, column=ID_COLUMN).decode())
            self._cipher.open(person, cell=_cell(key))
        except (ColumnError, ValueError):
            return False
        return version_of(name) == version

    def _known(self, conn: Connection, name: Pseudonym) -> Pseudonym | None:
        key = self._id(name)
        found = self._person_of.row(conn, {"id": key})
        return None if found is None else Pseudonym(self._cipher.open(found[0], cell=_cell(key)).decode())

    def _keep(self, conn: Connection, name: Pseudonym, person: Pseudonym) -> bool:
        key = self._id(name)
        row = {
            "id": key,
            "version": version_of(name),
            "person": self._cipher.seal(person.encode(), cell=_cell(key)),
        }
        if insert_if_absent(conn, self._name, row):
            return True
        if self._known(conn, name) != person:
            raise ConflictError("a new name stands for somebody else already")
        return False

    def _versions(self, conn: Connection) -> tuple[int, int]:
        ((current, retired),) = self._counting.rows(conn)
        return current, retired

    def _held_versions(self, conn: Connection) -> tuple[int, int]:
        row = conn.execute(self._held).one()
        return row.current, row.retired

    def _set(self, conn: Connection, *, current: int, retired: int) -> None:
        conn.execute(update(self._version).values(current=current, retired=retired))

    def _id(self, name: Pseudonym) -> bytes:
        return self._cipher.lookup(name.encode(), column=ID_COLUMN)


def _stored_people(conn: Connection, metadata: MetaData) -> Sequence[Pseudonym]:
    columns = [each for table in metadata.sorted_tables for each in table.c if each.info.get("person")]
    found = {name for column in columns for name in conn.execute(select(column).distinct()).scalars()}
    return [Pseudonym(name) for name in sorted(found)]


def _cell(key: bytes) -> str:
    return f"person_name.person/{key.hex()}"
