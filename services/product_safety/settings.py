"""Settings of the product safety centre."""

from pydantic import Field, field_validator

from services.kit.settings import BodySettings, for_a_driver


class Settings(BodySettings):
    """What the product safety centre can be told besides what every body can."""

    recall_batch: int = Field(
        200, description="How many owners one step of a recall notifies.", ge=1, le=5000
    )
    recall_pace_seconds: float = Field(
        0.0, description="Pause between the steps of a recall: limits its rate.", ge=0, le=3600
    )
    workflow_database_url: str = Field(
        "",
        description="SQLAlchemy URL of the workflow engine's own database; empty means beside the body's database "
        "(SQLite: workflows.sqlite in its folder; PostgreSQL: schema `dbos`).",
        repr=False,
    )
    workflow_executor: str = Field(
        "product-safety-1",
        description="Stable name of this process: it resumes what it ran when it stopped. One process each.",
        pattern=r"^[a-z0-9-]{1,60}$",
    )

    @field_validator("workflow_database_url")
    @classmethod
    def _is_for_a_driver_too(cls, url: str) -> str:
        return for_a_driver(url)

    @property
    def workflow_database(self) -> str:
        """The workflow database URL in force."""
        if self.workflow_database_url:
            return self.workflow_database_url
        if self.database_url and not self.database_url.startswith("sqlite"):
            return self.database_url
        return f"sqlite:///{self.data / 'workflows.sqlite'}"
