"""Table requests for the anonymiser's tests."""

from collections.abc import Mapping
from typing import Any

from consent.vocabulary import Purpose
from services.contracts.research.messages import JobRequest

BIRTH_YEAR: Mapping[str, Any] = {"name": "birth_year", "from": "birth_year", "role": "quasi"}
SEX: Mapping[str, Any] = {"name": "sex", "from": "sex", "role": "quasi"}
AREA: Mapping[str, Any] = {"name": "area", "from": "area", "role": "quasi"}
CONDITION: Mapping[str, Any] = {"name": "condition", "from": "condition", "role": "sensitive"}
MEDICATIONS: Mapping[str, Any] = {"name": "medications", "from": "medications", "role": "sensitive"}


def decades(origin: int = 0, width: int = 10) -> dict[str, Any]:
    """Return the birth year in intervals of one width, pinned."""
    generalisation = {"origin": origin, "widths": [width]}
    return {**BIRTH_YEAR, "generalisation": generalisation, "level": 1}


def wish(*columns: Mapping[str, Any], purpose: Purpose = Purpose.HRESCH, **changes: Any) -> JobRequest:
    """Return a request for a table, by default with k=5, no suppression and all records."""
    table: dict[str, Any] = {
        "columns": list(columns),
        "k": 5,
        "suppression_limit": 0.0,
        "categories": ["summary", "medication"],
        "years": {"first": 2022, "last": 2026},
    }
    return JobRequest.model_validate({"purpose": purpose, "table": table | changes})
