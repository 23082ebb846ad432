"""Settings of the resident registry."""

from pydantic import Field

from services.kit.settings import BodySettings


class Settings(BodySettings):
    """What the registry can be told besides what every body can."""

    inquirer_look_ups: int = Field(
        200,
        description="How many people (or questions without a hit) one inquirer's card may ask for in a window; "
        "one more, and the card is stopped.",
        ge=1,
    )
    inquirer_window_seconds: int = Field(
        600, description="Length of that window, counted in tenths.", ge=10, le=86_400
    )
    inquirer_batch_rows: int = Field(
        100_000, description="The same limit for batches, which have a window of their own.", ge=1
    )
    inquirer_batch_window_seconds: int = Field(
        86_400, description="Length of the window for batches, counted in tenths.", ge=10, le=604_800
    )
    majority_age: int = Field(
        18, description="Age of majority, in years (Civil Code, article 4).", ge=1, le=30
    )
    youth_age: int = Field(
        15,
        description="Age from which a minor decides together with a guardian, and some things alone.",
        ge=0,
        le=30,
    )
    history_years: int = Field(
        5, description="How many years former items of a resident are kept.", ge=1, le=100
    )
    erasure_interval_seconds: float = Field(
        3600.0, description="How often former items that are due are erased.", gt=0
    )
    night_from: int = Field(
        22, description="Report: hour of Japan's day from which a look-up is at night.", ge=0, le=24
    )
    night_until: int = Field(6, description="Report: hour until which it is.", ge=0, le=24)
    repeated_look_ups: int = Field(
        3, description="Report: how often one operator may look up one person without being named.", ge=2
    )
    far_more_look_ups: float = Field(
        5.0, description="Report: how many times the operators' median stands out.", gt=1
    )
    far_more_least: int = Field(50, description="Report: fewer look-ups never stand out.", ge=1)
    refused_look_ups: int = Field(5, description="Report: how many refusals stand out.", ge=1)
