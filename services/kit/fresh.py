"""What another body says, kept while it is young: asked for when somebody needs it, never used when it is too old."""

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from services.kit.clock import Clock
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.problems import UnavailableError

T = TypeVar("T")


class OutdatedError(Exception):
    """What was fetched is older than what is held."""


class Fresh(Generic[T]):
    """Keeps the newest answer of `fetch`, which gets the held one; `name` is what it is called in an error.

    Units: `max_age` and `stale_limit` are seconds. Guarantees: an answer older than `stale_limit` is not used (fails
    closed); while one thread asks, the others wait for the new answer.
    """

    def __init__(
        self,
        fetch: Callable[[T | None], T],
        *,
        name: str,
        clock: Clock,
        max_age: float,
        stale_limit: float,
    ) -> None:
        self._fetch = fetch
        self._name = name
        self._clock = clock
        self._max_age = max_age
        self._stale_limit = stale_limit
        self._lock = threading.Lock()
        self._held: tuple[datetime, T] | None = None
        self._failed_at: datetime | None = None

    def get(self) -> T:
        """Return the answer, asked for anew when the held one is older than `max_age`. Raises: UnavailableError."""
        held = self._held
        if held is None or self._since(held[0]) > self._max_age:
            with (
                self._lock
            ):  # whoever comes meanwhile waits: an older answer could still name who was stopped
                if (
                    self._held is None or self._since(self._held[0]) > self._max_age
                ) and not self._failed_recently():
                    self._refresh()
            held = self._held
        if held is None or self._since(held[0]) > self._stale_limit:
            raise UnavailableError(f"{self._name} cannot be read")
        return held[1]

    def _refresh(self) -> None:
        asked = self._clock()
        try:
            told = self._fetch(self._held[1] if self._held is not None else None)
        except (PeerUnavailableError, RemoteProblemError, OutdatedError):
            self._failed_at = self._clock()
            return
        self._failed_at = None
        self._held = asked, told

    def _failed_recently(self) -> bool:
        # not every request is to wait for a body that is down
        return self._failed_at is not None and self._since(self._failed_at) < self._max_age

    def _since(self, moment: datetime) -> float:
        # a moment that has not come yet is as far off as a past one: the clock was set, nothing is young
        return abs((self._clock() - moment).total_seconds())
