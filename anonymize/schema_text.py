"""Schemas written as TOML."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from anonymize.errors import SchemaError
from anonymize.hierarchy import Hierarchy
from anonymize.hierarchy_dates import Dates
from anonymize.hierarchy_groups import Order, Priority, Tabulated
from anonymize.hierarchy_intervals import Intervals
from anonymize.hierarchy_kinds import Redaction, Suppression
from anonymize.schema import Schema

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_DRAFT: Final = (
    "Read the notes on each column and correct what they guess: what others know of people, and what people",
    "would keep to themselves, is in no table.",
)

Settings = Mapping[str, str]


def schema_text(schema: Schema) -> str:
    """Return the file, every setting of every hierarchy written out.

    Raises: SchemaError for a hierarchy of a kind that has no form in a file, and for text that is no Unicode.
    """
    return "\n".join(_lines(schema)) + "\n"


def _lines(schema: Schema) -> Iterator[str]:
    if schema.notes:
        yield from map(_comment, [*_DRAFT, ""])
    for column, note in schema.notes.items():
        if column not in schema.quasi:
            yield _comment(f"{column}: {note}")
    yield f"sensitive = {_texts(schema.sensitive)}"
    yield f"identifying = {_texts(schema.identifying)}"
    for column, hierarchy in schema.quasi.items():
        yield ""
        if column in schema.notes:
            yield _comment(schema.notes[column])
        yield f"[quasi.{_key(column)}]"
        for name, value in _settings(column, hierarchy).items():
            yield f"{name} = {value}"


def _settings(column: str, hierarchy: Hierarchy) -> Settings:
    match hierarchy.kind:
        case Tabulated(recipe=Order(values=values, sizes=sizes)):
            return _kind("order", values=_texts(values), sizes=_list(map(str, sizes)))
        case Tabulated(recipe=Priority(values=values, keep=keep)):
            return _kind("priority", values=_texts(values), keep=_list(map(str, keep)))
        case Tabulated(table=table):
            rows = [f"    {_texts(cell or '' for cell in row)},\n" for row in table]
            return _kind("table", rows="[\n" + "".join(rows) + "]")
        case Intervals() as intervals:
            return _kind("intervals", **_intervals(intervals))
        case Dates(periods=periods):
            return _kind("dates", periods=_texts(periods))
        case Redaction(length=None, start=start):
            return _kind("redaction", start=_text(start))
        case Redaction(length=length, start=start):
            return _kind("redaction", start=_text(start), length=str(length))
        case Suppression():
            return _kind("suppression")
    raise SchemaError(
        f"The hierarchy of {column!r} has no form in a file; make it with a constructor of Hierarchy."
    )


def _intervals(kind: Intervals) -> dict[str, str]:
    same = len(set(kind.origins)) == 1
    written = {
        "widths": _list(map(_number, kind.widths)),
        "origin": _number(kind.origins[0]) if same else _list(map(_number, kind.origins)),
    }
    bounds = {"bottom": kind.bottom, "top": kind.top}
    return written | {name: _number(bound) for name, bound in bounds.items() if bound is not None}


def _kind(name: str, **settings: str) -> Settings:
    return {"hierarchy": _text(name), **settings}


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as cause:
        raise SchemaError(
            "A name or value is no valid Unicode text and cannot be written; rename it."
        ) from cause
    # JSON's escapes are TOML's, but for this one character, which JSON leaves as it is.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _texts(texts: Iterable[str]) -> str:
    return _list(map(_text, texts))


def _list(items: Iterable[str]) -> str:
    return f"[{', '.join(items)}]"


def _number(number: Decimal) -> str:
    return str(int(number)) if number == number.to_integral_value() else format(number, "f")


def _comment(text: str) -> str:
    return "# " + "".join(each if each.isprintable() else " " for each in text) if text else "#"
