"""Reading a FHIR R4 bulk export: a folder of ndjson files, one resource a line, errors named by file and line."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from services.gateway.clinical import (
    KINDS,
    ClinicalData,
    ClinicalError,
    ClinicalRecord,
    Patient,
    basic_items,
    demographic_record,
    year_of,
)
from services.gateway.errors import FhirError
from services.gateway.fhir_types import RESOURCE_TYPES
from services.kit.strict_json import StrictJsonError, loads

_ID: Final = re.compile(r"[A-Za-z0-9.\-]{1,64}", re.ASCII)
_PATIENT_REFERENCE: Final = re.compile(
    r"(?:(?:.*/)?Patient/|urn:uuid:)([A-Za-z0-9.\-]{1,64})(?:/_history/[A-Za-z0-9.\-]{1,64})?", re.ASCII
)
_MOST_CANARIES: Final = 3
_SHORTEST_CANARY: Final = 16


@dataclass(frozen=True, slots=True)
class Line:
    """One resource with where it stands: on a line of ndjson, or as an entry of a Bundle (both from 1)."""

    file: str
    number: int
    raw: bytes = field(repr=False)
    resource: Mapping[str, Any] = field(repr=False)

    @property
    def place(self) -> str:
        """File and number."""
        return f"{self.file}:{self.number}"

    @property
    def type(self) -> str:
        """Its resource type."""
        return str(self.resource["resourceType"])

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.resource["id"])

    def error(self, problem: str) -> FhirError:
        """Return what is wrong with it, and where it stands."""
        return FhirError(self.file, self.number, problem)


def lines_of(path: Path) -> list[Line]:
    """Read the resources of a Bundle (.json), an ndjson file, or a folder of ndjson files, each id of a type once.

    Raises: FhirError naming file and line, or entry.
    """
    if path.is_dir() or not path.exists():
        lines = list(_lines(path))
    else:
        try:
            content = path.read_bytes()
        except OSError as error:
            raise FhirError(path.name, None, f"cannot be read ({error.strerror})") from error
        read = _of_bundle if path.suffix == ".json" else _of_file
        lines = list(read(path.name, content))
    _check_unique(lines)
    return lines


def record_of(line: Line, *, this_year: int) -> ClinicalRecord | None:
    """Return a resource as its patient's record; None where it is no personal one of a kind that is taken.

    Raises: FhirError naming file and line.
    """
    if line.type not in KINDS or _without_person(line):
        return None
    return _record(line, None, this_year)


def read_export(path: Path, *, this_year: int) -> ClinicalData:
    """Read people and their records from a folder of `*.ndjson` files, one such file, or a Bundle (.json).

    Guarantees: a record's content is its line, byte for byte; of a Bundle's entry, the resource written anew. What is
    not about a person (organisations, places, practitioners) and resource types that have no category here are skipped
    and counted.
    Raises: FhirError naming file and line.
    """
    lines = lines_of(path)
    patients = {line.id: line for line in lines if line.type == "Patient"}
    if not patients:
        raise FhirError(path.name, None, "the export holds no Patient resource; add Patient.ndjson")
    people, records = [], []
    for line in patients.values():
        person, record = _person(line, this_year)
        people.append(person)
        records.append(record)
    skipped: Counter[str] = Counter()
    for line in lines:
        if line.type in KINDS and not _without_person(line):
            records.append(_record(line, patients, this_year))
        elif line.type != "Patient":
            skipped[line.type] += 1
    return ClinicalData(tuple(people), tuple(records), dict(skipped), _canaries(people, records))


def _lines(folder: Path) -> Iterator[Line]:
    if not folder.is_dir():
        raise FhirError(folder.name, None, "no such folder; name the folder that holds the *.ndjson files")
    files = sorted(folder.glob("*.ndjson"))
    if not files:
        raise FhirError(folder.name, None, "the folder holds no *.ndjson file; name a FHIR R4 bulk export")
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise FhirError(file.name, None, f"cannot be read ({error.strerror})") from error
        yield from _of_file(file.name, content)


def _of_file(file: str, content: bytes) -> Iterator[Line]:
    for number, raw in enumerate(content.split(b"\n"), start=1):
        if raw.strip():
            yield _parse(file, number, raw.removesuffix(b"\r"))


def _of_bundle(file: str, content: bytes) -> Iterator[Line]:
    try:
        bundle = loads(content)
    except StrictJsonError as error:
        raise FhirError(file, None, f"not JSON: {error}") from error
    if not isinstance(bundle, dict) or bundle.get("resourceType") != "Bundle":
        raise FhirError(file, None, "no FHIR Bundle; name a Bundle as .json, or resources as .ndjson")
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        raise FhirError(file, None, "entry has to be a list")
    for number, entry in enumerate(entries, start=1):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        raw = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
        yield _parse(file, number, raw)


def _parse(file: str, number: int, raw: bytes) -> Line:
    try:
        resource = loads(raw)
    except StrictJsonError as error:
        raise FhirError(file, number, f"not a JSON object on one line: {error}") from error
    if not isinstance(resource, dict):
        raise FhirError(file, number, "a line must be one JSON object")
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or kind not in RESOURCE_TYPES:
        raise FhirError(file, number, "resourceType is missing or no FHIR R4 resource type")
    expected = file.partition(".")[0]
    if expected in RESOURCE_TYPES and kind != expected:
        raise FhirError(file, number, f"resourceType is {kind}, the file is for {expected}; move the line")
    name = resource.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise FhirError(file, number, "id is missing or no FHIR id (letters, digits, - and . up to 64)")
    return Line(file, number, raw, resource)


def _check_unique(lines: list[Line]) -> None:
    seen: dict[tuple[str, str], Line] = {}
    for line in lines:
        first = seen.setdefault((line.type, line.id), line)
        if first is not line:
            raise line.error(
                f"the same {line.type} is already at {first.file}:{first.number}; keep one of them"
            )


def _person(line: Line, this_year: int) -> tuple[Patient, ClinicalRecord]:
    try:
        items = basic_items(line.resource)
        return Patient(line.id, items), demographic_record(line.id, line.resource, year=this_year)
    except ClinicalError as error:
        raise line.error(str(error)) from error


def _without_person(line: Line) -> bool:
    # FHIR knows devices that are nobody's (a ward's monitor): not personal records.
    return line.type == "Device" and "patient" not in line.resource


def _record(line: Line, patients: Mapping[str, Line] | None, this_year: int) -> ClinicalRecord:
    element = KINDS[line.type].subject
    target = line.resource.get(element)
    reference = target.get("reference") if isinstance(target, dict) else None
    if not isinstance(reference, str):
        raise line.error(f"{element}.reference is missing; a personal record names its Patient")
    found = _PATIENT_REFERENCE.fullmatch(reference)
    if found is None:
        raise line.error(f"{element}.reference does not name a Patient; write Patient/<id>")
    if patients is not None and found[1] not in patients:
        raise line.error(f"{element}.reference names a Patient that is not in this export; add that Patient")
    try:
        year = year_of(line.resource, this_year=this_year)
    except ClinicalError as error:
        raise line.error(str(error)) from error
    return ClinicalRecord(found[1], KINDS[line.type].category, year, f"{line.type}/{line.id}", line.raw)


def _canaries(people: list[Patient], records: list[ClinicalRecord]) -> dict[str, tuple[str, ...]]:
    # A resource's own id stands in its content only: documents go out under other ids.
    found: dict[str, tuple[str, ...]] = {person.id: () for person in people}
    for record in records:
        kind, _, name = record.name.partition("/")
        if (
            kind != "Patient"
            and len(name) >= _SHORTEST_CANARY
            and len(found[record.patient]) < _MOST_CANARIES
        ):
            found[record.patient] = (*found[record.patient], name)
    return found
