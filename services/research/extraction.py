"""From one person's opened documents to one row: the only code that looks into records (FHIR R4)."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from consent.identifiers import SubjectKeyId
from consent.sealing import PlainDocument
from consent.vocabulary import Category
from services.contracts.research.messages import Source
from services.research.model import Person, Value

NO_CONDITION: Final = "none"
LONGEST_TEXT: Final = 200
_FHIR_JSON: Final = "application/fhir+json"

Resource = Mapping[str, Any]
Named = tuple[str, Resource]


def extract(
    subject: SubjectKeyId, documents: Iterable[PlainDocument], *, read: frozenset[Category]
) -> Person | None:
    """Return one person's row, or None when there is nothing of the person to tell.

    `read` are the categories that were asked for: what lies in others is missing, which is not the same as `none`.
    Guarantees: the same documents in any order give the same row.
    """
    named = sorted(_resources(documents), key=lambda each: each[0])
    if not named:
        return None
    patient = next((resource for _, resource in named if resource["resourceType"] == "Patient"), {})
    values: dict[Source, Value] = {
        Source.BIRTH_YEAR: _birth_year(patient),
        Source.SEX: _text(patient.get("gender")),
        Source.AREA: _area(patient),
        Source.CONDITION: _latest_condition(named) if Category.SUMMARY in read else None,
        Source.MEDICATIONS: _count(named, "MedicationRequest") if Category.MEDICATION in read else None,
    }
    return Person(subject, values)


def _resources(documents: Iterable[PlainDocument]) -> Iterable[Named]:
    newest: dict[str, PlainDocument] = {}
    for document in documents:
        known = newest.get(document.id)
        if known is None or known.version < document.version:
            newest[document.id] = document
    for document in newest.values():
        if document.media_type != _FHIR_JSON:
            continue
        try:
            resource = json.loads(document.content)
        except (ValueError, RecursionError):
            continue  # its author sealed something unreadable: there is nothing to take from it
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            yield document.id, resource


def _birth_year(patient: Resource) -> int | None:
    born = patient.get("birthDate")
    year = born[:4] if isinstance(born, str) else ""
    return int(year) if len(year) == 4 and year.isascii() and year.isdigit() else None


def _area(patient: Resource) -> str | None:
    listed = patient.get("address")
    first = listed[0] if isinstance(listed, list) and listed else None
    return _text(first.get("state")) if isinstance(first, dict) else None


def _latest_condition(named: Sequence[Named]) -> str:
    dated = [
        (_date(resource), name, _code_text(resource))
        for name, resource in named
        if resource["resourceType"] == "Condition"
    ]
    told = [(date, name, text) for date, name, text in dated if text is not None]
    return max(told)[2] if told else NO_CONDITION


def _date(condition: Resource) -> str:
    period = condition.get("onsetPeriod")
    start = period.get("start") if isinstance(period, dict) else None
    found = (condition.get("recordedDate"), condition.get("onsetDateTime"), start)
    return next((each for each in found if isinstance(each, str)), "")


def _code_text(condition: Resource) -> str | None:
    code = condition.get("code")
    if not isinstance(code, dict):
        return None
    listed = code.get("coding")
    codings = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    candidates = [code.get("text"), *(each.get("display") for each in codings)]
    return next((text for each in candidates if (text := _text(each)) is not None), None)


def _count(named: Sequence[Named], kind: str) -> int:
    return sum(resource["resourceType"] == kind for _, resource in named)


def _text(value: object) -> str | None:
    """One line of text that can be written as UTF-8; anything else is missing."""
    if not isinstance(value, str):
        return None
    line = " ".join(value.encode(errors="replace").decode().split())
    return line[:LONGEST_TEXT] or None
