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
