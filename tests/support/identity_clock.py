"""Time and randomness that a test holds in its hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random


@dataclass
class HeldClock:
    """A clock that stands still until it is moved."""

    moment: datetime = field(default_factory=lambda: datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC))

    def __call__(self) -> datetime:
        """Return the present moment."""
        return self.moment

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.moment += timedelta(seconds=seconds)


def seeded(seed: str) -> Random:
    """Return a generator whose `randbytes` stands for the system's randomness, the same in every run."""
    return Random(seed)
