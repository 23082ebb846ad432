"""A person with a card file, and hospital A, which knows the person."""

from dataclasses import dataclass
from pathlib import Path

from services.contracts.identity.messages import Application
from services.demo.scene import Scene

PINS = {Application.AUTHENTICATION: "1470", Application.SIGNATURE: "ume25836"}


@dataclass(frozen=True)
class Desk:
    """A person's card file and how hospital A names the person."""

    scene: Scene
    card: Path
    reference: str

    def credentials(self, organisation: str) -> Path:
        """An organisation's folder."""
        return self.scene.layout.credentials / organisation
