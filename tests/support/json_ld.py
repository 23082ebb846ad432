"""As much of JSON-LD 1.1 expansion as receipts use, written against the specification and not against our code.

Source: W3C JSON-LD 1.1 Processing Algorithms and API, sections 5.1 and 5.2.
"""

from collections.abc import Iterator, Mapping
from typing import Any

KEYWORDS = {"@id", "@type", "@nest", "@included"}


class NotExpandedError(Exception):
    """A member has no meaning in the context."""


def expand(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document with absolute IRIs for names, types and references, its context applied and gone."""
    context = document["@context"]
    return _node(context, {name: value for name, value in document.items() if name != "@context"})


def iri(context: Mapping[str, Any], text: str) -> str:
    """Return the absolute IRI of a term or compact IRI. Raises: NotExpandedError."""
    if text in KEYWORDS:
        return text
    definition = context.get(text)
    if definition is not None:
        return iri(context, definition if isinstance(definition, str) else definition["@id"])
    prefix, colon, rest = text.partition(":")
    if not colon:
        raise NotExpandedError(text)
    if prefix in context:
        return iri(context, prefix) + rest
    if prefix in ("http", "https", "urn"):
        return text
    raise NotExpandedError(text)


def values(node: Any, name: str) -> Iterator[Any]:
    """Return every value of a property anywhere in an expanded document."""
    if isinstance(node, list):
        for each in node:
            yield from values(each, name)
    if isinstance(node, dict):
        yield from node.get(name, [])
        for each in node.values():
            yield from values(each, name)


def names(node: Any) -> Iterator[str]:
    """Return every IRI that an expanded document uses as a property, type or reference."""
    if isinstance(node, list):
        for each in node:
            yield from names(each)
    if isinstance(node, dict) and "@value" not in node:
        for name, value in node.items():
            if name == "@id":
                yield value
            elif name == "@type":
                yield from value
            else:
                yield from () if name in KEYWORDS else (name,)
                yield from names(value)


def _node(context: Mapping[str, Any], members: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in members.items():
        meaning, definition = iri(context, name), context.get(name)
        listed = value if isinstance(value, list) else [value]
        if meaning == "@id":
            found["@id"] = iri(context, value)
        elif meaning == "@type":
            found.setdefault("@type", []).extend(iri(context, each) for each in listed)
        elif meaning == "@nest":
            for each in listed:
                _merge(found, _node(context, each))
        elif meaning == "@included":
            found.setdefault("@included", []).extend(_node(context, each) for each in listed)
        else:
            told = definition if isinstance(definition, dict) else {}
            found.setdefault(meaning, []).extend(_values(context, told, listed))
    return found


def _merge(found: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        found.setdefault(name, []).extend(value)


def _values(context: Mapping[str, Any], told: Mapping[str, Any], listed: list[Any]) -> Iterator[Any]:
    for each in listed:
        if told.get("@type") == "@json":
            yield {"@value": each, "@type": "@json"}
        elif told.get("@container") == "@language":
            yield from ({"@value": text, "@language": language} for language, text in each.items())
        elif told.get("@type") == "@id":
            yield {"@id": iri(context, each)}
        elif isinstance(each, dict):
            yield _node(context, each)
        elif "@type" in told:
            yield {"@value": each, "@type": iri(context, told["@type"])}
        else:
            yield {"@value": each}
