"""The person's own records, sealed as they are stored: only the person's wallet opens them; no other body is asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from consent.guardians import Act, Matter, matter_of_records
from consent.identifiers import DocumentId, Pseudonym, SubjectKeyId
from consent.jwk import thumbprint
from consent.vocabulary import Category
from services.contracts.medical.messages import (
    AskOwnSegment,
    LogIndex,
    OwnRecords,
    OwnRecordsRequest,
    OwnSegment,
)
from services.directives.acting import acted
from services.directives.errors import RefusedError
from services.directives.guarding import act_refused, right
from services.kit.blobs import BlobDamagedError, BlobMissingError
from services.kit.credentials.callers import PersonCaller
from services.kit.events import Event, EventKind, Outcome
from services.kit.problems import ProblemError
from services.medical.answer import read_bundle
from services.medical.centre import Centre
from services.medical.errors import NoWalletError, StoredDocumentDamagedError
from services.medical.model import LoggedBundle, Place, ServedBundle
from services.medical.records import Records
from services.medical.stream_errors import SegmentUnknownError

LARGE = Event(kind=EventKind.OWN_RECORDS_FETCHED, outcome=Outcome.DONE, count=1, detail={"large": True})
ASKED = Event(kind=EventKind.OWN_RECORDS_FETCHED, outcome=Outcome.DONE)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What may be sent while `in_force` holds: it was read by who may read these categories."""

    content: bytes = field(repr=False)
    caller: PersonCaller
    categories: frozenset[Category]
    asked: Event


class OwnRecordsOffice:
    """Hands people their own records, a part at a time."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._context = centre.context
        self._records = Records(centre.store, centre.context.journal)

    def fetch(self, caller: PersonCaller, message: OwnRecordsRequest) -> Outgoing:
        """Return the newest versions of what is asked for, to be sent only within `in_force`.

        What was set apart is not the person's.

        Guarantees: it is in the log, and so in the person's history, before it is answered.
        Raises: NoWalletError, StoredDocumentDamagedError (logged).
        """
        try:
            with self._context.database.read() as conn:
                asked = Category if message.categories is None else message.categories
                readable = self._readable(conn, caller, asked)
                subject = self._subject(conn, caller.pseudonym)
                found = self._records.deposited(conn, caller.pseudonym, _wanted(message, readable))
                part, following = _part(found, message.start, most=self._centre.settings.own_records_at_once)
                rows = self._records.rows(conn, part)
                served = self._records.load(conn, rows, part, person=caller.pseudonym, subject=subject)
        except ProblemError as refusal:
            self._record(caller, replace(ASKED, outcome=Outcome.REFUSED, reason=refusal.problem.code))
            raise
        index = self._record(caller, _told(served))
        bundles = [read_bundle(each, {}, subject) for each in served]
        told = OwnRecords(bundles=bundles, next=following, log=LogIndex(index=index))
        return Outgoing(told.model_dump_json().encode(), caller, readable, ASKED)

    def segment(self, caller: PersonCaller, message: AskOwnSegment) -> Outgoing:
        """Return a segment of an own large document, to be sent only within `in_force`.

        The first one of a document is an entry of the log.
        Raises: SegmentUnknownError, StoredDocumentDamagedError (logged).
        """
        try:
            category, content = self._segment(caller, message)
        except ProblemError as refusal:
            self._record(caller, replace(LARGE, outcome=Outcome.REFUSED, reason=refusal.problem.code))
            raise
        if message.number == 0:
            self._record(caller, LARGE)
        told = OwnSegment(content=content).model_dump_json().encode()
        return Outgoing(told, caller, frozenset({category}), LARGE)

    @contextmanager
    def in_force(self, outgoing: Outgoing) -> Iterator[None]:
        """G4. Raises: RefusedError, once it is logged."""
        refusal: RefusedError | None = None
        with self._centre.barrier.hold_right(right(outgoing.caller.pseudonym)):
            try:
                with self._context.database.read() as conn:
                    for each in outgoing.categories:
                        self._readable(conn, outgoing.caller, [each])
            except RefusedError as problem:
                refusal = problem
            else:
                yield
        # a hold never waits for the database's writer: the entry comes after it
        if refusal is not None:
            event = replace(outgoing.asked, outcome=Outcome.REFUSED, reason=refusal.problem.code)
            self._record(outgoing.caller, event)
            raise refusal

    def _segment(self, caller: PersonCaller, message: AskOwnSegment) -> tuple[Category, bytes]:
        centre, name, person = self._centre, DocumentId(message.document), caller.pseudonym
        with self._context.database.read() as conn:
            self._readable(conn, caller, Category)
            bundle = centre.store.bundle_of(conn, person, name, message.version)
            if bundle is None or centre.apart.holds_any(conn, [bundle]):
                raise SegmentUnknownError
            (held,) = centre.store.bundles(conn, [bundle]).values()
            category = held.compartment.category
            self._readable(conn, caller, [category])
            upload = centre.streams.of_document(conn, person, name, message.version)
            blob = None if upload is None else centre.streams.blob(conn, upload, message.number)
        if blob is None:
            raise SegmentUnknownError
        try:
            return category, centre.blobs.get(blob)
        except (BlobMissingError, BlobDamagedError) as error:
            where = f"segment {message.number} of document id={name}"
            raise StoredDocumentDamagedError(where) from error

    def _readable(
        self, conn: Connection, caller: PersonCaller, asked: Iterable[Category]
    ) -> frozenset[Category]:
        """G2: return those categories that the rule table lets the caller read. Raises: RefusedError if none."""
        refusals = {
            matter: act_refused(self._centre.directives, conn, caller, Act.READ_RECORDS, matter=matter)
            for matter in Matter
        }
        faults = {each: refusals[matter_of_records(each)] for each in asked}
        readable = frozenset(each for each, fault in faults.items() if fault is None)
        fault = next((fault for fault in faults.values() if fault is not None), None)
        if fault is not None and not readable:
            raise RefusedError(fault)
        return readable

    def _subject(self, conn: Connection, person: Pseudonym) -> SubjectKeyId:
        wallet = self._centre.directives.wallet(conn, person)
        if wallet is None:
            raise NoWalletError
        return SubjectKeyId(thumbprint(wallet))

    def _record(self, caller: PersonCaller, event: Event) -> int:
        with self._context.database.write() as conn:
            store, person = self._centre.directives, caller.pseudonym
            event = acted(store, conn, person, event, guardian=caller.guardian)
            return self._context.journal.record(conn, person=person, event=event).index


def _wanted(message: OwnRecordsRequest, readable: frozenset[Category]) -> Callable[[Place], bool]:
    def wanted(place: Place) -> bool:
        category, year = place
        return category in readable and message.first_year <= year <= message.last_year

    return wanted


def _part(
    found: Mapping[int, Sequence[LoggedBundle]], start: int, *, most: int
) -> tuple[list[LoggedBundle], int | None]:
    """Return whole deposits from a place on until there are enough documents, and where the next part begins."""
    part: list[LoggedBundle] = []
    documents = 0
    later = [position for position in found if position >= start and found[position]]
    for position in later:
        part += found[position]
        documents += sum(len(each.documents) for each in found[position])
        if documents >= most and position != later[-1]:
            return part, position + 1
    return part, None


def _told(served: Sequence[ServedBundle]) -> Event:
    places = [each.stored.compartment for each in served]
    years = [each.year for each in places]
    return replace(
        ASKED,
        categories=tuple(sorted({each.category.value for each in places})),
        years=(min(years), max(years)) if years else None,
        count=sum(len(each.documents) for each in served),
    )
