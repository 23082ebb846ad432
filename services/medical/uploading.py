"""Large documents on their way in (D3s): announced, sent segment by segment, compared as a whole, then deposited.

What is uploaded belongs to the organisation and says nothing about a person until a deposit names it.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from consent import base64url
from consent.errors import MalformedError
from consent.identifiers import OrganisationId, Pseudonym
from consent.streams import StreamName, name_stream
from services.contracts.medical.streams import (
    BeginUpload,
    CompleteUpload,
    SegmentKept,
    UploadComplete,
    UploadState,
)
from services.kit.clock import epoch_seconds
from services.kit.credentials.callers import OperatorCaller
from services.kit.events import EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.problems import MalformedRequestError
from services.medical.centre import Centre
from services.medical.errors import MedicalError
from services.medical.model import IncomingBundle
from services.medical.stream_errors import (
    QuotaError,
    SegmentKnownError,
    SegmentSizeError,
    SegmentUnknownError,
    StreamMissingError,
    TooLargeError,
    UploadDigestError,
    UploadIncompleteError,
    UploadUnknownError,
)
from services.medical.stream_store import Upload

ID_BYTES = 16


class Uploading:
    """The writer's side of large documents; each refusal is an entry of the log."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._store = centre.streams
        self._database = centre.context.database
        self._journal = centre.context.journal

    def begin(self, caller: OperatorCaller, message: BeginUpload) -> UploadState:
        """Take note of a stream that is to come. Raises: TooLargeError, QuotaError, MalformedRequestError."""
        try:
            name = StreamName(bytes(32), message.size)
            self._check_size(message.size)
            upload = base64url.encode(self._centre.context.randomness(ID_BYTES))
            with self._database.write() as conn:
                # one after another: two that are announced at once must not both find the quota free
                self._journal.tree.queue(conn)
                self._check_quota(conn, caller.organisation, message.size)
                now = epoch_seconds(self._centre.context.clock())
                self._store.begin(
                    conn, upload, organisation=caller.organisation, began=now, size=message.size
                )
                self._record(conn, caller, Outcome.DONE, step="begun", count=name.segments)
        except MalformedError as error:
            raise MalformedRequestError(f"size: {error}") from error
        except MedicalError as refusal:
            self._refuse(caller, refusal)
            raise
        return UploadState(upload=upload, size=message.size, missing=list(range(name.segments)))

    def put(self, caller: OperatorCaller, upload: str, number: int, *, content: bytes) -> SegmentKept:
        """Keep one segment; the same again changes nothing.

        Guarantees: what was acknowledged is there after a crash.
        Raises: UploadUnknownError, SegmentUnknownError, SegmentSizeError, SegmentKnownError.
        """
        try:
            with self._database.read() as conn:
                expected = self._own(conn, caller, upload).name.segment_size(number)
            if not expected:
                raise SegmentUnknownError
            if len(content) != expected:
                raise SegmentSizeError(f"segment {number} has {expected} bytes")
            blob = self._centre.blobs.put(content)
            with self._database.write() as conn:
                self._held(conn, caller, upload)
                known = self._store.blob(conn, upload, number)
                if known is None:
                    self._store.add_segment(conn, upload, number=number, blob=blob)
                elif known != blob:
                    raise SegmentKnownError
        except MedicalError as refusal:
            self._refuse(caller, refusal)
            raise
        return SegmentKept(digest=blob)

    def state(self, caller: OperatorCaller, upload: str) -> UploadState:
        """Return what has not arrived yet. Raises: UploadUnknownError."""
        with self._database.read() as conn:
            own = self._own(conn, caller, upload)
            arrived = self._store.segments(conn, upload).keys()
        missing = [each for each in range(own.name.segments) if each not in arrived]
        return UploadState(upload=upload, size=own.size, missing=missing)

    def complete(self, caller: OperatorCaller, upload: str, message: CompleteUpload) -> UploadComplete:
        """Compare all segments with the digest that the writer will sign.

        Raises: UploadUnknownError, UploadIncompleteError; UploadDigestError, and then the upload is gone.
        """
        dropped: list[str] | None = None
        try:
            with self._database.write() as conn:
                own = self._held(conn, caller, upload)
                arrived = self._store.segments(conn, upload)
                if len(arrived) != own.name.segments:
                    raise UploadIncompleteError(f"{own.name.segments - len(arrived)} segments are missing")
                name = name_stream(map(bytes.fromhex, arrived.values()), size=own.size)
                if name.digest == message.digest:
                    self._store.complete(conn, upload, name.digest)
                    self._record(conn, caller, Outcome.DONE, step="complete", count=name.segments)
                else:
                    dropped = self._store.discard(conn, [upload])
            if dropped is not None:
                self._centre.blobs.remove(dropped)
                raise UploadDigestError
        except MedicalError as refusal:
            self._refuse(caller, refusal)
            raise
        return UploadComplete(media_type=name.media_type)

    def _own(self, conn: Connection, caller: OperatorCaller, upload: str) -> Upload:
        own = self._store.own(conn, upload, caller.organisation)
        if own is None:
            raise UploadUnknownError
        return own

    def _held(self, conn: Connection, caller: OperatorCaller, upload: str) -> Upload:
        own = self._store.hold(conn, upload, caller.organisation)
        if own is None:
            raise UploadUnknownError
        return own

    def _check_size(self, size: int) -> None:
        limit = self._centre.settings.large_document_bytes
        if size > limit:
            raise TooLargeError(f"the limit is {limit} bytes, sealed")

    def _check_quota(self, conn: Connection, organisation: OrganisationId, size: int) -> None:
        quota = self._centre.settings.upload_quota_bytes
        if self._store.pending_bytes(conn, organisation) + size > quota:
            raise QuotaError(f"one organisation has at most {quota} bytes that are not deposited")

    def _refuse(self, caller: OperatorCaller, refusal: MedicalError) -> None:
        with self._database.write() as conn:
            event = by_operator(
                caller, EventKind.UPLOAD, outcome=Outcome.REFUSED, reason=refusal.problem.code
            )
            self._journal.record(conn, person=None, event=event)

    def _record(
        self, conn: Connection, caller: OperatorCaller, outcome: Outcome, *, step: str, count: int
    ) -> None:
        event = by_operator(caller, EventKind.UPLOAD, outcome=outcome, count=count, detail={"step": step})
        self._journal.record(conn, person=None, event=event)


def attach(
    centre: Centre,
    conn: Connection,
    person: Pseudonym,
    *,
    organisation: OrganisationId,
    bundles: Sequence[IncomingBundle],
) -> None:
    """Let the documents of a deposit stand for what was uploaded, within the deposit's transaction.

    Raises: StreamMissingError, MalformedRequestError.
    """
    for bundle in bundles:
        for each in bundle.sealed.documents:
            try:
                name = StreamName.of(each.media_type)
            except MalformedError as error:
                raise MalformedRequestError(f"media_type: {error}") from error
            if name is None:
                continue
            upload = centre.streams.completed(conn, organisation, name)
            if upload is None:
                raise StreamMissingError
            centre.streams.attach(conn, upload, person=person, document=each.id, version=each.version)
