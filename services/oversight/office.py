"""What the oversight body's workflows work with."""

from dataclasses import dataclass

from services.kit.certificates import Authority
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.oversight.editions import Editions
from services.oversight.store import RegisterStore


@dataclass(frozen=True, slots=True)
class Office:
    """The register's keeping, put together once in `app.py`."""

    context: BodyContext
    store: RegisterStore
    editions: Editions
    authority: Authority

    @property
    def now(self) -> int:
        """The present second."""
        return epoch_seconds(self.context.clock())
