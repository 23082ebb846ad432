"""Settings of My Portal."""

from collections.abc import Mapping

from pydantic import Field

from consent.vocabulary import Body
from services.kit.settings import BodySettings


class Settings(BodySettings):
    """What My Portal can be told besides what every body can."""

    registry_url: str = Field(description="Address of the registry.")
    medical_url: str = Field(description="Address of the medical centre.")
    product_safety_url: str = Field(description="Address of the product safety centre.")
    research_url: str = Field(description="Address of the anonymiser.")
    session_seconds: int = Field(
        1800, description="How long a person stays signed in, at most.", gt=0, le=86_400
    )
    answer_bytes: int = Field(
        20_000_000, description="Largest answer of another body that is passed on, bytes.", gt=0
    )
    relays_at_once: int = Field(
        16, description="How many requests to one body are under way at once; more wait.", gt=0, le=1000
    )

    @property
    def urls(self) -> Mapping[Body, str]:
        """Where every body listens."""
        return {
            Body.IDENTITY: self.identity_url,
            Body.REGISTRY: self.registry_url,
            Body.MEDICAL: self.medical_url,
            Body.PRODUCT_SAFETY: self.product_safety_url,
            Body.RESEARCH: self.research_url,
            Body.OVERSIGHT: self.oversight_url,
            Body.PORTAL: self.public_url,
        }
