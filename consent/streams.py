"""Streams: a large document sealed segment by segment, so that nobody ever holds more of it than one segment.

Each segment is AES-256-GCM under the stream's own key with the nonce `prefix | number | last`, and the stream's header
as associated data: segments that are exchanged, left out, doubled, cut off, or of another stream do not open.

D3s seal: the segments are sealed first; their digests make the stream's name. The document that stands for the stream
in the bundle has the name in its signed media type, and the rest of what a reader needs (`LargeDocument`) as content.
R10s open: the reader opens that document, then the segments, which have to be those that the author signed.

Source: STREAM, in Hoang, Reyhanitabar, Rogaway and Vizar, "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance" (CRYPTO 2015), section 7.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from consent import base64url, canonical
from consent.canonical import JsonObject
from consent.errors import MalformedError, SealError, SignatureError
from consent.identifiers import DocumentId
from consent.sealing import STREAM_FORMAT, BundleMeta, ContentKey

TAG: Final = 16
SEGMENT: Final = 1 << 20
"""Bytes of every sealed segment but the last, which may be shorter."""
PLAIN_SEGMENT: Final = SEGMENT - TAG
PREFIX: Final = 7
MOST_SEGMENTS: Final = 1 << 32
LARGEST_NAME: Final = 255

_NAMED: Final = b"sekisho-stream-name/1\0"
_MEDIA_TYPE: Final = re.compile(
    r"application/vnd\.sekisho\.stream; digest=([A-Za-z0-9_-]{43}); bytes=([1-9][0-9]{1,15})", re.ASCII
)
_MIME: Final = re.compile(r"[a-z]+/[A-Za-z0-9.+-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StreamName:
    """Which sealed segments a document stands for. Shape: `digest` 32 bytes. Units: `size` is sealed bytes.

    Raises: MalformedError if no stream has this size.
    """

    digest: bytes
    size: int

    def __post_init__(self) -> None:
        if len(self.digest) != 32 or not TAG <= self.size <= SEGMENT * MOST_SEGMENTS:
            raise MalformedError("A stream is named by 32 bytes, and has at least the 16 bytes of one tag.")
        if 0 < self.size % SEGMENT < TAG or (self.size % SEGMENT == TAG and self.size > TAG):
            raise MalformedError("No stream ends with a segment of this size.")

    @property
    def media_type(self) -> str:
        """The media type of the document that stands for the stream; the author signs it."""
        return f"application/vnd.sekisho.stream; digest={base64url.encode(self.digest)}; bytes={self.size}"

    @classmethod
    def of(cls, media_type: str) -> "StreamName | None":
        """Read what `media_type` writes; None for a document that stands for itself. Raises: MalformedError."""
        found = _MEDIA_TYPE.fullmatch(media_type)
        if found is None:
            if media_type.startswith("application/vnd.sekisho.stream"):
                raise MalformedError("A stream's media type has a digest and a number of bytes.")
            return None
        return cls(base64url.decode(found[1]), int(found[2]))

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return -(-self.size // SEGMENT)

    def segment_size(self, number: int) -> int:
        """How many bytes the segment of this number (from 0) has; 0 for one that is not there."""
        return max(0, min(SEGMENT, self.size - number * SEGMENT)) if number >= 0 else 0


def sealed_size(plain: int) -> int:
    """Return how many bytes a content of so many becomes."""
    return plain + TAG * max(1, -(-plain // PLAIN_SEGMENT))


def signed(name: StreamName, segments: Iterable[bytes]) -> Iterator[bytes]:
    """Pass segments on, and compare them at the end with what the author signed.

    Whoever may read knows the key and could seal other segments: `StreamCipher.open` alone does not say who did.
    Raises: SignatureError.
    """
    whole, size = sha256(_NAMED), 0
    for each in segments:
        whole.update(sha256(each).digest())
        size += len(each)
        yield each
    if (whole.digest(), size) != (name.digest, name.size):
        raise SignatureError


def name_stream(digests: Iterable[bytes], *, size: int) -> StreamName:
    """Name a stream by the SHA-256 of each sealed segment, in order. Raises: MalformedError."""
    whole = sha256(_NAMED)
    for each in digests:
        if len(each) != 32:
            raise MalformedError("A segment is named by 32 bytes.")
        whole.update(each)
    return StreamName(whole.digest(), size)


@dataclass(frozen=True, slots=True)
class LargeDocument:
    """The content of the document that stands for a stream: what is in it, and what its segments open with.

    Shape: `prefix` 7 bytes. Units: `size` is plain bytes. Raises: MalformedError.
    """

    media_type: str
    name: str
    size: int
    prefix: bytes

    def __post_init__(self) -> None:
        if not _MIME.fullmatch(self.media_type):
            raise MalformedError("A large document's media type is written type/subtype.")
        if not 1 <= len(self.name) <= LARGEST_NAME or not self.name.isprintable() or "/" in self.name:
            raise MalformedError("A large document's name is a file's name of at most 255 signs.")
        if type(self.size) is not int or self.size < 0 or len(self.prefix) != PREFIX:
            raise MalformedError("A large document has a size, and a nonce prefix of 7 bytes.")

    def to_content(self) -> bytes:
        """Return what is sealed as the document."""
        return canonical.encode(
            {
                "format": STREAM_FORMAT,
                "media_type": self.media_type,
                "name": self.name,
                "size": self.size,
                "prefix": base64url.encode(self.prefix),
            }
        )

    @classmethod
    def from_content(cls, content: bytes) -> Self:
        """Read what `to_content` writes. Raises: MalformedError."""
        try:
            told = json.loads(content)
            if told.pop("format") != STREAM_FORMAT:
                raise MalformedError("The document stands for no stream.")
            found = cls(**told | {"prefix": base64url.decode(told["prefix"])})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise MalformedError("The document stands for no stream.") from error
        if found.to_content() != content:
            raise MalformedError("The document that stands for a stream has another form.")
        return found


class StreamCipher:
    """Seals and opens the segments of one stream. Guarantees: holds no more than two segments at a time."""

    __slots__ = ("_cipher", "_header", "_prefix")

    def __init__(
        self, key: ContentKey, bundle: BundleMeta, document: DocumentId, version: int, *, large: LargeDocument
    ) -> None:
        self._cipher: AESGCM = key.stream_cipher(document, version)
        self._prefix = large.prefix
        origin = bundle.origin
        header: JsonObject = {
            "format": STREAM_FORMAT,
            "subject": origin.subject,
            "compartment": origin.compartment.label,
            "bundle": bundle.id,
            "document": document,
            "version": version,
            "author": bundle.author,
            "media_type": large.media_type,
            "name": large.name,
            "size": large.size,
        }
        self._header = sha256(canonical.encode(header)).digest()

    def __repr__(self) -> str:
        return "StreamCipher(...)"

    def seal(self, read: Callable[[int], bytes]) -> Iterator[bytes]:
        """D3s: seal what `read(size)` returns until it returns nothing. Raises: MalformedError over 2^32 segments."""
        number, present = 0, _fill(read)
        while True:
            following = _fill(read) if len(present) == PLAIN_SEGMENT else b""
            yield self._cipher.encrypt(self._nonce(number, last=not following), present, self._header)
            if not following:
                return
            number, present = number + 1, following

    def open(self, segments: Iterable[bytes]) -> Iterator[bytes]:
        """R10s: open segments in order; what comes before the end may still be part of a stream that is cut off.

        Raises: SealError; then nothing of what was yielded may be used.
        """
        number, present = 0, b""
        for following in segments:
            if present:
                if len(present) != SEGMENT:
                    raise SealError
                yield self._opened(number, present, last=False)
                number += 1
            present = following
        if number and len(present) == TAG:
            raise SealError  # an empty segment ends an empty stream only: every content has one form
        yield self._opened(number, present, last=True)

    def _opened(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(self._nonce(number, last=last), sealed, self._header)
        except (InvalidTag, ValueError):
            raise SealError from None

    def _nonce(self, number: int, *, last: bool) -> bytes:
        if number >= MOST_SEGMENTS:
            raise MalformedError("A stream has at most 2^32 segments.")
        return self._prefix + number.to_bytes(4, "big") + (b"\1" if last else b"\0")


def _fill(read: Callable[[int], bytes]) -> bytes:
    """Read a whole segment, also from a source that gives less than it is asked for."""
    found = read(PLAIN_SEGMENT)
    if not found or len(found) == PLAIN_SEGMENT:
        return found
    parts, size = [found], len(found)
    while size < PLAIN_SEGMENT and (more := read(PLAIN_SEGMENT - size)):
        parts.append(more)
        size += len(more)
    return b"".join(parts)
