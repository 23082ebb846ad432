"""Every query about passkeys, each within the caller's transaction."""

import json
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy import Connection, delete, insert, select, update

from consent import base64url
from consent.identifiers import Pseudonym
from services.identity.tables import passkey
from services.kit.columns import ColumnCipher

COLUMN = "passkey.id"


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A person's passkey. Units: times are epoch seconds; `count` is the device's own counter."""

    id: bytes
    holder: Pseudonym
    name: str
    public_key: bytes = field(repr=False)
    count: int
    added: int
    used: int | None = None


@dataclass(frozen=True, slots=True)
class PasskeyStore:
    """The rows, sealed and opened with `cipher`."""

    cipher: ColumnCipher

    def find(self, conn: Connection, identifier: bytes) -> StoredPasskey | None:
        """Return a passkey by its id."""
        key = self._key(identifier)
        row = conn.execute(select(passkey).where(passkey.c.id == key)).one_or_none()
        return None if row is None else self.opened(row.id, row.person, row.content)

    def hold(self, conn: Connection, identifier: bytes, holder: Pseudonym) -> StoredPasskey | None:
        """Return a person's passkey by its id, for changing it; nobody else does until the transaction ends."""
        own = select(passkey).where(passkey.c.id == self._key(identifier), passkey.c.person == holder)
        row = conn.execute(own.with_for_update()).one_or_none()
        return None if row is None else self.opened(row.id, row.person, row.content)

    def of(self, conn: Connection, holder: Pseudonym) -> list[StoredPasskey]:
        """Return a person's passkeys, oldest first."""
        rows = conn.execute(select(passkey).where(passkey.c.person == holder)).all()
        found = [self.opened(row.id, row.person, row.content) for row in rows]
        return sorted(found, key=lambda each: (each.added, each.id))

    def add(self, conn: Connection, new: StoredPasskey) -> None:
        """Keep a new passkey; the caller has looked that there is none of this id."""
        key = self._key(new.id)
        row = {"id": key, "person": new.holder, "content": self._sealed(key, new)}
        conn.execute(insert(passkey).values(row))

    def put_used(self, conn: Connection, held: StoredPasskey, *, count: int, now: int) -> None:
        """Remember a use."""
        key = self._key(held.id)
        content = self._sealed(key, replace(held, count=count, used=now))
        conn.execute(update(passkey).where(passkey.c.id == key).values(content=content))

    def remove(self, conn: Connection, held: StoredPasskey) -> None:
        """Forget a passkey."""
        conn.execute(delete(passkey).where(passkey.c.id == self._key(held.id)))

    def opened(self, key: bytes, holder: str, content: bytes) -> StoredPasskey:
        """Return what a row says. Raises: ColumnError when it, or whose it is, was changed."""
        told = json.loads(self.cipher.open(content, cell=_cell(key, holder)))
        binary = {name: base64url.decode(told[name]) for name in ("id", "public_key")}
        return StoredPasskey(**{**told, **binary, "holder": Pseudonym(holder)})

    def _sealed(self, key: bytes, held: StoredPasskey) -> bytes:
        binary = {"id": base64url.encode(held.id), "public_key": base64url.encode(held.public_key)}
        return self.cipher.seal(json.dumps({**asdict(held), **binary}).encode(), cell=_cell(key, held.holder))

    def _key(self, identifier: bytes) -> bytes:
        return self.cipher.lookup(identifier, column=COLUMN)


def _cell(key: bytes, holder: str) -> str:
    return f"passkey.content/{key.hex()}/{holder}"  # no passkey can be given to somebody else
