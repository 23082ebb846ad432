"""Large documents at the fake medical centre, in memory; see `fake`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count

from consent.errors import MalformedError
from consent.identifiers import OrganisationId, SubjectKeyId
from consent.sealing import SealedBundle, SealedDocument
from consent.streams import StreamName, name_stream
from services.contracts.medical.fake_rules import refusal
from services.contracts.medical.messages import AskOwnSegment
from services.contracts.medical.streams import (
    AskSegment,
    BeginUpload,
    CompleteUpload,
    SegmentKept,
    UploadComplete,
    UploadState,
)
from services.kit.credentials.callers import Caller, OperatorCaller
from services.kit.http import Token

LARGEST = 2 * 1024**3
QUOTA = 16 * 1024**3


@dataclass
class FakeUpload:
    """One upload; `deposited` when a document stands for it."""

    organisation: OrganisationId
    name: StreamName
    segments: dict[int, bytes] = field(default_factory=dict)
    complete: bool = False
    deposited: bool = False


@dataclass(frozen=True)
class FakeTicket:
    """What a read gave for a large document."""

    upload: FakeUpload
    caller: OperatorCaller
    require_still: Callable[[], None]


class FakeStreams:
    """Serves `Streams`."""

    def __init__(self, callers: Callable[[Token], Caller]) -> None:
        self._callers = callers
        self._names = count()
        self._uploads: dict[str, FakeUpload] = {}
        self._of: dict[tuple[str, int, str], FakeUpload] = {}
        self._tickets: dict[str, FakeTicket] = {}
        self.broken: Callable[[int], None] = lambda _number: None
        """Called before a segment is taken or given; raises what a broken connection would."""

    def begin(self, message: BeginUpload, *, token: Token) -> UploadState:
        """See `Streams`."""
        caller = self._writer(token)
        try:
            name = StreamName(bytes(32), message.size)
        except MalformedError:
            raise refusal(400, "malformed_request") from None
        if message.size > LARGEST:
            raise refusal(413, "upload_too_large")
        mine = [each for each in self._uploads.values() if each.organisation == caller.organisation]
        if sum(each.name.size for each in mine if not each.deposited) + message.size > QUOTA:
            raise refusal(409, "upload_quota")
        upload = f"upload-{next(self._names)}"
        self._uploads[upload] = FakeUpload(caller.organisation, name)
        return self.state(upload, token=token)

    def put(self, upload: str, number: int, content: bytes, *, token: Token) -> SegmentKept:
        """See `Streams`."""
        self.broken(number)
        own = self._own(upload, token)
        expected = own.name.segment_size(number)
        if not expected:
            raise refusal(404, "segment_unknown")
        if len(content) != expected:
            raise refusal(400, "segment_size")
        if own.segments.setdefault(number, content) != content:
            raise refusal(409, "segment_known")
        return SegmentKept(digest=sha256(content).hexdigest())

    def state(self, upload: str, *, token: Token) -> UploadState:
        """See `Streams`."""
        own = self._own(upload, token)
        missing = [each for each in range(own.name.segments) if each not in own.segments]
        return UploadState(upload=upload, size=own.name.size, missing=missing)

    def complete(self, upload: str, message: CompleteUpload, *, token: Token) -> UploadComplete:
        """See `Streams`."""
        own = self._own(upload, token)
        if len(own.segments) != own.name.segments:
            raise refusal(409, "upload_incomplete")
        digests = [sha256(own.segments[each]).digest() for each in range(own.name.segments)]
        name = name_stream(digests, size=own.name.size)
        if name.digest != message.digest:
            del self._uploads[upload]
            raise refusal(409, "upload_digest")
        own.name, own.complete = name, True
        return UploadComplete(media_type=name.media_type)

    def segment(self, message: AskSegment, *, token: Token) -> bytes:
        """See `Streams`."""
        self.broken(message.number)
        caller, ticket = self._callers(token), self._tickets.get(message.ticket)
        if ticket is None or ticket.caller != caller:
            raise refusal(403, "stream_ticket")
        if message.number not in ticket.upload.segments:
            raise refusal(404, "segment_unknown")
        ticket.require_still()
        return ticket.upload.segments[message.number]

    def own_segment(self, message: AskOwnSegment, subject: SubjectKeyId) -> bytes:
        """Return a segment of somebody's own document. Raises: RemoteProblemError."""
        upload = self._of.get((message.document, message.version, subject))
        if upload is None or message.number not in upload.segments:
            raise refusal(404, "segment_unknown")
        return upload.segments[message.number]

    def claim(self, organisation: OrganisationId, bundles: Sequence[SealedBundle]) -> None:
        """Let the documents of a deposit stand for what was uploaded. Raises: RemoteProblemError."""
        found: dict[tuple[str, int, str], FakeUpload] = {}
        for bundle in bundles:
            for each in bundle.documents:
                try:
                    name = StreamName.of(each.media_type)
                except MalformedError:
                    raise refusal(400, "malformed_request") from None
                if name is None:
                    continue
                free = [
                    one
                    for one in self._uploads.values()
                    if (one.organisation, one.complete, one.deposited) == (organisation, True, False)
                    and one.name == name
                    and one not in found.values()
                ]
                if not free:
                    raise refusal(409, "stream_missing")
                found[each.id, each.version, bundle.subject] = free[0]
        for upload in found.values():
            upload.deposited = True
        self._of |= found

    def tickets(
        self,
        chosen: Sequence[tuple[SealedBundle, SealedDocument]],
        *,
        caller: OperatorCaller,
        require_still: Callable[[], None],
    ) -> dict[str, str]:
        """Return a ticket for each large document of an answer; `require_still` refuses when it may not go on."""
        given: dict[str, str] = {}
        for bundle, each in chosen:
            upload = self._of.get((each.id, each.version, bundle.subject))
            if upload is not None:
                given[each.id] = f"ticket-{next(self._names)}"
                self._tickets[given[each.id]] = FakeTicket(upload, caller, require_still)
        return given

    def _own(self, upload: str, token: Token) -> FakeUpload:
        own, caller = self._uploads.get(upload), self._writer(token)
        if own is None or own.organisation != caller.organisation or own.deposited:
            raise refusal(404, "upload_unknown")
        return own

    def _writer(self, token: Token) -> OperatorCaller:
        caller = self._callers(token)
        if not isinstance(caller, OperatorCaller) or "writer" not in caller.roles:
            raise refusal(403, "forbidden")
        return caller
