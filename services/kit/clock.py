"""Time and randomness as parameters: the only place that asks the machine for either."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

Clock = Callable[[], datetime]
Randomness = Callable[[int], bytes]
JAPAN: Final = timezone(timedelta(hours=9), "JST")
"""Where a day of a register begins."""


def system_clock() -> datetime:
    """Return the present moment, UTC and aware."""
    return datetime.now(UTC)


def system_randomness(size: int) -> bytes:
    """Return `size` bytes from the operating system's generator."""
    return os.urandom(size)


def epoch_seconds(moment: datetime) -> int:
    """Return whole seconds since 1970-01-01 UTC."""
    return int(moment.timestamp())


def rfc3339(moment: datetime) -> str:
    """Return `moment` as RFC 3339 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
