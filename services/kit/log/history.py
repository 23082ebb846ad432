"""One person's history in a log: the running digest of their entries, and the roll that counts everybody's.

Roll: an RFC 6962 tree whose leaf for a person is count (8 bytes) || running digest (32 bytes). Its root is an entry of
the log, so that whoever is shown their row under it has been told how many entries they have, as everybody else.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Final

HISTORY: Final = "history"
NUMBER: Final = "number"
AFTER: Final = "after"
ROLL_ROOT: Final = "root"
BULK: Final = "bulk"
BULK_SIZE: Final = "size"
BULK_ROOT: Final = "root"


def running_digest(head: bytes, entry: bytes) -> bytes:
    """Return the digest of a history that goes on with an entry. Shape: all 32 bytes; `entry` is a leaf hash."""
    return sha256(b"\x02" + head + entry).digest()


def digest_of(start: bytes, entries: Iterable[bytes]) -> bytes:
    """Return the running digest over leaf hashes, oldest first."""
    head = start
    for each in entries:
        head = running_digest(head, each)
    return head


def roll_row(count: int, head: bytes) -> bytes:
    """Return a person's leaf of the roll. Shape: 40 bytes."""
    return count.to_bytes(8) + head


def member(told: Mapping[str, object], name: str, wanted: type) -> object | None:
    """Return a member of a logged object if it is there and of this very type."""
    value = told.get(name)
    return value if type(value) is wanted else None
