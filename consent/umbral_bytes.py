"""Umbral values from untrusted bytes: the exact spelling only, one error for everything that is wrong.

The binding's own readers skip bytes after the value, so a stored value could be changed unnoticed.
"""

from nucypher_core import MessageKit
from nucypher_core.umbral import Capsule, CapsuleFrag, KeyFrag, PublicKey, SecretKey

from consent.errors import SealError


def read_public_key(raw: bytes) -> PublicKey:
    """Read a compressed public key. Shape: 33 bytes. Raises: SealError."""
    try:
        key = PublicKey.from_compressed_bytes(raw)
    except ValueError:
        raise SealError from None
    if key.to_compressed_bytes() != raw:
        raise SealError
    return key


def read_secret_key(raw: bytes) -> SecretKey:
    """Read a secret key. Shape: 32 bytes. Raises: SealError."""
    try:
        return SecretKey.from_be_bytes(raw)
    except ValueError:
        raise SealError from None


def read_message_kit(raw: bytes) -> MessageKit:
    """Read an encrypted content key with its capsule. Raises: SealError."""
    try:
        kit = MessageKit.from_bytes(raw)
    except ValueError:
        raise SealError from None
    if bytes(kit) != raw:
        raise SealError
    return kit


def read_capsule(raw: bytes) -> Capsule:
    """Read a capsule; its own consistency is checked too. Raises: SealError."""
    try:
        capsule = Capsule.from_bytes(raw)
    except ValueError:
        raise SealError from None
    if bytes(capsule) != raw:
        raise SealError
    return capsule


def read_key_fragment(raw: bytes) -> KeyFrag:
    """Read a key fragment, not yet verified. Raises: SealError."""
    try:
        fragment = KeyFrag.from_bytes(raw)
    except ValueError:
        raise SealError from None
    if bytes(fragment) != raw:
        raise SealError
    return fragment


def read_capsule_fragment(raw: bytes) -> CapsuleFrag:
    """Read a capsule fragment, not yet verified. Raises: SealError."""
    try:
        fragment = CapsuleFrag.from_bytes(raw)
    except ValueError:
        raise SealError from None
    if bytes(fragment) != raw:
        raise SealError
    return fragment
