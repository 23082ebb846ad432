"""What a ledger's entry says about persons: arrays in one encrypted piece, and the numbers of persons."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pandas as pd
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from numpy.typing import NDArray

from anonymize.classes import Codes
from anonymize.errors import LedgerError

ALTERED: Final = (
    "The release ledger was altered or is incomplete; release nothing, and restore it from a backup that"
    " contains every release."
)
TAG_BYTES: Final = 16

Tags = NDArray[np.uint64]
Arrays = Mapping[str, NDArray[np.generic]]


def mac(key: bytes, purpose: str, *parts: bytes) -> bytes:
    """A keyed hash of 32 bytes over a purpose and parts.

    Guarantees: no two different lists of parts read the same, as their lengths go in front.
    """
    code = hmac.new(key, purpose.encode() + b"\0", hashlib.sha256)
    for part in parts:
        code.update(len(part).to_bytes(8, "big"))
        code.update(part)
    return code.digest()


@dataclass(frozen=True, slots=True)
class Content:
    """Named arrays, and facts that are JSON, of one entry."""

    arrays: Arrays = field(default_factory=dict)
    facts: Mapping[str, object] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """One piece: the length of a JSON header, the header, the arrays in its order."""
        shapes = [[name, array.dtype.str, array.shape] for name, array in self.arrays.items()]
        header = json.dumps({"arrays": shapes, "facts": self.facts}).encode()
        parts = [np.ascontiguousarray(array).tobytes() for array in self.arrays.values()]
        return b"".join([len(header).to_bytes(4, "big"), header, *parts])

    @classmethod
    def from_bytes(cls, content: bytes) -> "Content":
        """The inverse of `to_bytes`; only for what was authenticated."""
        start = 4 + int.from_bytes(content[:4], "big")
        header = json.loads(content[4:start])
        arrays = {}
        for name, kind, shape in header["arrays"]:
            count = int(np.prod(shape))
            array = np.frombuffer(content, dtype=np.dtype(kind), count=count, offset=start)
            arrays[name] = array.reshape(shape)
            start += array.nbytes
        return cls(arrays, header["facts"])


class Vault:
    """Encrypts contents with AES-256-SIV under a key of the ledger's, each bound to its place in the chain.

    It needs no nonce: no two entries have the same place, and if a ledger that was rolled back goes on another
    way, equal contents at equal places are all that shows.
    Source: RFC 5297.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(mac(key, "content key, authentication") + mac(key, "content key, encryption"))

    def seal(self, content: Content, *, place: bytes) -> bytes:
        """Shape: 16 bytes more than the content."""
        return self._cipher.encrypt(content.to_bytes(), [place])

    def open(self, sealed: bytes, *, place: bytes) -> Content:
        """Raises: LedgerError for anything but what was sealed for this place."""
        try:
            opened = self._cipher.decrypt(sealed, [place])
        except (InvalidTag, ValueError) as cause:
            raise LedgerError(ALTERED) from cause
        return Content.from_bytes(opened)


class Tagging:
    """Gives persons and values names that nobody without the ledger's key can compute."""

    def __init__(self, key: bytes) -> None:
        self._persons = mac(key, "person key")
        self._values = mac(key, "value key")

    def persons(self, names: Sequence[str]) -> Tags:
        """Shape: one row of two numbers per person, 16 bytes of keyed BLAKE2b."""
        key = self._persons
        digests = [hashlib.blake2b(name.encode(), key=key, digest_size=TAG_BYTES).digest() for name in names]
        return np.frombuffer(b"".join(digests), dtype="<u8").reshape(-1, 2)

    def value(self, column: str, value: str | None) -> int:
        """An opaque number of 63 bits for a sensitive value; missing is a value of its own."""
        parts = [column.encode()] if value is None else [column.encode(), value.encode()]
        return int.from_bytes(mac(self._values, "value", *parts)[:8], "big") >> 1


def number_persons(known: Tags, tags: Tags) -> tuple[Codes, Tags]:
    """Number persons by their place in `known`, those who are not there in their order behind it.

    Shape: one number per row of `tags`; the second result has the tags that are to be added to `known`.
    Guarantees: exact. One half of a tag is compared first; where two persons have that half in common, which
    happens once in 10**7 ledgers of a million persons, whole tags are.
    """
    together = np.concatenate([known, tags])
    number, distinct = pd.factorize(together[:, 0])
    other = np.empty(len(distinct), dtype=np.uint64)
    other[number] = together[:, 1]
    if (other[number] != together[:, 1]).any():
        number, _ = pd.factorize(pd.Series(list(map(bytes, together))))
    found = number.astype(np.int64)[len(known) :]
    fresh = found >= len(known)
    first = np.flatnonzero(fresh)[np.unique(found[fresh], return_index=True)[1]]
    return found, tags[first]
