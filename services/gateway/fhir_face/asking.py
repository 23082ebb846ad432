"""What a search asks for: whose records, of which categories and years. Whatever is not understood is refused.

FHIR lets a server pass over parameters that it does not know; here that would open more than was asked for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from consent.compartments import FIRST_YEAR, LAST_YEAR, YearSpan
from consent.vocabulary import Category
from services.gateway.fhir_face.documents import (
    CATEGORIES,
    REFERENCES,
    reference_of,
    reference_of_id,
)
from services.gateway.fhir_face.errors import MALFORMED, NOT_SUPPORTED, FaceError

PATIENT: Final = ("patient.identifier", "patient:identifier", "subject:identifier")
BY_ID: Final = ("patient", "subject")
PERSON: Final = frozenset({*PATIENT, *BY_ID})
FORMAT: Final = "_format"
COUNT: Final = "_count"
MOST_AT_ONCE: Final = 1000
_COUNTED: Final = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_PERIOD: Final = re.compile(r"(eq|ge|le)?([0-9]{4})", re.ASCII)

_SINCE: Final = re.compile(r"ge([0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}Z)?)", re.ASCII)

Parameters = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A search; None: as far as the person permits."""

    reference: str
    categories: frozenset[Category] | None
    years: YearSpan | None


def asked_documents(parameters: Parameters) -> Asked:
    """Read the parameters of a search for documents. Raises: FaceError."""
    _only(parameters, {*PERSON, "category", "period", FORMAT, COUNT})
    return Asked(asked_person(parameters), _categories(parameters), _years(parameters, "period"))


def asked_resources(parameters: Parameters) -> Asked:
    """Read the parameters of a search for resources of one type. Raises: FaceError."""
    _only(parameters, {*PERSON, "date", FORMAT, COUNT})
    return Asked(asked_person(parameters), None, _years(parameters, "date"))


def asked_consents(parameters: Parameters) -> str:
    """Read the parameters of a search for permissions; return whose. Raises: FaceError."""
    _only(parameters, {*PERSON, FORMAT, COUNT})
    return asked_person(parameters)


def asked_events(parameters: Parameters) -> tuple[str, str]:
    """Read the parameters of a search for what was done; return whose, and from when. Raises: FaceError."""
    _only(parameters, {*PERSON, "date", FORMAT, COUNT})
    told = [value for name, value in parameters if name == "date"]
    if not told:
        return asked_person(parameters), ""
    found = _SINCE.fullmatch(told[0])
    if found is None or len(told) > 1:
        raise FaceError(MALFORMED, "date is ge and a day or an instant in UTC: ge2026-11-21T09:00:00Z")
    return asked_person(parameters), found[1]


def asked_patients(parameters: Parameters) -> str:
    """Read the parameters of a search for a person; return the reference. Raises: FaceError."""
    _only(parameters, {"identifier", "_id", FORMAT, COUNT})
    ids = [value for name, value in parameters if name == "_id"]
    named = [value for name, value in parameters if name == "identifier"]
    if len(ids) + len(named) != 1:
        raise FaceError(MALFORMED, f"name one person: identifier={REFERENCES}|<value that link told>, or _id")
    return reference_of_id(ids[0]) if ids else _named(named[0])


def asked_count(parameters: Parameters) -> int | None:
    """Return how many matches a page shall have; None: all. Raises: FaceError."""
    told = [value for name, value in parameters if name == COUNT]
    if not told:
        return None
    if len(told) > 1 or not _COUNTED.fullmatch(told[0]) or int(told[0]) > MOST_AT_ONCE:
        raise FaceError(MALFORMED, f"{COUNT} is one number from 1 to {MOST_AT_ONCE}")
    return int(told[0])


def asked_person(parameters: Parameters) -> str:
    """Return the organisation's own name of the person. Raises: FaceError."""
    named = [(name, value) for name, value in parameters if name in PERSON]
    if len(named) != 1:
        raise FaceError(MALFORMED, f"name one person: patient.identifier={REFERENCES}|<value that link told>")
    name, value = named[0]
    return _named(value) if name in PATIENT else reference_of_id(value.removeprefix("Patient/"))


def _named(value: str) -> str:
    system, _, reference = value.partition("|")
    if system != REFERENCES:
        raise FaceError(MALFORMED, f"the system of a person's identifier is {REFERENCES}")
    return reference_of(reference)


def _only(parameters: Parameters, known: set[str]) -> None:
    if any(name not in known for name, _ in parameters):
        raise FaceError(NOT_SUPPORTED, f"the parameters here are {', '.join(sorted(known))}")


def _categories(parameters: Parameters) -> frozenset[Category] | None:
    told = [value for name, value in parameters if name == "category"]
    if not told:
        return None
    codes = [each.removeprefix(f"{CATEGORIES}|") for each in told[0].split(",")]
    if len(told) != 1 or not set(Category).issuperset(codes):
        raise FaceError(MALFORMED, f"category is one list of codes of {CATEGORIES}: {', '.join(Category)}")
    return frozenset(Category(each) for each in codes)


def _years(parameters: Parameters, element: str) -> YearSpan | None:
    told = [value for name, value in parameters if name == element]
    if not told:
        return None
    first, last = FIRST_YEAR, LAST_YEAR
    for each in told:
        found = _PERIOD.fullmatch(each)
        if found is None or len(told) > 2:
            raise FaceError(
                MALFORMED, f"{element} is a year, or ge and le with a year: records are kept by year"
            )
        year = int(found[2])
        first = max(first, year) if found[1] != "le" else first
        last = min(last, year) if found[1] != "ge" else last
    if first > last:
        raise FaceError(MALFORMED, "the period ends before it begins")
    return YearSpan(first, last)
