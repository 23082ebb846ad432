"""What a hospital's own system sends to its gateway's FHIR face."""

import base64
from typing import Any

from services.gateway.fhir_face.documents import CATEGORIES, REFERENCES

MEDICINE = "アムロジピン 5 mg 錠 (見本)"
LETTER = "退院時要約 — 経過良好。".encode()


def document(reference: str, *, year: int, says: bytes = LETTER, **replaced: Any) -> dict[str, Any]:
    """Return a DocumentReference with its content inside, elements replaced as told (None: left out)."""
    told: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "18842-5"}], "text": "Discharge summary"},
        "category": [{"coding": [{"system": CATEGORIES, "code": "medication"}]}],
        "subject": {"identifier": {"system": REFERENCES, "value": reference}},
        "description": "A letter",
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "language": "ja",
                    "data": base64.b64encode(says).decode(),
                }
            }
        ],
        "context": {"period": {"start": f"{year}-04-01"}},
    }
    return {name: value for name, value in (told | replaced).items() if value is not None}


def prescription(reference: str, *, day: str, **replaced: Any) -> dict[str, Any]:
    """Return a MedicationRequest, elements replaced as told."""
    told: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "subject": {"identifier": {"system": REFERENCES, "value": reference}},
        "authoredOn": day,
        "medicationCodeableConcept": {"text": MEDICINE},
    }
    return told | replaced


def of_person(reference: str) -> dict[str, str]:
    """Return the search parameter that names a person."""
    return {"patient.identifier": f"{REFERENCES}|{reference}"}
