"""People with their clinical records as the gateway takes them in, wherever they come from.

Which FHIR R4 resource is which category of record, and of which year, is laid down here and nowhere else.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from consent.compartments import FIRST_YEAR, LAST_YEAR
from consent.vocabulary import Category


class ClinicalError(Exception):
    """A resource cannot be taken in; the message names the element and never its value."""


@dataclass(frozen=True, slots=True)
class BasicItems:
    """The four basic items of the resident registry. Shape: `birth_date` YYYY-MM-DD."""

    name: str = field(repr=False)
    address: str = field(repr=False)
    sex: str = field(repr=False)
    birth_date: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Patient:
    """One person; `id` is the source's own and leaves the organisation for nobody."""

    id: str
    items: BasicItems


@dataclass(frozen=True, slots=True)
class ClinicalRecord:
    """One resource of one person; `content` is the resource exactly as it was given."""

    patient: str
    category: Category
    year: int
    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClinicalData:
    """People and their records.

    `skipped` counts by resource type what is not a personal record; `canaries` are, per person, texts that stand in
    their records and nowhere else, for searching where they must not be.
    """

    patients: tuple[Patient, ...]
    records: tuple[ClinicalRecord, ...]
    skipped: Mapping[str, int]
    canaries: Mapping[str, tuple[str, ...]] = field(repr=False)

    def of(self, patient: str) -> tuple[ClinicalRecord, ...]:
        """The records of one person."""
        return tuple(record for record in self.records if record.patient == patient)


@dataclass(frozen=True, slots=True)
class Kind:
    """How one resource type is taken in: its category, who it is about, where its date stands."""

    category: Category
    subject: str
    dates: tuple[str, ...]


_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DATE: Final = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?)?)?", re.ASCII)
_EFFECTIVE: Final = ("effectiveDateTime", "effectivePeriod.start", "effectiveInstant")

KINDS: Final[Mapping[str, Kind]] = {
    "MedicationRequest": Kind(Category.MEDICATION, "subject", ("authoredOn",)),
    "MedicationStatement": Kind(Category.MEDICATION, "subject", (*_EFFECTIVE, "dateAsserted")),
    "MedicationAdministration": Kind(Category.MEDICATION, "subject", _EFFECTIVE),
    "Condition": Kind(Category.SUMMARY, "subject", ("recordedDate", "onsetDateTime", "onsetPeriod.start")),
    "AllergyIntolerance": Kind(
        Category.SUMMARY, "patient", ("recordedDate", "onsetDateTime", "onsetPeriod.start")
    ),
    "Observation": Kind(Category.LABORATORY, "subject", (*_EFFECTIVE, "issued")),
    "DiagnosticReport": Kind(Category.LABORATORY, "subject", (*_EFFECTIVE, "issued")),
    "ImagingStudy": Kind(Category.IMAGING, "subject", ("started",)),
    "Immunization": Kind(Category.CHECKUP, "patient", ("occurrenceDateTime", "recorded")),
    "Encounter": Kind(Category.ENCOUNTER, "subject", ("period.start",)),
    "Procedure": Kind(Category.ENCOUNTER, "subject", ("performedDateTime", "performedPeriod.start")),
    "CarePlan": Kind(Category.ENCOUNTER, "subject", ("period.start", "created")),
    "Device": Kind(Category.ENCOUNTER, "patient", ("manufactureDate",)),
}


def year_of(resource: Mapping[str, Any], *, this_year: int) -> int:
    """Return the year a resource belongs to.

    A device without a date of manufacture belongs to `this_year`: it is in use now. Raises: ClinicalError.
    """
    kind = KINDS[str(resource["resourceType"])]
    for path in kind.dates:
        found = _follow(resource, path)
        if found is not None:
            return _year(found, path)
    if resource["resourceType"] == "Device":
        return this_year
    raise ClinicalError(f"a personal record needs a date; give it {' or '.join(kind.dates)}")


def _follow(resource: Mapping[str, Any], path: str) -> object:
    found: object = resource
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _year(value: object, path: str) -> int:
    if isinstance(value, str) and _DATE.fullmatch(value) and _is_day(value[:10]):
        year = int(value[:4])
        if FIRST_YEAR <= year <= LAST_YEAR:
            return year
    raise ClinicalError(
        f"{path} is not a FHIR date; write YYYY, YYYY-MM, YYYY-MM-DD or a full time with zone"
    )


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text + "-01-01"[len(text) - 4 :])
    except ValueError:
        return False
    return True


def basic_items(patient: Mapping[str, Any]) -> BasicItems:
    """Take the registry's four items out of a Patient resource. Raises: ClinicalError naming what is missing."""
    born = patient.get("birthDate")
    if not isinstance(born, str) or not _DAY.fullmatch(born) or not _is_day(born):
        raise ClinicalError("a Patient needs a birthDate of the form YYYY-MM-DD")
    sex = patient.get("gender")
    if sex not in ("male", "female", "other", "unknown"):
        raise ClinicalError("a Patient needs a gender: male, female, other or unknown")
    return BasicItems(name=_name(patient), address=_address(patient), sex=str(sex), birth_date=born)


def _preferred(patient: Mapping[str, Any], element: str, uses: tuple[str, ...]) -> dict[str, Any]:
    listed = patient.get(element)
    found = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if not found:
        raise ClinicalError(f"a Patient needs a {element}")
    return min(found, key=lambda each: uses.index(each["use"]) if each.get("use") in uses else len(uses))


def _name(patient: Mapping[str, Any]) -> str:
    name = _preferred(patient, "name", ("official", "usual"))
    parts = [name.get("family"), *_texts(name.get("given"))]
    written = name.get("text") or " ".join(part for part in parts if isinstance(part, str))
    if not isinstance(written, str) or not written.strip():
        raise ClinicalError("a Patient's name needs a family or given name, or a text")
    return written


def _address(patient: Mapping[str, Any]) -> str:
    address = _preferred(patient, "address", ("home",))
    parts = [*_texts(address.get("line")), *(address.get(part) for part in ("city", "state", "postalCode"))]
    written = address.get("text") or " ".join(part for part in parts if isinstance(part, str))
    if not isinstance(written, str) or not written.strip():
        raise ClinicalError("a Patient's address needs a line, city or state, or a text")
    return written


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def demographic_record(patient: str, resource: Mapping[str, Any], *, year: int) -> ClinicalRecord:
    """Reduce a Patient resource to what research may use: sex, birth date and area, and nothing that identifies.

    Names and identifiers are left out: who the person is is separately managed (R20).
    """
    reduced: dict[str, Any] = {"resourceType": "Patient"}
    reduced |= {name: resource[name] for name in ("gender", "birthDate") if name in resource}
    area = _preferred(resource, "address", ("home",)).get("state")
    if isinstance(area, str):
        reduced["address"] = [{"state": area}]
    content = json.dumps(reduced, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    return ClinicalRecord(patient, Category.SUMMARY, year, f"Patient/{patient}", content)
