"""Handles: how one body points to another body's copy of a directive without knowing its id."""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from consent.errors import MalformedError, SealError
from consent.identifiers import DirectiveId
from consent.vocabulary import Body

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_PADDED: Final = 64
_DOMAIN: Final = b"sekisho-handle/1 "

HANDLE_SIZE: Final = _PADDED + 48
"""Bytes of every sealed handle: 32 encapsulated key, 64 padded id, 16 tag."""


def seal_handle(public: X25519PublicKey, directive_id: DirectiveId, *, info: Body) -> bytes:
    """Seal the id of `info`'s copy of a directive to that body's key.

    Shape: HANDLE_SIZE bytes whatever the id, so that handles cannot be told apart by length.
    Source: RFC 9180, base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM.
    """
    raw = directive_id.encode()
    if not 0 < len(raw) < _PADDED:
        raise MalformedError("A directive id has 1 to 63 bytes.")
    padded = (bytes([len(raw)]) + raw).ljust(_PADDED, b"\0")
    return _SUITE.encrypt(padded, public, _DOMAIN + info.encode())


def open_handle(private: X25519PrivateKey, sealed: bytes, *, info: Body) -> DirectiveId:
    """Open a handle addressed to `info`, the body that opens it.

    Raises: SealError if it was made for another body or changed.
    """
    try:
        padded = _SUITE.decrypt(sealed, private, _DOMAIN + info.encode())
        size = padded[0]
        if len(padded) != _PADDED or padded[1 + size :].strip(b"\0") or not 0 < size < _PADDED:
            raise SealError
        return DirectiveId(padded[1 : 1 + size].decode())
    except (InvalidTag, UnicodeDecodeError, ValueError):
        raise SealError from None
