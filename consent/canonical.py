"""Canonical JSON (RFC 8785), restricted to what everybody reads alike: no fractions, ASCII member names."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn, TypeAlias

from consent.errors import MalformedError

JsonValue: TypeAlias = "str | int | bool | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
JsonObject: TypeAlias = Mapping[str, JsonValue]

_SAFE_INTEGER: Final = 2**53 - 1
_SAFE_DIGITS: Final = 17
_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)
_REFUSED: Final = "Canonical JSON is expected: sorted unique ASCII names, whole numbers, no spaces, UTF-8."


def _refuse(_text: str) -> NoReturn:
    raise MalformedError(_REFUSED)


def _whole_number(digits: str) -> int:
    if len(digits) > _SAFE_DIGITS or abs(number := int(digits)) > _SAFE_INTEGER:
        raise MalformedError(_REFUSED)
    return number


def _members(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    # ASCII names sort alike by code point (Python) and by UTF-16 unit (RFC 8785 section 3.2.3).
    if len(members) != len(pairs) or not "".join(members).isascii():
        raise MalformedError(_REFUSED)
    return members


def encode(value: JsonObject) -> bytes:
    """Write an object in canonical form.

    Guarantees: equal to RFC 8785 for every value that `decode` accepts.
    Raises: MalformedError if a text is not valid Unicode.
    """
    try:
        return _ENCODER.encode(value).encode()
    except (UnicodeEncodeError, ValueError, TypeError, RecursionError):
        raise MalformedError(_REFUSED) from None


def decode(raw: bytes) -> dict[str, JsonValue]:
    """Read an object that is in canonical form already.

    Raises: MalformedError for any other bytes, so that nobody can read the same bytes differently.
    """
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_members,
            parse_float=_refuse,
            parse_int=_whole_number,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError):
        raise MalformedError(_REFUSED) from None
    if not isinstance(value, dict) or encode(value) != raw:
        raise MalformedError(_REFUSED)
    return value
