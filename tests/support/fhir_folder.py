"""A small FHIR R4 bulk export, written by the test that uses it."""

import json
from collections.abc import Sequence
from pathlib import Path

PATIENT = "hanako-1"
OTHER = "taro-2"


def patient(identifier: str) -> dict[str, object]:
    """Return a Patient."""
    return {
        "resourceType": "Patient",
        "id": identifier,
        "name": [{"family": "春野", "given": ["花子"]}],
        "gender": "female",
        "birthDate": "1980-04-01",
        "address": [{"line": ["1-2-3"], "city": "みなと市", "state": "東京都"}],
    }


def prescription(identifier: str, day: str, *, of: str = PATIENT) -> dict[str, object]:
    """Return a MedicationRequest."""
    return {
        "resourceType": "MedicationRequest",
        "id": identifier,
        "status": "active",
        "intent": "order",
        "subject": {"reference": f"Patient/{of}"},
        "authoredOn": day,
        "medicationCodeableConcept": {"text": f"錠剤 {identifier} 5 mg"},
    }


def condition(identifier: str, day: str) -> dict[str, object]:
    """Return a Condition."""
    return {
        "resourceType": "Condition",
        "id": identifier,
        "subject": {"reference": f"Patient/{PATIENT}"},
        "recordedDate": day,
        "code": {"text": "高血圧症"},
    }


def write_lines(file: Path, resources: Sequence[object]) -> list[bytes]:
    """Write an ndjson file and return its lines; a text is written as it is."""
    lines = [each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in resources]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{line}\n" for line in lines))
    return [line.encode() for line in lines]


def write_export(folder: Path, year: int) -> list[bytes]:
    """Write an export of two people; return the lines of the first one's prescriptions of `year`, in their order."""
    write_lines(folder / "Patient.ndjson", [patient(PATIENT), patient(OTHER)])
    wanted = [prescription("rx-1", f"{year}-01-15"), prescription("rx-2", f"{year}-06")]
    others = [prescription("rx-0", f"{year - 1}-12-31"), prescription("rx-9", f"{year}-05-05", of=OTHER)]
    lines = write_lines(folder / "MedicationRequest.ndjson", [*wanted, *others])
    write_lines(folder / "Condition.ndjson", [condition("c-1", f"{year}-02-03")])
    return lines[: len(wanted)]
