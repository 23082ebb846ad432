"""Large documents, steps D3s and D4s on the writer's side: seal a file segment by segment, upload, deposit.

No more than two segments are in memory at a time. A broken connection costs the segment that was on its way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

from consent import base64url
from consent.errors import MalformedError
from consent.identifiers import BundleId, DocumentId
from consent.sealing import BundleMeta, ContentKey, PlainDocument, begin_bundle, complete_bundle
from consent.streams import (
    PREFIX,
    LargeDocument,
    StreamCipher,
    StreamName,
    name_stream,
    sealed_size,
)
from consent.vocabulary import Body
from services.contracts.medical.streams import BeginUpload, CompleteUpload, StreamsClient
from services.gateway.deposit_book import Place
from services.gateway.errors import LargeFileError, NotVerifiedError
from services.gateway.hospital import DocumentNamer, find_keys, hand_over
from services.gateway.organisation import Organisation
from services.gateway.patience import PATIENT, Patience
from services.kit.http import Token

Answer = TypeVar("Answer")
Watch = Callable[[int], None]
"""Told how many bytes more have passed."""


def unwatched(_size: int) -> None:
    """Look away."""


@dataclass(frozen=True, slots=True)
class DepositedFile:
    """What the medical centre's receipt (JWS) acknowledges, and under which id it knows the document."""

    document: DocumentId
    name: StreamName
    receipt: str


@dataclass(frozen=True, slots=True)
class LargeFile:
    """A file to deposit; `name` is what the reader sees of it, and by it the document is named again later."""

    path: Path
    media_type: str
    name: str = ""

    def described(self, prefix: bytes) -> LargeDocument:
        """Return how the document tells of it. Raises: LargeFileError."""
        try:
            size = self.path.stat().st_size
            return LargeDocument(self.media_type, self.name or self.path.name, size, prefix)
        except OSError as error:
            raise LargeFileError(f"{self.path.name} cannot be read ({error.strerror})") from error
        except MalformedError as error:
            raise LargeFileError(str(error)) from error


def deposit_file(
    organisation: Organisation,
    reference: str,
    file: LargeFile,
    *,
    place: Place,
    watch: Watch = unwatched,
    patience: Patience = PATIENT,
) -> DepositedFile:
    """D2 to D7 for a file of any size: one document that stands for its sealed segments.

    Raises: LargeFileError, RefusedError, NotVerifiedError, kit's PeerUnavailableError when patience ends.
    """
    large = file.described(organisation.randomness(PREFIX))
    known = find_keys(organisation, organisation.name_person(reference, Body.MEDICAL), [place])
    compartment, key = known.keys[place]
    meta, content_key = begin_bundle(
        subject=known.subject,
        compartment=compartment,
        compartment_key=key,
        author=organisation.id,
        bundle_id=BundleId(base64url.encode(organisation.randomness(16))),
        randomness=organisation.randomness,
    )
    document = DocumentNamer(organisation, reference).name(f"Binary/{large.name}")
    upload = _Upload(organisation, patience, watch)
    name = upload.send(file.path, StreamCipher(content_key, meta, document, 1, large=large), large)
    plain = PlainDocument(document, 1, name.media_type, large.to_content())
    return _deposit(organisation, reference, plain, meta=meta, key=content_key, name=name)


def _deposit(
    organisation: Organisation,
    reference: str,
    plain: PlainDocument,
    *,
    meta: BundleMeta,
    key: ContentKey,
    name: StreamName,
) -> DepositedFile:
    author_key = organisation.author_key
    bundle = complete_bundle(meta, key, [plain], author_key=author_key, randomness=organisation.randomness)
    named = organisation.name_person(reference, Body.MEDICAL)
    return DepositedFile(plain.id, name, hand_over(organisation, named, [bundle]))


@dataclass(frozen=True, slots=True)
class _Upload:
    """One file on its way."""

    organisation: Organisation
    patience: Patience
    watch: Watch

    def send(self, path: Path, cipher: StreamCipher, large: LargeDocument) -> StreamName:
        """Send every segment, and have the whole compared. Raises: as `deposit_file`."""
        size = sealed_size(large.size)
        upload = self._ask(lambda streams, token: streams.begin(BeginUpload(size=size), token=token)).upload
        digests: list[bytes] = []
        passed = 0
        try:
            with path.open("rb") as source:
                for number, segment in enumerate(cipher.seal(source.read)):
                    passed += len(segment)
                    if passed > size:
                        break
                    digests.append(self._segment(upload, number, segment))
        except OSError as error:
            raise LargeFileError(f"{path.name} cannot be read ({error.strerror})") from error
        if passed != size:
            raise LargeFileError(f"{path.name} changed while it was read; deposit it when nobody writes it")
        name = name_stream(digests, size=size)
        message = CompleteUpload(digest=name.digest)
        told = self._ask(lambda streams, token: streams.complete(upload, message, token=token))
        if told.media_type != name.media_type:
            raise NotVerifiedError("the medical centre names the upload otherwise; ask it")
        return name

    def _segment(self, upload: str, number: int, segment: bytes) -> bytes:
        digest = sha256(segment)
        kept = self._ask(lambda streams, token: streams.put(upload, number, segment, token=token))
        if kept.digest != digest.hexdigest():
            raise NotVerifiedError("the medical centre kept another segment than was sent; ask it")
        self.watch(len(segment))
        return digest.digest()

    def _ask(self, call: Callable[[StreamsClient, Token], Answer]) -> Answer:
        return self.patience.ask(
            lambda: self.organisation.ask(Body.MEDICAL, lambda http, token: call(StreamsClient(http), token))
        )
