"""Going on after a broken connection: what may be sent again is sent again, a few times, ever later."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from services.kit.http import PeerUnavailableError

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often is tried, and how long is waited in between. Units: seconds; twice as long each time."""

    tries: int
    first_pause: float
    wait: Callable[[float], None] = time.sleep

    def ask(self, call: Callable[[], Answer]) -> Answer:
        """Return what `call` returns, which must do no harm when it is repeated. Raises: PeerUnavailableError."""
        for again in range(self.tries - 1):
            try:
                return call()
            except PeerUnavailableError:
                self.wait(self.first_pause * 2**again)
        return call()


PATIENT: Final = Patience(tries=7, first_pause=0.5)
"""Half a minute in all."""
