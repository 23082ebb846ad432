"""All the ways to spoil a message: as text, as JSON, field by field, number by number."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue
from support.closed_routes import Example, Target

PLANTED = "geheim-4d6f6e61-7468-616e"
DEPTH = 100_000
HUGE = (2**63, -(2**63) - 1, 10**19, -1)


OVERLONG = {
    "a sign in two bytes": b"\xc0\xaf",
    "a sign in three bytes": b"\xe0\x80\xaf",
    "U+0000 in two bytes": b"\xc0\x80",
    "half a character in UTF-8": b"\xed\xa0\x80",
    "a sign beyond Unicode": b"\xf4\x90\x80\x80",
}
"""What is no UTF-8 (RFC 3629), though some readers take it for another text."""


@dataclass(frozen=True)
class Spoiled:
    """One spoiled message; `field` is the field that the answer must name, where it can."""

    what: str
    content: bytes
    field: str | None = None


def spoil(target: Target) -> Iterator[Spoiled]:
    """Return every spoiled form of a target's message: as text, as JSON, and field by field."""
    yield from _no_json(target.example)
    yield from _no_single_meaning(target.example)
    if target.kind.model_config.get("extra") == "forbid":  # AuthZEN asks to ignore what is not known
        yield Spoiled("unknown field", _json(target.example | {"unexpected": PLANTED}), "unexpected")
        yield Spoiled("unknown field with a long name", _json(target.example | {PLANTED * 2: 1}))
    for name, told in target.kind.model_fields.items():
        wire = told.alias or name
        if told.is_required():
            rest = {key: value for key, value in target.example.items() if key != wire}
            yield Spoiled(f"{wire} is missing", _json(rest), wire)
        if wire in target.example:
            yield Spoiled(
                f"{wire} is of another type", _json(target.example | {wire: _other(target, wire)}), wire
            )


def _no_json(example: Example) -> Iterator[Spoiled]:
    text = _json(example)
    broken = {
        "nothing": b"",
        "half of it": text[: max(1, len(text) // 2)],
        "twice": text + text,
        "not UTF-8": b"\xff" + text,
        "with a byte order mark": b"\xef\xbb\xbf" + text,
        "UTF-16": text.decode().encode("utf-16"),
        "single quotes": text.replace(b'"', b"'") if example else b"{'a': 1}",
        "a list": b"[" + text + b"]",
        "a text": json.dumps(PLANTED).encode(),
        "null": b"null",
        "a number": b"7",
    }
    for what, content in broken.items():
        yield Spoiled(what, content)


def _no_single_meaning(example: Example) -> Iterator[Spoiled]:
    first = next(iter(example), "x")
    rest = {name: value for name, value in example.items() if name != first}
    for what, value in {
        "NaN": "NaN",
        "minus infinity": "-Infinity",
        "1e400": "1e400",
        "a number of 400 digits": "1" * 400,
        "a lone surrogate": '"\\ud800"',
        "the sign U+0000": '"\\u0000"',
        "lists in lists": "[" * DEPTH + "]" * DEPTH,
        "objects in objects": '{"x":' * DEPTH + "1" + "}" * DEPTH,
        "lists that never end": "[" * DEPTH,
    }.items():
        yield Spoiled(what, _with(first, value, rest))
    for what, sign in OVERLONG.items():
        yield Spoiled(what, _with(first, '"?"', rest).replace(b"?", sign, 1))
    yield Spoiled("a key twice, inside", _with(first, '{"x": 1, "x": 2}', rest))
    escaped = f'"\\u{ord(first[0]):04x}{first[1:]}": 1'
    yield Spoiled("a key twice, once escaped", _with(first, "1", rest, escaped))
    doubled = json.dumps(example.get(first, PLANTED))
    yield Spoiled("a key twice", _with(first, doubled, {}, f"{json.dumps(first)}: {doubled}"))


def _with(name: str, value: str, rest: Example, *more: str) -> bytes:
    members = [
        f"{json.dumps(name)}: {value}",
        *(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in rest.items()),
        *more,
    ]
    return ("{" + ", ".join(members) + "}").encode()


def _other(target: Target, name: str) -> Any:
    match target.example[name]:
        case bool():
            return "false"
        case int() as number:
            return str(number)
        case str() | None:
            return 7
        case list():
            return {"0": PLANTED}
        case _:
            return [PLANTED]


def numbers_out_of_range(target: Target) -> Iterator[Spoiled]:
    """Return the target's message with each number, wherever it stands, replaced by one that fits nowhere."""
    for path in _numbers(target.example, ()):
        for value in HUGE:
            yield Spoiled(
                f"{'.'.join(map(str, path))} = {value}", _json(_replaced(target.example, path, value))
            )


def _numbers(value: JsonValue, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    match value:
        case bool():
            return
        case int():
            yield path
        case dict():
            for name, inner in value.items():
                yield from _numbers(inner, (*path, name))
        case list():
            for place, inner in enumerate(value):
                yield from _numbers(inner, (*path, place))


def _replaced(value: Any, path: tuple[str | int, ...], new: int) -> Any:
    if not path:
        return new
    inner = _replaced(value[path[0]], path[1:], new)
    if isinstance(value, dict):
        return value | {path[0]: inner}
    return [inner if place == path[0] else each for place, each in enumerate(value)]


def _json(example: Any) -> bytes:
    return json.dumps(example).encode()
