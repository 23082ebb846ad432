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
