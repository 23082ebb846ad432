"""Settings of the resident registry."""

from services.kit.settings import BodySettings


class Settings(BodySettings):
    """What the registry can be told: what every body can."""
