"""Documents that were opened a moment ago, in memory and nowhere else, so that an attachment can be fetched after it.

Reading again would be another access in the person's history; keeping longer would be a copy that nobody sees.
"""

import threading
from collections import OrderedDict, defaultdict
from datetime import datetime, timedelta
from typing import TypeAlias

from services.gateway.fhir_face.documents import ShownDocument
from services.kit.clock import Clock

_Key: TypeAlias = tuple[str, str]
"""A document's id, and the organisation's name of the person."""


class Held:
    """Holds documents for `seconds`, at most `most_bytes` of content; the oldest go first. Safe between threads."""

    def __init__(self, *, clock: Clock, seconds: float, most_bytes: int) -> None:
        self._clock = clock
        self._lifetime = timedelta(seconds=seconds)
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._documents: OrderedDict[_Key, tuple[datetime, ShownDocument]] = OrderedDict()
        self._people: dict[str, set[str]] = defaultdict(set)

    def __repr__(self) -> str:
        return "Held(...)"

    def hold(self, document: ShownDocument) -> None:
        """Hold a document from now on."""
        with self._lock:
            key = document.id, document.reference
            self._documents.pop(key, None)
            self._documents[key] = (self._clock() + self._lifetime, document)
            self._people[document.id].add(document.reference)
            self._forget()

    def find(self, identifier: str) -> ShownDocument | None:
        """Return a document that is held still.

        Guarantees: never another person's; an author chooses ids, and one that two people's documents have is nobody's.
        """
        with self._lock:
            self._forget()
            people = list(self._people.get(identifier, ()))
            return self._documents[identifier, people[0]][1] if len(people) == 1 else None

    def _forget(self) -> None:
        now = self._clock()
        for key in [each for each, (until, _) in self._documents.items() if until <= now]:
            del self._documents[key]
            self._left(key)
        size = sum(len(document.content) for _, document in self._documents.values())
        while size > self._most_bytes:
            key, (_, gone) = self._documents.popitem(last=False)
            self._left(key)
            size -= len(gone.content)

    def _left(self, key: _Key) -> None:
        identifier, person = key
        self._people[identifier].discard(person)
        if not self._people[identifier]:
            del self._people[identifier]
