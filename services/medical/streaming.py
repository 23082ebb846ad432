"""Large documents on their way out (R8s): each segment is sent only while the permission stands.

R8s-a the ticket is of this very operator, from a read that was permitted, logged and witnessed (R3 to R7);
R8s-b the operator may read now, and no link that the document came under was cut;
R8s-c the directive is held against withdrawal and refusal, and the person's directives decide anew, until the segment
      was sent: after either was acknowledged no further segment leaves.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from consent.compartments import YearSpan
from consent.decision import AccessRequest, Refusal, decide
from consent.explanations import RefusalCode
from consent.identifiers import BundleId, DirectiveId, DocumentId, Pseudonym
from consent.recipients import Reader
from consent.vocabulary import Body, Category, Purpose
from services.contracts.medical.streams import AskSegment
from services.directives.errors import RefusedError, StoredDirectiveChangedError
from services.kit.blobs import BlobDamagedError, BlobMissingError
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.egress import egress
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.permissions import policies
from services.kit.problems import ProblemError
from services.medical import policy
from services.medical.centre import Centre
from services.medical.errors import (
    SetApartMeanwhileError,
    StoredDirectiveDamagedError,
    StoredDocumentDamagedError,
)
from services.medical.stream_errors import SegmentUnknownError, TicketError
from services.medical.tickets import Ticket, Tickets


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A segment that may be sent if `in_force` holds."""

    content: bytes = field(repr=False)
    caller: OperatorCaller
    ticket: Ticket


class Streaming:
    """The reader's side of large documents."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._tickets = Tickets(centre.context.cipher)
        self._database = centre.context.database
        self._journal = centre.context.journal

    @egress(
        to="the reader who was permitted to read the document",
        fields="one sealed segment",
        purpose="the read's",
        ground="a ticket of that read, and the person's directive, held against withdrawal until it was sent",
        answers=("POST /streams/segments",),
    )
    def segment(self, caller: OperatorCaller, message: AskSegment) -> Outgoing:
        """Return a segment, to be sent only within `in_force`; the first one of a document is an entry of the log.

        Raises: TicketError, RefusedError, SegmentUnknownError, StoredDocumentDamagedError.
        """
        ticket: Ticket | None = None
        try:
            ticket = self._tickets.open(message.ticket)  # R8s-a
            if not ticket.is_of(caller) or ticket.until <= epoch_seconds(self._centre.context.clock()):
                raise TicketError
            self._require_role(caller)  # R8s-b
            content = self._content(ticket, message.number)
            if message.number == 0:
                self._record(caller, ticket, Outcome.PERMITTED)
        except ProblemError as refusal:
            self._record(caller, ticket, Outcome.REFUSED, reason=refusal.problem.code)
            raise
        return Outgoing(content, caller, ticket)

    @contextmanager
    def in_force(self, outgoing: Outgoing) -> Iterator[None]:
        """R8s-c. Raises: RefusedError, SetApartMeanwhileError."""
        ticket = outgoing.ticket
        refusal: ProblemError | None = None
        with self._centre.barrier.hold([DirectiveId(ticket.ground)]) as standing:
            try:
                self._require_still(outgoing.caller, ticket, in_force=bool(standing))
            except ProblemError as problem:
                refusal = problem
            else:
                yield
        # a hold never waits for the database's writer: the entry comes after it
        if refusal is not None:
            self._record(outgoing.caller, ticket, Outcome.REFUSED, reason=refusal.problem.code)
            raise refusal

    def _require_still(self, caller: OperatorCaller, ticket: Ticket, *, in_force: bool) -> None:
        """Raises: RefusedError, SetApartMeanwhileError, StoredDirectiveDamagedError."""
        if not in_force:
            raise RefusedError(RefusalCode.WITHDRAWN_IN_FLIGHT)
        roles = self._centre.register.roles(caller.organisation, caller.operator)
        request = AccessRequest(
            reader=Reader(caller.organisation, caller.operator, frozenset(roles)),
            categories=frozenset({Category(ticket.category)}),
            years=YearSpan(ticket.year, ticket.year),
            purpose=Purpose(ticket.purpose),
            now=self._centre.context.clock(),
        )
        with self._database.read() as conn:
            try:
                held = self._centre.directives.of_person_for(
                    conn, Pseudonym(ticket.person), caller.organisation
                )
            except StoredDirectiveChangedError as error:
                raise StoredDirectiveDamagedError(error.detail) from error
            decision = decide(
                request, [each.held for each in policy.relied_on(held, DirectiveId(ticket.ground))]
            )
            if isinstance(decision, Refusal):
                raise RefusedError(decision.code)
            if self._centre.apart.holds_any(conn, [BundleId(ticket.bundle)]):
                raise SetApartMeanwhileError

    def _require_role(self, caller: OperatorCaller) -> None:
        roles = self._centre.register.roles(caller.organisation, caller.operator)
        if not policies().permits(roles, "read-records", Body.MEDICAL):
            raise RefusedError(RefusalCode.ROLE_MISSING)

    def _content(self, ticket: Ticket, number: int) -> bytes:
        person, document = Pseudonym(ticket.person), DocumentId(ticket.document)
        with self._database.read() as conn:
            upload = self._centre.streams.of_document(conn, person, document, ticket.version)
            blob = None if upload is None else self._centre.streams.blob(conn, upload, number)
        if blob is None:
            raise SegmentUnknownError
        try:
            return self._centre.blobs.get(blob)
        except (BlobMissingError, BlobDamagedError) as error:
            raise StoredDocumentDamagedError(f"segment {number} of document id={document}") from error

    def _record(
        self, caller: OperatorCaller, ticket: Ticket | None, outcome: Outcome, *, reason: str | None = None
    ) -> None:
        event = by_operator(
            caller,
            EventKind.LARGE_DOCUMENT_SENT,
            outcome=outcome,
            reason=reason,
            ground=None if ticket is None else ticket.ground,
            detail=None if ticket is None else {"read": ticket.entry},
        )
        person = None if ticket is None else Pseudonym(ticket.person)
        with self._database.write() as conn:
            self._journal.record(conn, person=person, event=event)
