"""Column-level encryption with keys that are not in the database, and a declared reason for every clear column.

A cell is bound to its table, column and row by the associated data, so a cell moved elsewhere does not open.
"""

from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.kit.clock import Randomness, system_randomness

NONCE_BYTES = 12


class ColumnError(Exception):
    """A sealed cell does not open: it was changed, moved, or written under another key."""


def clear(reason: str, *, person: bool = False) -> dict[str, Any]:
    """Return column `info` that says why a column is stored in the clear (R12).

    `person` marks a value that stands for a person (a pseudonym): it may occur in no other body.
    """
    return {"stored": "clear", "why": reason, "person": person}


def sealed(what: str) -> dict[str, Any]:
    """Return column `info` that says what a sealed column holds."""
    return {"stored": "sealed", "why": what, "person": False}


class ColumnCipher:
    """Seals cells (AES-256-GCM, random nonce) and makes look-up keys (AES-SIV, deterministic).

    Units: `key` is 32 bytes. Raises: ColumnError from `open` and `open_lookup`.
    """

    def __init__(self, key: bytes, *, randomness: Randomness = system_randomness) -> None:
        self._cells = AESGCM(_derive(key, b"cells", 32))
        self._lookups = AESSIV(_derive(key, b"look-ups", 64))
        self._randomness = randomness

    def __repr__(self) -> str:
        return "ColumnCipher(...)"

    def seal(self, plain: bytes, *, cell: str) -> bytes:
        """Return nonce + ciphertext of `plain`, openable only as the same `cell` (table.column/row)."""
        nonce = self._randomness(NONCE_BYTES)
        return nonce + self._cells.encrypt(nonce, plain, cell.encode())

    def open(self, stored: bytes, *, cell: str) -> bytes:
        """Return the plain bytes of a cell."""
        try:
            return self._cells.decrypt(stored[:NONCE_BYTES], stored[NONCE_BYTES:], cell.encode())
        except (InvalidTag, ValueError) as error:
            raise ColumnError(f"a sealed cell of {cell.split('/')[0]} does not open") from error

    def lookup(self, plain: bytes, *, column: str) -> bytes:
        """Return the deterministic encryption of `plain`: equal values of one column are equal, nothing else shows.

        Source: RFC 5297; the 16 bytes of the tag come first.
        """
        return self._lookups.encrypt(plain, [column.encode()])

    def open_lookup(self, stored: bytes, *, column: str) -> bytes:
        """Return the plain bytes of a `lookup` value."""
        try:
            return self._lookups.decrypt(stored, [column.encode()])
        except (InvalidTag, ValueError) as error:
            raise ColumnError(f"a look-up value of {column} does not open") from error


def _derive(key: bytes, purpose: bytes, size: int) -> bytes:
    return HKDF(hashes.SHA256(), size, salt=None, info=b"sekisho/columns/" + purpose).derive(key)
