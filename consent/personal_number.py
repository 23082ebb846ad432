"""The personal number: twelve random digits, the last of them a check digit.

Source: Ordinance No. 85 of 2014 of the Ministry of Internal Affairs and Communications, article 5.
"""

from typing import Final, NewType

from consent.errors import MalformedError
from consent.randomness import Randomness, draw

PersonalNumber = NewType("PersonalNumber", str)

_DIGITS: Final = 11
_NUMBERS: Final = 10**_DIGITS
_DRAWN: Final = 8


def check_digit(first_eleven: str) -> str:
    """Compute the twelfth digit of the first eleven."""
    total = 0
    for position, digit in enumerate(reversed(first_eleven), start=1):
        total += int(digit) * (position + 1 if position <= 6 else position - 5)
    remainder = total % 11
    return str(0 if remainder <= 1 else 11 - remainder)


def generate(randomness: Randomness) -> PersonalNumber:
    """Draw a number, every one equally likely; the caller makes sure that nobody else has it."""
    # Draws in the incomplete last stretch are thrown away: taking the remainder of all would favour some.
    limit = 2 ** (8 * _DRAWN) // _NUMBERS * _NUMBERS
    while (drawn := int.from_bytes(draw(randomness, _DRAWN))) >= limit:
        pass
    digits = f"{drawn % _NUMBERS:0{_DIGITS}d}"
    return PersonalNumber(digits + check_digit(digits))


def validate(number: str) -> PersonalNumber:
    """Accept twelve ASCII digits with the right check digit.

    Raises: MalformedError, without the number.
    """
    well_formed = len(number) == _DIGITS + 1 and number.isascii() and number.isdecimal()
    if not well_formed or check_digit(number[:_DIGITS]) != number[_DIGITS]:
        raise MalformedError("A personal number has twelve digits, the last a check digit; read it again.")
    return PersonalNumber(number)
