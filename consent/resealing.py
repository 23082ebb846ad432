"""Sealing to an organisation's own receiving key: what a relay opened goes on to the one hospital that asked.

A fresh key for each text is encrypted to the receiving key (Umbral), the text under it (AES-256-GCM), bound to what
it is for.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nucypher_core import MessageKit

from consent.delegation import ReceivingKey
from consent.errors import SealError
from consent.randomness import Randomness, draw
from consent.umbral_bytes import read_public_key

_KEY: Final = 32
_NONCE: Final = 12
_LENGTH: Final = 2


def reseal(plain: bytes, *, to: bytes, context: str, randomness: Randomness) -> bytes:
    """Seal a text to a receiving key, openable as `context` only.

    Shape: two bytes of length, message kit, nonce, ciphertext. Raises: SealError if `to` is no key.
    """
    secret, nonce = draw(randomness, _KEY), draw(randomness, _NONCE)
    kit = bytes(MessageKit(read_public_key(to), secret, None))
    ciphertext = AESGCM(secret).encrypt(nonce, plain, context.encode())
    return len(kit).to_bytes(_LENGTH) + kit + nonce + ciphertext


def open_resealed(sealed: bytes, *, key: ReceivingKey, context: str) -> bytes:
    """Open what was sealed to this key as `context`. Raises: SealError."""
    end = _LENGTH + int.from_bytes(sealed[:_LENGTH])
    secret = key.decrypt(sealed[_LENGTH:end])
    try:
        return AESGCM(secret).decrypt(sealed[end : end + _NONCE], sealed[end + _NONCE :], context.encode())
    except (InvalidTag, ValueError):
        raise SealError from None
