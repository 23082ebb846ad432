"""Setting apart what came under a wrong link, at the fake medical centre; see `fake`."""

from collections.abc import Callable
from datetime import datetime

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.medical.fake_rules import FakePerson
from services.contracts.medical.messages import ApartNotice, ApartNotices, SetApart, WasSetApart
from services.kit.clock import rfc3339


class FakeApart:
    """Remembers who read which documents, and tells them when one of those is set apart."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._reads: list[tuple[Pseudonym, str, str, set[str]]] = []
        self._notices: dict[str, list[ApartNotice]] = {}

    def was_read(self, pseudonym: Pseudonym, reader: OrganisationId, documents: set[str]) -> None:
        """Remember a read."""
        self._reads.append((pseudonym, reader, rfc3339(self._clock()), documents))

    def set_apart(
        self, message: SetApart, *, pseudonym: Pseudonym, person: FakePerson, link: str
    ) -> WasSetApart:
        """See `Medical`."""
        at = rfc3339(self._clock())
        documents = sorted(
            {one.id for each in person.bundles if person.links.get(each.id) == link for one in each.documents}
        )
        if link not in person.cut:
            person.cut.add(link)
            told: dict[str, list[str]] = {message.organisation: []} if documents else {}
            for whose, reader, when, seen in self._reads:
                if whose == pseudonym and not seen.isdisjoint(documents):
                    told.setdefault(reader, []).append(when)
            for reader, reads in told.items():
                notice = ApartNotice(
                    author=message.organisation,
                    fault=message.fault,
                    documents=list(documents),
                    reads=reads,
                    at=at,
                )
                self._notices.setdefault(reader, []).append(notice)
        return WasSetApart(documents=len(documents))

    def notices(self, organisation: OrganisationId) -> ApartNotices:
        """See `Medical`."""
        return ApartNotices(notices=list(self._notices.get(organisation, [])))
