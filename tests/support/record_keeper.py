"""The medical centre as far as the ID centre tells it of wrong links: up or down, and what it was told."""

from dataclasses import dataclass, field

from services.contracts.medical.messages import SetApart, WasSetApart
from services.kit.http import PeerUnavailableError


@dataclass
class FakeRecordKeeper:
    """Takes what it is told while it is up."""

    up: bool = True
    told: list[SetApart] = field(default_factory=list)

    def set_apart(self, message: SetApart) -> WasSetApart:
        """See `RecordKeeper`."""
        if not self.up:
            raise PeerUnavailableError("the medical centre is down")
        self.told.append(message)
        return WasSetApart(documents=0)
