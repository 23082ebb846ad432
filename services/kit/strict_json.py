"""JSON with one interpretation: duplicate keys, NaN, overlong numbers, lone surrogates and deep nesting are refused."""

import json
import math
from typing import Any

MAX_DEPTH = 64
SHORT = 4096
ESCAPE, ESCAPED = b"\\", b"\\u"


class StrictJsonError(ValueError):
    """The text is not JSON with exactly one interpretation."""


def loads(raw: bytes) -> Any:
    """Return the value of a JSON text.

    Raises: StrictJsonError, naming the rule and never the value.
    """
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise StrictJsonError("the text is not UTF-8") from error
    except RecursionError as error:
        raise StrictJsonError(f"nested deeper than {MAX_DEPTH} levels") from error
    except json.JSONDecodeError as error:
        raise StrictJsonError(f"not JSON at line {error.lineno}, column {error.colno}") from error
    # signs that UTF-8 cannot hold come in as escapes only, and depth as brackets
    if ESCAPE in raw and ESCAPED in raw:  # one sign is found many times as fast as two
        _check(value, MAX_DEPTH)
    elif len(raw) > SHORT or raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        inner = (each.values() if isinstance(each, dict) else each for each in level)
        level = [one for each in inner for one in each if isinstance(one, dict | list)]
        if not level:
            return
    raise StrictJsonError(f"nested deeper than {MAX_DEPTH} levels")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise StrictJsonError("an object names a key twice")
    return found


def _constant(_name: str) -> Any:
    raise StrictJsonError("NaN and Infinity are not JSON")


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise StrictJsonError("a number is out of range")
    return value


def _int(text: str) -> int:
    if len(text) > 20:
        raise StrictJsonError("a number is out of range")
    return int(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
)


def _check(value: Any, depth: int) -> None:
    if isinstance(value, str):
        if (
            "\x00" in value
        ):  # PostgreSQL keeps no such text: one of our databases would take what the other refuses
            raise StrictJsonError("a text holds the sign U+0000")
        if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
            raise StrictJsonError("a text holds half a character (lone surrogate)")
    elif isinstance(value, dict | list):
        if depth == 0:
            raise StrictJsonError(f"nested deeper than {MAX_DEPTH} levels")
        if isinstance(value, dict):
            for name, inner in value.items():
                _check(name, 1)
                _check(inner, depth - 1)
        else:
            for inner in value:
                _check(inner, depth - 1)
