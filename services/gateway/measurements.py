"""What people measure themselves, as FHIR R4 Observations; a closed list, with the code and unit of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from consent import base64url
from services.gateway.errors import FhirError
from services.kit.clock import Randomness


class Measured(StrEnum):
    """What was measured."""

    BODY_WEIGHT = "body_weight"
    BODY_HEIGHT = "body_height"
    BODY_TEMPERATURE = "body_temperature"
    SYSTOLIC_PRESSURE = "systolic_pressure"
    DIASTOLIC_PRESSURE = "diastolic_pressure"
    HEART_RATE = "heart_rate"
    OXYGEN_SATURATION = "oxygen_saturation"
    BLOOD_SUGAR = "blood_sugar"


@dataclass(frozen=True, slots=True)
class Measure:
    """Its LOINC code, UCUM unit, words, and what no living person is below or above."""

    loinc: str
    unit: str
    ja: str
    en: str
    least: int
    most: int


MEASURES: Final[Mapping[Measured, Measure]] = {
    Measured.BODY_WEIGHT: Measure("29463-7", "kg", "体重", "body weight", 0, 700),
    Measured.BODY_HEIGHT: Measure("8302-2", "cm", "身長", "body height", 10, 300),
    Measured.BODY_TEMPERATURE: Measure("8310-5", "Cel", "体温", "body temperature", 10, 50),
    Measured.SYSTOLIC_PRESSURE: Measure("8480-6", "mm[Hg]", "収縮期血圧", "systolic blood pressure", 0, 400),
    Measured.DIASTOLIC_PRESSURE: Measure(
        "8462-4", "mm[Hg]", "拡張期血圧", "diastolic blood pressure", 0, 300
    ),
    Measured.HEART_RATE: Measure("8867-4", "/min", "脈拍", "heart rate", 0, 400),
    Measured.OXYGEN_SATURATION: Measure("59408-5", "%", "酸素飽和度", "oxygen saturation", 0, 100),
    Measured.BLOOD_SUGAR: Measure("2339-0", "mg/dL", "血糖", "blood sugar", 0, 3000),
}
OWN_PATIENT: Final = "me"
"""How a person's own records name their Patient: who that is, nobody needs to be told."""


def observation(measured: Measured, value: str, *, at: datetime, randomness: Randomness) -> dict[str, Any]:
    """Return a measurement as an Observation. Raises: FhirError naming what is wrong with the value."""
    measure = MEASURES[measured]
    number = _number(value, measure)
    return {
        "resourceType": "Observation",
        "id": base64url.encode(randomness(16)).replace("_", "."),
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY_SYSTEM, "code": "vital-signs"}]}],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": measure.loinc, "display": measure.en}],
            "text": measure.ja,
        },
        "subject": {"reference": f"Patient/{OWN_PATIENT}"},
        "performer": [{"reference": f"Patient/{OWN_PATIENT}"}],
        "effectiveDateTime": at.isoformat(timespec="seconds"),
        "valueQuantity": {
            "value": number,
            "unit": measure.unit,
            "system": "http://unitsofmeasure.org",
            "code": measure.unit,
        },
    }


CATEGORY_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/observation-category"


def _number(value: str, measure: Measure) -> int | float:
    try:
        told = Decimal(value)
    except InvalidOperation as error:
        raise FhirError("the value", None, f"is not a number; write it in {measure.unit}") from error
    if not told.is_finite() or not measure.least <= told <= measure.most:
        raise FhirError(
            "the value", None, f"is not between {measure.least} and {measure.most} {measure.unit}"
        )
    return int(told) if told == told.to_integral_value() else float(told)
