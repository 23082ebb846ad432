"""Synthetic people with five years of FHIR R4 records, the same for the same seed; nobody real is meant.

Each person's records carry one text of their own (the canary) that stands nowhere else, so that a search of every
file of every body can show that content got nowhere in the clear.
"""

import json
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final

from services.gateway.clinical import (
    KINDS,
    ClinicalData,
    ClinicalRecord,
    Patient,
    basic_items,
    demographic_record,
    year_of,
)
from services.gateway.population_words import (
    AREAS,
    CITIES,
    GIVEN,
    ILLNESSES,
    REASONS,
    SURNAMES,
    VACCINES,
    Illness,
)

YEARS: Final = 5
"""How many years back the records reach, this year included."""

_AGE_BANDS: Final = ((0, 17, 10), (18, 39, 28), (40, 64, 36), (65, 92, 26))
_YEAR_DAYS: Final = 365.25


def synthesise(people: int, *, seed: int, now: datetime) -> ClinicalData:
    """Return `people` synthetic persons; on average about 12.5 records each, Patient summary included.

    Guarantees: same arguments, same bytes; no record is dated after `now`.
    """
    # Not a secret: reproducible people are wanted, and nothing here protects anything.
    draw = Random(seed)  # noqa: S311
    patients, records, canaries = [], [], {}
    for number in range(1, people + 1):
        person = _Person(draw, number=number, today=now.astimezone(UTC).date())
        patient = person.resource()
        patients.append(Patient(person.id, basic_items(patient)))
        records.append(demographic_record(person.id, patient, year=person.today.year))
        records += [_record(person, resource) for resource in person.resources()]
        canaries[person.id] = (person.canary,)
    return ClinicalData(tuple(patients), tuple(records), {}, canaries)


def _record(person: "_Person", resource: dict[str, Any]) -> ClinicalRecord:
    kind = resource["resourceType"]
    content = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
    year = year_of(resource, this_year=person.today.year)
    return ClinicalRecord(person.id, KINDS[kind].category, year, f"{kind}/{resource['id']}", content)


class _Person:
    """One synthetic person, drawn attribute by attribute."""

    def __init__(self, draw: Random, *, number: int, today: date) -> None:
        self._draw = draw
        self.today = today
        self.id = f"person-{number:05d}"
        self.canary = f"kanaria-{draw.getrandbits(80):020x}"
        self._sex = draw.choice(("female", "male"))
        low, high, _ = draw.choices(_AGE_BANDS, [band[2] for band in _AGE_BANDS])[0]
        self._age = draw.randint(low, high)
        self._born = today - timedelta(days=int((self._age + draw.random()) * _YEAR_DAYS))
        self._area = draw.choices([area[0] for area in AREAS], [area[2] for area in AREAS])[0]
        self._serial = 0

    def resource(self) -> dict[str, Any]:
        """The Patient resource, from which the registry's items are taken."""
        family, given = self._draw.choice(SURNAMES), self._draw.choice(GIVEN[self._sex])
        place = (
            f"{self._draw.choice(CITIES[self._area])}{self._draw.randint(1, 9)}-{self._draw.randint(1, 30)}"
        )
        return {
            "resourceType": "Patient",
            "id": self.id,
            "name": [{"use": "official", "text": f"{family} {given}", "family": family, "given": [given]}],
            "gender": self._sex,
            "birthDate": self._born.isoformat(),
            "address": [{"use": "home", "text": f"{self._area}{place}", "state": self._area}],
        }

    def resources(self) -> list[dict[str, Any]]:
        """All clinical resources of the last years."""
        found: list[dict[str, Any]] = []
        for illness in self._illnesses():
            found += self._course(illness)
        found += [self._encounter() for _ in range(self._draw.randint(1, 4))]
        found += [self._immunization() for _ in range(self._draw.choices((1, 2), (80, 20))[0])]
        if self._draw.random() < 0.1:
            found.append(self._allergy())
        return found

    def _illnesses(self) -> list[Illness]:
        possible = [illness for illness in ILLNESSES if illness.from_age <= self._age]
        wanted = self._draw.choices((1, 2, 3), (60, 32, 8))[0]
        chosen: list[Illness] = []
        while len(chosen) < min(wanted, len(possible)):
            illness = self._draw.choices(possible, [each.weight for each in possible])[0]
            if illness not in chosen:
                chosen.append(illness)
        return chosen

    def _course(self, illness: Illness) -> list[dict[str, Any]]:
        prescriptions = [self._prescription(illness) for _ in range(self._draw.randint(2, 4))]
        tests = [self._observation(illness) for _ in range(self._draw.randint(1, 2))]
        return [self._condition(illness), *prescriptions, *tests]

    def _day(self) -> date:
        first = max(date(self.today.year - YEARS + 1, 1, 1), self._born)
        return first + timedelta(days=self._draw.randint(0, (self.today - first).days))

    def _base(self, kind: str) -> dict[str, Any]:
        self._serial += 1
        narrative = f'<div xmlns="http://www.w3.org/1999/xhtml">控え {self.canary}</div>'
        return {
            "resourceType": kind,
            "id": f"{self.id}-{self._serial}",
            "text": {"status": "additional", "div": narrative},
            KINDS[kind].subject: {"reference": f"Patient/{self.id}"},
        }

    def _condition(self, illness: Illness) -> dict[str, Any]:
        coding = {"system": "http://snomed.info/sct", "code": illness.code, "display": illness.display}
        status = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
        return self._base("Condition") | {
            "clinicalStatus": {"coding": [status]},
            "code": {"coding": [coding], "text": illness.display},
            "recordedDate": self._day().isoformat(),
        }

    def _prescription(self, illness: Illness) -> dict[str, Any]:
        return self._base("MedicationRequest") | {
            "status": "completed",
            "intent": "order",
            "medicationCodeableConcept": {"text": illness.medication},
            "authoredOn": self._day().isoformat(),
            "dosageInstruction": [
                {"text": self._draw.choice(("1日1回 朝食後", "1日2回 朝夕食後", "1日3回 毎食後"))}
            ],
        }

    def _observation(self, illness: Illness) -> dict[str, Any]:
        code, display, unit, low, high = illness.test
        value = round(self._draw.uniform(low, high), 1)
        return self._base("Observation") | {
            "status": "final",
            "code": {
                "coding": [{"system": "http://loinc.org", "code": code, "display": display}],
                "text": display,
            },
            "effectiveDateTime": self._day().isoformat(),
            "valueQuantity": {
                "value": value,
                "unit": unit,
                "system": "http://unitsofmeasure.org",
                "code": unit,
            },
        }

    def _encounter(self) -> dict[str, Any]:
        day = self._day().isoformat()
        return self._base("Encounter") | {
            "status": "finished",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
            "reasonCode": [{"text": self._draw.choice(REASONS)}],
            "period": {"start": day, "end": day},
        }

    def _immunization(self) -> dict[str, Any]:
        code, text = self._draw.choice(VACCINES)
        return self._base("Immunization") | {
            "status": "completed",
            "vaccineCode": {
                "coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": code}],
                "text": text,
            },
            "occurrenceDateTime": self._day().isoformat(),
        }

    def _allergy(self) -> dict[str, Any]:
        return self._base("AllergyIntolerance") | {
            "code": {"text": self._draw.choice(("ペニシリン", "そば", "えび", "卵"))},
            "recordedDate": self._day().isoformat(),
        }
