"""The PIN of a software card file: neither the file nor the ID centre alone is enough to try PINs.

The card file holds a random `file_secret` and keys wrapped under a key that needs three things: the PIN,
the file secret, and a random share that the ID centre keeps behind its counter of tries.

- Who steals the file cannot try PINs: the wrapping key needs the share, and the ID centre releases the
  share only for the right proof and stops counting at its limit.
- Who reads the ID centre's database cannot try PINs: the proof's hash depends on the file secret, of
  32 random bytes, which the ID centre never sees. The PIN itself never leaves the person's device.

Protocol: `v = PBKDF2-HMAC-SHA256(PIN, file_secret || application)`; `proof = HMAC-SHA256(v, "proof")` goes
to the ID centre, which stores SHA-256(proof); `wrapping key = HKDF-SHA256(v || share || file_secret)`.
Everything is reproducible with a browser's WebCrypto.
"""

import hmac
from hashlib import pbkdf2_hmac, sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from consent.errors import MalformedError, SealError
from consent.randomness import Randomness, draw

SECRET_SIZE: Final = 32
"""Bytes of the file secret and of the ID centre's share."""

FEWEST_ITERATIONS: Final = 1_000

_NONCE: Final = 12
_WRAP_INFO: Final = b"sekisho-pin-wrapping-key/1"


class PinKey:
    """What the PIN and the card file yield together; hidden in text, exported by no method."""

    __slots__ = ("_file_secret", "_stretched")
    __hash__ = None  # type: ignore[assignment]  # a secret must not become a dictionary key

    def __init__(self, stretched: bytes, file_secret: bytes) -> None:
        self._stretched = stretched
        self._file_secret = file_secret

    def __repr__(self) -> str:
        return "PinKey(...)"

    def proof(self) -> bytes:
        """What is shown to the ID centre to obtain its share. Shape: 32 bytes."""
        return hmac.digest(self._stretched, b"proof", "sha256")

    def wrapping_key(self, share: bytes) -> bytes:
        """Combine with the ID centre's share. Shape: 32 bytes. Raises: MalformedError."""
        if len(share) != SECRET_SIZE:
            raise MalformedError("The ID centre's share has 32 bytes.")
        material = self._stretched + share + self._file_secret
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=_WRAP_INFO).derive(material)


def derive(pin: str, file_secret: bytes, application: str, iterations: int) -> PinKey:
    """Stretch a PIN for one application of one card file.

    Shape: `file_secret` 32 random bytes. Raises: MalformedError.
    """
    if len(file_secret) != SECRET_SIZE or iterations < FEWEST_ITERATIONS or not pin or not application:
        raise MalformedError("A PIN needs a 32-byte file secret, an application and 1000 iterations or more.")
    stretched = pbkdf2_hmac("sha256", pin.encode(), file_secret + application.encode(), iterations)
    return PinKey(stretched, file_secret)


def proof_digest(proof: bytes) -> bytes:
    """What the ID centre stores of a proof. Shape: 32 bytes."""
    return sha256(proof).digest()


def check_proof(proof: bytes, stored_digest: bytes) -> bool:
    """Compare a proof with what was stored, in time that does not depend on where they differ.

    The caller counts the try before it compares.
    """
    return hmac.compare_digest(proof_digest(proof), stored_digest)


def wrap(key: bytes, plaintext: bytes, *, randomness: Randomness, context: bytes) -> bytes:
    """Encrypt a card's secret under a wrapping key, bound to a context (AES-256-GCM).

    Shape: nonce 12 bytes, then ciphertext and tag: 28 bytes longer than the plaintext.
    """
    nonce = draw(randomness, _NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def unwrap(key: bytes, wrapped: bytes, *, context: bytes) -> bytes:
    """Open what `wrap` made.

    Raises: SealError for another key or context, or changed bytes.
    """
    try:
        return AESGCM(key).decrypt(wrapped[:_NONCE], wrapped[_NONCE:], context)
    except (InvalidTag, ValueError):
        raise SealError from None
