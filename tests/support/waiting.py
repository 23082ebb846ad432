"""Waiting for what comes in its own time, as long as tests are patient."""

import time
from collections.abc import Callable
from contextlib import suppress

PATIENCE_SECONDS = 60.0


def until(holds: Callable[[], bool], *, despite: tuple[type[Exception], ...] = ()) -> None:
    """Return once it holds; an error of `despite` means that it does not hold yet."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        with suppress(*despite):
            if holds():
                return
        assert time.monotonic() < ends, "it did not come to that"
        time.sleep(0.05)
