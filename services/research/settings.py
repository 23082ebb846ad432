"""Settings of the anonymiser."""

from pathlib import Path

from pydantic import Field

from services.kit.settings import BodySettings


class Settings(BodySettings):
    """What the anonymiser can be told besides what every body can."""

    organisation: Path | None = Field(
        None,
        description="Credential folder of the organisation `anonymiser`, by which it reads what people permitted; "
        "may appear while the body runs; default: organisation/ in its folder.",
    )
    min_k: int = Field(5, description="Smallest k that a table may be asked for with.", ge=2)
    min_diversity: int = Field(
        2, description="How many distinct values every class must show of each sensitive column.", ge=1
    )
    max_search_seconds: float = Field(
        20.0, description="Longest search for a table's best levels; the best found by then is taken.", gt=0
    )
    k_union: int = Field(
        2,
        description="How many persons all recipients' releases together must leave in every joint class; 1: no check.",
        ge=1,
    )
    refusals: int = Field(
        10,
        description="How many refusals that depended on records an organisation gets; then nothing new leaves to it.",
        ge=0,
    )
    max_persons: int = Field(20_000, description="Most persons whose records one job opens.", ge=1)
    reads_at_once: int = Field(4, description="How many persons' records a job reads at the same time.", ge=1)

    @property
    def organisation_folder(self) -> Path:
        """The credential folder in force."""
        return self.organisation or self.data / "organisation"
