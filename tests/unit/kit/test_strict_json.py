"""A JSON text has one meaning, or none."""

import json
from contextlib import suppress
from typing import TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.kit.strict_json import MAX_DEPTH, StrictJsonError, loads

Value: TypeAlias = "str | int | bool | list[Value] | dict[str, Value] | None"

TEXT = st.text(max_size=4) | st.sampled_from(
    ["\0", "a\0", "\ud800", "x\udfff", "\\u0000", "[{", "\U0001f600"]
)
VALUES: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def _nested(levels: int) -> Value:
    value: Value = "x"
    for _ in range(levels):
        value = [value]
    return value


def _has_one_meaning(value: Value, depth: int = MAX_DEPTH) -> bool:
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
    if isinstance(value, list | dict):
        inner = list(value.values()) if isinstance(value, dict) else value
        names = list(value) if isinstance(value, dict) else []
        return (
            depth > 0
            and all(_has_one_meaning(each, 1) for each in names)
            and all(_has_one_meaning(each, depth - 1) for each in inner)
        )
    return True


@given(VALUES)
@example(_nested(MAX_DEPTH))
@example(_nested(MAX_DEPTH + 1))
@example({"a": [_nested(MAX_DEPTH - 2)] * 3})
@example(["[" * (MAX_DEPTH + 1)])
def test_text_is_read_if_everybody_reads_it_alike(value: Value) -> None:
    texts = [json.dumps(value, ensure_ascii=True).encode()]
    with suppress(UnicodeEncodeError):
        texts.append(json.dumps(value, ensure_ascii=False).encode())
    for text in texts:
        if _has_one_meaning(value):
            assert loads(text) == value
        else:
            with pytest.raises(StrictJsonError):
                loads(text)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 1}',
        b'{"\\u0061": 1, "a": 2}',
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b"1" * 21,
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'\xef\xbb\xbf"x"',
        b'"a\x00"',
        b"1 2",
        b"[" * 100_000,
    ],
)
def test_text_that_is_no_json_or_can_be_read_in_two_ways_is_refused(text: bytes) -> None:
    with pytest.raises(StrictJsonError):
        loads(text)
