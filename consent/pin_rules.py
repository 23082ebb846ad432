"""What a person may choose as a PIN and as its hint, checked on the person's side: no PIN ever leaves it.

As on the real card: four digits for signing in, six to sixteen letters and digits for signing.
"""

import re
import unicodedata
from datetime import date
from itertools import pairwise
from typing import Final

from consent.errors import ConsentError

LONGEST_HINT: Final = 60

_FOUR_DIGITS: Final = re.compile(r"[0-9]{4}", re.ASCII)
_LETTERS_AND_DIGITS: Final = re.compile(r"[A-Za-z0-9]{6,16}", re.ASCII)
_OF_ONE_KIND: Final = re.compile(r"[a-z]+|[0-9]+", re.ASCII)
_SHORTEST_RUN: Final = 2


class PinRuleError(ConsentError):
    """The PIN or hint is not acceptable; the message says which rule, never the PIN."""


def check_authentication_pin(pin: str, *, birth_date: date | None = None) -> None:
    """Raises: PinRuleError unless the PIN is four digits that are neither a run nor the birth date."""
    if not _FOUR_DIGITS.fullmatch(pin):
        raise PinRuleError("The PIN for signing in has four digits 0 to 9; choose four digits.")
    if _is_run(pin):
        raise PinRuleError(
            "The PIN for signing in must not repeat one digit or count up or down; choose others."
        )
    if birth_date is not None and pin in _birthdays(birth_date):
        raise PinRuleError("The PIN for signing in must not be from the birth date; choose other digits.")


def check_signature_pin(pin: str, *, birth_date: date | None = None) -> None:
    """Raises: PinRuleError unless the PIN is six to sixteen letters and digits, both, and not trivial."""
    folded = pin.casefold()
    parts = _OF_ONE_KIND.findall(folded)
    if not _LETTERS_AND_DIGITS.fullmatch(pin) or pin.isdigit() or pin.isalpha():
        raise PinRuleError(
            "The PIN for signing has 6 to 16 letters A to Z and digits, at least one of each; choose another."
        )
    if all(len(part) >= _SHORTEST_RUN and _is_run(part) for part in parts):
        raise PinRuleError("The PIN for signing must not be made of runs such as abc123; choose another.")
    if birth_date is not None and f"{birth_date:%y%m%d}" in folded:
        raise PinRuleError("The PIN for signing must not hold the birth date; choose another.")


def check_hint(hint: str, pin: str) -> None:
    """Raises: PinRuleError for a hint that is too long or gives the PIN away, forwards or backwards.

    Guarantees: other signs between the PIN's, full-width and Chinese digits, and letter case hide nothing.
    """
    if not hint.strip() or len(hint) > LONGEST_HINT:
        raise PinRuleError(f"A hint has 1 to {LONGEST_HINT} signs; shorten it, or leave it out.")
    plain, wanted = _plain(hint), pin.casefold()
    digits = "".join(filter(str.isdigit, plain))
    if any(each in text for text in (plain, digits) for each in (wanted, wanted[::-1])):
        raise PinRuleError("The hint must not tell the PIN, forwards or backwards; choose another hint.")


def _is_run(text: str) -> bool:
    steps = {ord(second) - ord(first) for first, second in pairwise(text)}
    return len(steps) <= 1 and steps <= {-1, 0, 1}


def _birthdays(born: date) -> set[str]:
    return {f"{born:{form}}" for form in ("%Y", "%m%d", "%d%m", "%y%m", "%m%y")}


def _plain(hint: str) -> str:
    return "".join(map(_sign, unicodedata.normalize("NFKC", hint).casefold()))


def _sign(sign: str) -> str:
    value = unicodedata.numeric(sign, -1.0)
    if value in range(10):
        return str(int(value))
    return sign if sign.isalnum() else ""
