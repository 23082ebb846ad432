"""Settings of the oversight body."""

from pathlib import Path

from pydantic import Field

from services.kit.settings import BodySettings


class Settings(BodySettings):
    """What the oversight body can be told besides what every body can."""

    bootstrap: Path | None = Field(
        None,
        description="JSON file with the bodies and the first officials, by which an empty register is founded; later "
        "it has no effect, and two officials change the register (docs/dual-control.md).",
    )
    emergency_hours: int = Field(
        24, description="How long an emergency lasts; then its answer is deleted and nothing is shown.", ge=1
    )
    emergency_patients_per_day: int = Field(
        5,
        description="For how many patients one professional may take part in emergencies in 24 hours.",
        ge=1,
    )
    emergency_review_days: int = Field(
        7, description="By when the oversight body decides whether an emergency was one.", ge=1
    )
    unmaskings_waiting: int = Field(
        10, description="How many questions of one person about who acted may wait for a decision.", ge=1
    )
    emergency_reasons_compared: int = Field(
        200, description="With how many earlier reasons of an organisation a reason is compared.", ge=1
    )
    audit_report_minutes: int = Field(
        60, description="How old a report may be when its auditor hands it in.", ge=1
    )
    use_review_days: int = Field(
        14,
        description="By when the oversight body decides whether a flagged use of records was misuse.",
        ge=1,
    )
