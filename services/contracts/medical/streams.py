"""Large documents at the medical centre: segments are uploaded before the deposit that names them, and fetched after a
read that was permitted. One request carries one sealed segment.
"""

from typing import Annotated, Final, Protocol, TypeVar

from pydantic import Field

from consent.streams import SEGMENT
from services.contracts.medical.messages import Name, Octets, SignedText
from services.kit.encoding import Message
from services.kit.http import Http, Token

OCTETS: Final = "application/octet-stream"
Answer = TypeVar("Answer", bound=Message)
Number = Annotated[int, Field(ge=0, lt=2**32)]


class BeginUpload(Message):
    """POST /uploads. Units: `size` is bytes of all sealed segments together."""

    size: Annotated[int, Field(ge=1, lt=2**53)]


class UploadState(Message):
    """Answer of POST /uploads and GET /uploads/{upload}: which segments (from 0) have not arrived yet."""

    upload: Name
    size: int
    segment_bytes: int = SEGMENT
    missing: list[int]


class SegmentKept(Message):
    """Answer of PUT /uploads/{upload}/segments/{number}. Shape: `digest` SHA-256 of what was kept, hexadecimal."""

    digest: str


class CompleteUpload(Message):
    """POST /uploads/{upload}/completion: the stream's digest (`consent.streams.name_stream`)."""

    digest: Octets


class UploadComplete(Message):
    """Answer of the completion: the media type of the document that may be deposited now."""

    media_type: str


class AskSegment(Message):
    """POST /streams/segments: a ticket of a read, and which segment (from 0)."""

    ticket: SignedText
    number: Number


class Streams(Protocol):
    """Large documents as writers and readers see them. Raises: as `Medical`."""

    def begin(self, message: BeginUpload, *, token: Token) -> UploadState:
        """Announce a stream (writer)."""

    def put(self, upload: str, number: int, content: bytes, *, token: Token) -> SegmentKept:
        """Send one segment; the same again changes nothing (writer)."""

    def state(self, upload: str, *, token: Token) -> UploadState:
        """Return what is still missing, to go on after a broken connection (writer)."""

    def complete(self, upload: str, message: CompleteUpload, *, token: Token) -> UploadComplete:
        """Have the whole compared with its digest; a wrong one ends the upload (writer)."""

    def segment(self, message: AskSegment, *, token: Token) -> bytes:
        """Return one sealed segment of what a read permitted (reader or anonymiser)."""


class StreamsClient:
    """See `Streams`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def begin(self, message: BeginUpload, *, token: Token) -> UploadState:
        """See `Streams`."""
        return self._ask("POST", "/uploads", UploadState, message=message, token=token)

    def put(self, upload: str, number: int, content: bytes, *, token: Token) -> SegmentKept:
        """See `Streams`."""
        path = f"/uploads/{upload}/segments/{number}"
        sent = self._http.send("PUT", path, token=token, content=content, media_type=OCTETS)
        return SegmentKept.model_validate_json(sent.content)

    def state(self, upload: str, *, token: Token) -> UploadState:
        """See `Streams`."""
        return self._ask("GET", f"/uploads/{upload}", UploadState, message=None, token=token)

    def complete(self, upload: str, message: CompleteUpload, *, token: Token) -> UploadComplete:
        """See `Streams`."""
        path = f"/uploads/{upload}/completion"
        return self._ask("POST", path, UploadComplete, message=message, token=token)

    def segment(self, message: AskSegment, *, token: Token) -> bytes:
        """See `Streams`."""
        content = message.model_dump_json().encode()
        return self._http.send("POST", "/streams/segments", token=token, content=content).content

    def _ask(
        self, method: str, path: str, kind: type[Answer], *, message: Message | None, token: Token
    ) -> Answer:
        content = None if message is None else message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send(method, path, token=token, content=content).content)
