"""Settings of the medical centre."""

from pydantic import Field

from services.kit.settings import BodySettings


class Settings(BodySettings):
    """What the medical centre can be told."""

    statement_max_age_seconds: int = Field(
        60, description="Age above which an access statement is refused.", gt=0, le=300
    )
    reencryption_threads: int = Field(
        4, description="Threads that turn capsules into fragments while another body is asked.", gt=0, le=64
    )
