"""Base64url without padding, in its one canonical spelling (RFC 4648 section 5, RFC 7515 section 2)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error

from consent.errors import MalformedError


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Read what `encode` writes.

    Raises: MalformedError for padding, foreign characters and stray bits in the last character: the
    standard decoder skips those, and two spellings of one signature would be two texts.
    """
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (Base64Error, UnicodeEncodeError):
        raise MalformedError("Base64url text is expected, without padding.") from None
    if encode(raw) != text:
        raise MalformedError("Base64url text is expected, without padding.")
    return raw
