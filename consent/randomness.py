"""Sources of randomness and time, always handed in by the caller."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias

from consent.errors import MalformedError

Randomness: TypeAlias = Callable[[int], bytes]
"""Returns that many unpredictable bytes: `secrets.token_bytes` in production."""

Clock: TypeAlias = Callable[[], datetime]
"""Returns the present time, time zone included."""


def draw(randomness: Randomness, size: int) -> bytes:
    """Take exactly `size` bytes, because a source that returns fewer would weaken a key silently."""
    drawn = randomness(size)
    if len(drawn) != size:
        raise MalformedError("The source of randomness returned the wrong number of bytes; replace it.")
    return drawn
