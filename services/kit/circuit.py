"""Not asking a body again and again that does not answer: who waits for it would wait one after the other."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Limits:
    """After how many failures in a row a body is left alone, how long, and how long it may take to show it is back.

    Units: `pause` and `probe` are seconds.
    """

    failures: int
    pause: float
    probe: float


class OpenCircuitError(Exception):
    """The body has not answered lately and is not asked now."""


class Circuit:
    """What is known about one body's answering. Safe to share between threads.

    Guarantees: fails closed; of those who come after a pause one looks whether the body is back, and nobody waits for
    that one.
    """

    def __init__(self, limits: Limits, *, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._opened: datetime | None = None
        self._probing = False

    def require(self, probe: Callable[[], bool]) -> None:
        """Return if the body may be asked; after a pause, ask `probe` first whether it is back.

        Raises: OpenCircuitError.
        """
        with self._lock:
            if self._opened is None:
                return
            # a clock that was set back must not leave a body alone for longer
            paused = abs((self._clock() - self._opened).total_seconds()) < self.limits.pause
            if paused or self._probing:
                raise OpenCircuitError
            self._probing = True
        back = False
        try:
            back = probe()
        finally:
            with self._lock:
                self._probing = False
                self._opened = None if back else self._clock()
                self._failed = 0
        if not back:
            raise OpenCircuitError

    def answered(self) -> None:
        """Note an answer, whatever it said."""
        with self._lock:
            self._failed = 0

    def failed(self) -> None:
        """Note that no answer came."""
        with self._lock:
            self._failed += 1
            if self._opened is None and self._failed >= self.limits.failures:
                self._opened = self._clock()
