"""Base64url without padding, in its one canonical spelling (RFC 4648 section 5, RFC 7515 section 2)."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from typing import Final

from consent.errors import MalformedError

# the functions of `base64` are four calls around these, and every token, proof and message passes here
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Read what `encode` writes.

    Raises: MalformedError for padding, foreign characters and stray bits in the last character: the
    standard decoder skips those, and two spellings of one signature would be two texts.
    """
    try:
        raw = a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"=" * (-len(text) % 4))
    except (Base64Error, UnicodeEncodeError):
        raise MalformedError("Base64url text is expected, without padding.") from None
    if encode(raw) != text:
        raise MalformedError("Base64url text is expected, without padding.")
    return raw
