"""Searches page by page: what one search found is held some minutes, so that its pages are no further accesses."""

import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from pydantic import JsonValue

from services.gateway.fhir_face.asking import COUNT, Parameters, asked_count
from services.gateway.fhir_face.errors import MALFORMED, NOT_FOUND, FaceError, Resource
from services.kit.clock import Clock

SEARCH: Final = "_search"
OFFSET: Final = "_offset"
MOST_SEARCHES: Final = 100
NAME_BYTES: Final = 16
_PLACE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


class Pages:
    """The results of the last searches of one face at `url`; the oldest go first. Safe between threads."""

    def __init__(self, url: str, *, clock: Clock, seconds: float) -> None:
        self.url = url
        self._clock = clock
        self._lifetime = timedelta(seconds=seconds)
        self._lock = threading.Lock()
        self._searches: OrderedDict[str, tuple[datetime, Sequence[Resource]]] = OrderedDict()

    def __repr__(self) -> str:
        return "Pages(...)"

    def first(self, found: Sequence[Resource], *, count: int | None) -> Resource:
        """Return a search's Bundle: all of it, or the first `count` with a link to the next."""
        if count is None or count >= len(found):
            return self._bundle(found, found)
        return self._page(self._hold(found), found, start=0, count=count)

    def page(self, parameters: Parameters) -> Resource:
        """Return the page that a link named. Raises: FaceError."""
        told, count = dict(parameters), asked_count(parameters)
        offset = told.get(OFFSET, "")
        if told.keys() != {SEARCH, OFFSET, COUNT} or count is None or not _PLACE.fullmatch(offset):
            raise FaceError(MALFORMED, "follow the links of a search; nothing else is asked for here")
        name = told[SEARCH]
        with self._lock:
            self._forget()
            held = self._searches.get(name)
        if held is None or not 0 <= int(offset) < len(held[1]):
            raise FaceError(NOT_FOUND, "this search is over; search again")
        return self._page(name, held[1], start=int(offset), count=count)

    def _hold(self, found: Sequence[Resource]) -> str:
        name = secrets.token_hex(NAME_BYTES)
        with self._lock:
            self._searches[name] = (self._clock() + self._lifetime, found)
            self._forget()
        return name

    def _forget(self) -> None:
        now = self._clock()
        for name in [each for each, (until, _) in self._searches.items() if until <= now]:
            del self._searches[name]
        while len(self._searches) > MOST_SEARCHES:
            self._searches.popitem(last=False)

    def _page(self, name: str, found: Sequence[Resource], *, start: int, count: int) -> Resource:
        places = {"self": start, "previous": max(0, start - count), "next": start + count}
        links: list[JsonValue] = [
            {"relation": relation, "url": f"{self.url}?{SEARCH}={name}&{OFFSET}={place}&{COUNT}={count}"}
            for relation, place in places.items()
            if place < len(found) and (relation != "previous" or start > 0)
        ]
        return self._bundle(found[start : start + count], found) | {"link": links}

    def _bundle(self, shown: Sequence[Resource], found: Sequence[Resource]) -> Resource:
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(found),
            "entry": [
                {
                    "fullUrl": f"{self.url}/{each['resourceType']}/{each['id']}",
                    "resource": each,
                    "search": {"mode": "match"},
                }
                for each in shown
            ],
        }
