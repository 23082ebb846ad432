"""Requests that wait at the same time share one transaction, and so one wait for the disk (group commit)."""

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

Request = TypeVar("Request")
Answer = TypeVar("Answer")
MOST: Final = 64


class _Place(Generic[Request, Answer]):
    """Where one request waits for its answer."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.answers: list[Answer] = []
        self.error: Exception | None = None

    @property
    def served(self) -> bool:
        return bool(self.answers) or self.error is not None


class Gathering(Generic[Request, Answer]):
    """Whoever comes first answers for all who wait by then.

    Guarantees: a request that fails takes no other with it, and each has its own error.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._joining = threading.Lock()
        self._waiting: list[_Place[Request, Answer]] = []

    def ask(self, request: Request, together: Callable[[Sequence[Request]], Sequence[Answer]]) -> Answer:
        """Return the answer of `together` to this request; it gets several, and has answered all or none of them."""
        place: _Place[Request, Answer] = _Place(request)
        with self._joining:
            self._waiting.append(place)
        while not place.served:
            with self._turn:
                if not place.served:
                    with self._joining:
                        some, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                    self._serve(some, together)
        if place.error is not None:
            raise place.error
        return place.answers[0]

    def _serve(
        self,
        places: Sequence[_Place[Request, Answer]],
        together: Callable[[Sequence[Request]], Sequence[Answer]],
    ) -> None:
        try:
            answers = together([place.request for place in places])
        except Exception as error:
            if len(places) == 1:
                places[0].error = error
                return
            for place in places:
                self._serve([place], together)
            return
        for place, answer in zip(places, answers, strict=True):
            place.answers.append(answer)
