"""A large document, sealed and signed as a hospital does, for the tests of the medical centre."""

import io
from dataclasses import dataclass, replace
from hashlib import sha256

from support.medical_world import HOSPITAL, Someone, World

from consent import base64url
from consent.compartments import Compartment
from consent.identifiers import BundleId, DocumentId, OrganisationId
from consent.sealing import BundleMeta, ContentKey, PlainDocument, SealedBundle, begin_bundle, complete_bundle
from consent.streams import LargeDocument, StreamCipher, StreamName, name_stream
from consent.vocabulary import Category
from services.contracts.medical.streams import BeginUpload, CompleteUpload, Streams
from services.kit.clock import system_randomness
from services.kit.http import Token

IMAGING = Compartment(Category.IMAGING, 2026, 1)
STUDY = bytes(range(256)) * 4096 * 2 + b"the end of the study"
"""A little over two segments."""


@dataclass(frozen=True)
class Study:
    """A sealed study: its segments, and what the document that stands for it is sealed with."""

    meta: BundleMeta
    key: ContentKey
    document: DocumentId
    large: LargeDocument
    segments: tuple[bytes, ...]

    @property
    def name(self) -> StreamName:
        """How the segments are named together."""
        digests = [sha256(each).digest() for each in self.segments]
        return name_stream(digests, size=sum(map(len, self.segments)))

    def cipher(self) -> StreamCipher:
        """What the segments open with."""
        return StreamCipher(self.key, self.meta, self.document, 1, large=self.large)

    def bundle(self, world: World, *, name: StreamName | None = None) -> SealedBundle:
        """Seal and sign the document that stands for the segments."""
        told = (name or self.name).media_type
        plain = PlainDocument(self.document, 1, told, self.large.to_content())
        author_key = world.members[OrganisationId(self.meta.author)].keys.ed25519("author")
        return complete_bundle(
            self.meta, self.key, [plain], author_key=author_key, randomness=system_randomness
        )


def study(
    someone: Someone,
    *,
    content: bytes = STUDY,
    author: OrganisationId = HOSPITAL,
    document: str = "study",
    compartment: Compartment = IMAGING,
) -> Study:
    """Seal a study of somebody."""
    meta, key = begin_bundle(
        subject=someone.wallet.subject,
        compartment=compartment,
        compartment_key=someone.wallet.compartment_public_key(compartment),
        author=author,
        bundle_id=BundleId(base64url.encode(system_randomness(12))),
        randomness=system_randomness,
    )
    large = LargeDocument("application/dicom", "study.dcm", len(content), system_randomness(7))
    made = Study(meta, key, DocumentId(document), large, ())
    return replace(made, segments=tuple(made.cipher().seal(io.BytesIO(content).read)))


def upload(streams: Streams, made: Study, *, token: Token) -> str:
    """Upload a study and have it compared; returns the upload's name."""
    began = streams.begin(BeginUpload(size=made.name.size), token=token).upload
    for number, segment in enumerate(made.segments):
        streams.put(began, number, segment, token=token)
    told = streams.complete(began, CompleteUpload(digest=made.name.digest), token=token)
    assert told.media_type == made.name.media_type
    return began
