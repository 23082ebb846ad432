"""Codes for paper and telephone: groups of four unmistakable signs, the last of them a check sign.

The alphabet is Crockford's base 32, without I, L, O and U; what is easily misheard or misread is taken as meant. The
check sign is Luhn's over 32 signs: it finds every single wrong sign.
"""

import unicodedata
from typing import Final

from consent.errors import MalformedError
from consent.randomness import Randomness, draw

SUSPENSION_SIGNS: Final = 15
"""75 bits before the check sign: nobody finds a code by trying."""
RECOVERY_SIGNS: Final = 27
"""135 bits before the check sign: holds 16 bytes."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BITS: Final = 5
_GROUP: Final = 4
_MEANT: Final = str.maketrans("OIL", "011")


def random_code(randomness: Randomness, signs: int = SUSPENSION_SIGNS) -> str:
    """Return a new code. Shape: `signs` random signs and a check sign, in groups of four with hyphens."""
    drawn = int.from_bytes(draw(randomness, (signs * _BITS + 7) // 8))
    return spell(drawn % 2 ** (signs * _BITS), signs)


def spell(value: int, signs: int) -> str:
    """Write a number of at most `5 * signs` bits as a code."""
    digits = [value >> _BITS * place & 31 for place in reversed(range(signs))]
    text = "".join(_ALPHABET[digit] for digit in [*digits, _check(digits)])
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def read(text: str, signs: int) -> int:
    """Return the number that a code stands for, however it was written. Raises: MalformedError for a slip."""
    plain = unicodedata.normalize("NFKC", text).upper().translate(_MEANT)
    kept = [sign for sign in plain if sign.isalnum()]
    digits = [_ALPHABET.find(sign) for sign in kept]
    if len(digits) != signs + 1 or min(digits) < 0 or _check(digits[:-1]) != digits[-1]:
        raise MalformedError(f"The code has {signs + 1} signs and one of them is wrong; read it again.")
    value = 0
    for digit in digits[:-1]:
        value = value << _BITS | digit
    return value


def canonical(text: str, signs: int) -> str:
    """Return a code as `spell` writes it. Raises: MalformedError."""
    return spell(read(text, signs), signs)


def _check(digits: list[int]) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        weighed = digit * 2 if place % 2 == 0 else digit
        total += weighed // 32 + weighed % 32
    return -total % 32
