"""Base64url without padding, in its one canonical spelling (RFC 4648 section 5, RFC 7515 section 2)."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from typing import Final

from consent.errors import MalformedError

# the functions of `base64` are four calls around these, and every token, proof, message and record passes here
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_+/=", b"+/!!!")  # the signs of the other alphabet become foreign ones
_LAST: Final = ("", "", "AQgw", "AEIMQUYcgkosw048")
"""What may stand last, by how many characters are left over from groups of four: those without stray bits."""


def encode(raw: bytes) -> str:
    """Write bytes as base64url without padding."""
    return b2a_base64(raw, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Read what `encode` writes.

    Raises: MalformedError for padding, foreign characters and stray bits in the last character: the
    standard decoder skips those, and two spellings of one signature would be two texts.
    """
    over = len(text) % 4
    try:
        raw = a2b_base64(text.encode("ascii").translate(_FROM_URL) + b"=" * (-over % 4), strict_mode=True)
    except (Base64Error, UnicodeEncodeError):
        raise MalformedError("Base64url text is expected, without padding.") from None
    if over and text[-1] not in _LAST[over]:
        raise MalformedError("Base64url text is expected, without padding.")
    return raw
