"""Documents that were opened a moment ago, in memory and nowhere else, so that an attachment can be fetched after it.

Reading again would be another access in the person's history; keeping longer would be a copy that nobody sees.
"""

import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from services.gateway.fhir_face.documents import ShownDocument
from services.kit.clock import Clock


class Held:
    """Holds documents for `seconds`, at most `most_bytes` of content; the oldest go first. Safe between threads."""

    def __init__(self, *, clock: Clock, seconds: float, most_bytes: int) -> None:
        self._clock = clock
        self._lifetime = timedelta(seconds=seconds)
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._documents: OrderedDict[str, tuple[datetime, ShownDocument]] = OrderedDict()

    def __repr__(self) -> str:
        return "Held(...)"

    def hold(self, document: ShownDocument) -> None:
        """Hold a document from now on."""
        with self._lock:
            self._documents.pop(document.id, None)
            self._documents[document.id] = (self._clock() + self._lifetime, document)
            self._forget()

    def find(self, identifier: str) -> ShownDocument | None:
        """Return a document that is held still."""
        with self._lock:
            self._forget()
            found = self._documents.get(identifier)
            return None if found is None else found[1]

    def _forget(self) -> None:
        now = self._clock()
        for identifier in [name for name, (until, _) in self._documents.items() if until <= now]:
            del self._documents[identifier]
        size = sum(len(document.content) for _, document in self._documents.values())
        while size > self._most_bytes:
            _, (_, gone) = self._documents.popitem(last=False)
            size -= len(gone.content)
