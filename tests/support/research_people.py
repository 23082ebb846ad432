"""People with records for the anonymiser's tests."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from consent import base64url
from consent.compartments import Compartment
from consent.identifiers import (
    DirectiveId,
    DocumentId,
    Pseudonym,
)
from consent.sealing import PlainDocument
from consent.vocabulary import Body, Category
from consent.wallet import Wallet
from services.kit.clock import system_randomness

COMPARTMENTS = (Compartment(Category.SUMMARY, 2026, 1), Compartment(Category.MEDICATION, 2026, 1))
FHIR = "application/fhir+json"


@dataclass
class Someone:
    """A person with a wallet and what their records say."""

    name: str
    birth_year: int = 1980
    sex: str = "female"
    area: str = "東京都"
    condition: str | None = "asthma"
    medications: int = 1
    wallet: Wallet = field(default_factory=lambda: Wallet.create(system_randomness), repr=False)
    grants: list[DirectiveId] = field(default_factory=list)

    def pseudonym(self, body: Body) -> Pseudonym:
        """Return what a body knows the person by."""
        return Pseudonym(base64url.encode(hashlib.sha256(f"{body} {self.name}".encode()).digest()))

    def documents(self) -> Mapping[Compartment, Sequence[PlainDocument]]:
        """Return the person's records."""
        patient = {
            "resourceType": "Patient",
            "gender": self.sex,
            "birthDate": f"{self.birth_year}-03-04",
            "address": [{"state": self.area}],
        }
        summary = [self._document("patient", patient)]
        if self.condition is not None:
            told = {
                "resourceType": "Condition",
                "code": {"text": self.condition},
                "recordedDate": "2026-02-01",
                "note": [{"text": f"canary-{self.name}"}],
            }
            summary.append(self._document("condition", told))
        orders = [
            self._document(f"order-{number}", {"resourceType": "MedicationRequest"})
            for number in range(self.medications)
        ]
        return dict(zip(COMPARTMENTS, (summary, orders), strict=True))

    def _document(self, name: str, resource: Mapping[str, Any]) -> PlainDocument:
        content = json.dumps(resource, ensure_ascii=False).encode()
        return PlainDocument(DocumentId(f"{self.name}-{name}"), 1, FHIR, content)
