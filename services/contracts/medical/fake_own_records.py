"""What a person fetches of their own at the fake medical centre; see `fake`."""

from collections.abc import Callable

from consent.identifiers import BundleId
from consent.sealing import SealedBundle, SealedDocument
from services.contracts.medical.fake_rules import FakePerson, bundle_message, place_of, refusal
from services.contracts.medical.fake_streams import FakeStreams
from services.contracts.medical.messages import (
    AskOwnSegment,
    LogIndex,
    OwnRecords,
    OwnRecordsRequest,
    OwnSegment,
)


class FakeOwnRecords:
    """The place of a bundle is its number, and one answer has everything."""

    def __init__(self, streams: FakeStreams, *, index: Callable[[], int]) -> None:
        self._streams = streams
        self._index = index

    def records(self, message: OwnRecordsRequest, person: FakePerson) -> OwnRecords:
        """See `Medical`."""
        served: dict[BundleId, tuple[SealedBundle, list[SealedDocument]]] = {}
        for bundle, document in person.documents():
            category, year = place_of(bundle)
            within = message.first_year <= year <= message.last_year
            if within and (message.categories is None or category in message.categories):
                served.setdefault(bundle.id, (bundle, []))[1].append(document)
        return OwnRecords(
            bundles=[
                bundle_message(bundle, documents)
                for number, (bundle, documents) in enumerate(served.values())
                if number >= message.start
            ],
            next=None,
            log=LogIndex(index=self._index()),
        )

    def segment(self, message: AskOwnSegment, person: FakePerson) -> OwnSegment:
        """See `Medical`."""
        shown = {
            (each.id, each.version)
            for bundle in person.bundles
            if person.links.get(bundle.id) not in person.cut
            for each in bundle.documents
        }
        if (message.document, message.version) not in shown:
            raise refusal(404, "segment_unknown")
        return OwnSegment(content=self._streams.own_segment(message, person.subject))
