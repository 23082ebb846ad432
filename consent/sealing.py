"""Sealing: what the writer does so that nobody but the person, and whom the person permits, can read.

D3 seal: one content key per bundle, encrypted to the compartment; one derived key per document, and one per stream
(`consent.streams`) for what is too large to be a document itself.
D5 verify author: the medical centre checks who wrote a document without opening it.
R10 open: the reader checks the author again and opens.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nucypher_core import MessageKit

from consent import canonical
from consent.compartments import Compartment
from consent.errors import MalformedError, SignatureError, UnopenableError
from consent.identifiers import BundleId, DocumentId, OrganisationId, SubjectKeyId
from consent.randomness import Randomness, draw
from consent.umbral_bytes import read_message_kit, read_public_key

FORMAT: Final = "sekisho-sealed-document/1"
STREAM_FORMAT: Final = "sekisho-sealed-stream/1"

_KEY: Final = 32
_NONCE: Final = 12
_SIGNED: Final = b"sekisho-author-signature/1\0"
_STORED: Final = b"sekisho-stored-document/1\0"


@dataclass(frozen=True, slots=True)
class PlainDocument:
    """A document in the clear; `version` counts up from 1 with each change of the document."""

    id: DocumentId
    version: int
    media_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedDocument:
    """A document as it is stored. Shape: nonce 12 bytes, signature 64 bytes, ciphertext content + 16."""

    id: DocumentId
    version: int
    media_type: str
    nonce: bytes
    ciphertext: bytes
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedAs:
    """What a bundle's author sealed it as, when its content key was handed to another wallet key since.

    Shape: `kit_digest` 32 bytes, SHA-256 of the message kit that the author made.
    """

    subject: SubjectKeyId
    compartment: Compartment
    kit_digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleMeta:
    """What the documents of a bundle share: under which key they are now, and what their author sealed them as.

    Shape: `message_kit` is the content key, encrypted to the compartment's key (189 bytes). `sealed_as` is there when
    subject, compartment and kit are no more those that the author signed; who trusts it checks that its subject was a
    former key of the person (`consent.succession.lineage`).
    """

    id: BundleId
    subject: SubjectKeyId
    compartment: Compartment
    message_kit: bytes
    author: OrganisationId
    sealed_as: SealedAs | None = None

    @property
    def origin(self) -> SealedAs:
        """What the author signed."""
        return self.sealed_as or SealedAs(
            subject=self.subject,
            compartment=self.compartment,
            kit_digest=sha256(self.message_kit).digest(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedBundle(BundleMeta):
    """A bundle with its documents."""

    documents: tuple[SealedDocument, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBundle(SealedBundle):
    """A bundle as who sealed it has it: with the `document_digest` of each document, in their order."""

    digests: tuple[bytes, ...]


class ContentKey:
    """The key of one bundle; hidden in text, exported by no method."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != _KEY:
            raise UnopenableError
        self._key = key

    def __repr__(self) -> str:
        return "ContentKey(...)"

    def document_cipher(self, document: DocumentId, version: int) -> AESGCM:
        """Derive the cipher of one version of one document (HKDF-SHA256, RFC 5869)."""
        return self._derive(FORMAT, document, version)

    def stream_cipher(self, document: DocumentId, version: int) -> AESGCM:
        """Derive the cipher of the stream that a version of a document stands for; never that of the document."""
        return self._derive(STREAM_FORMAT, document, version)

    def _derive(self, purpose: str, document: DocumentId, version: int) -> AESGCM:
        info = canonical.encode({"format": purpose, "document": document, "version": version})
        return AESGCM(HKDF(algorithm=SHA256(), length=_KEY, salt=None, info=info).derive(self._key))


def _context(bundle: BundleMeta, document: PlainDocument | SealedDocument) -> bytes:
    # Everything that says what a ciphertext is: a row that is swapped, rolled back or relabelled
    # does not open, because these bytes no longer match (decision 2).
    origin = bundle.origin
    return canonical.encode(
        {
            "format": FORMAT,
            "subject": origin.subject,
            "compartment": origin.compartment.label,
            "bundle": bundle.id,
            "document": document.id,
            "version": document.version,
            "author": bundle.author,
            "media_type": document.media_type,
        }
    )


def _signed_bytes(bundle: BundleMeta, context: bytes, *, nonce: bytes, ciphertext: bytes) -> bytes:
    # All parts but the nonce are hashed first, so that no part can be moved into its neighbour.
    kit, sealed = bundle.origin.kit_digest, sha256(ciphertext).digest()
    return _SIGNED + sha256(sha256(context).digest() + kit + nonce + sealed).digest()


def seal_bundle(
    documents: Sequence[PlainDocument],
    *,
    subject: SubjectKeyId,
    compartment: Compartment,
    compartment_key: bytes,
    author: OrganisationId,
    author_key: Ed25519PrivateKey,
    bundle_id: BundleId,
    randomness: Randomness,
) -> NewBundle:
    """D3: seal documents to a compartment's public key, without knowing who will ever read them.

    Raises: MalformedError if a document id appears twice or a version is below 1; SealError if
    `compartment_key` is no key.
    """
    check_documents(documents)
    meta, key = begin_bundle(
        subject=subject,
        compartment=compartment,
        compartment_key=compartment_key,
        author=author,
        bundle_id=bundle_id,
        randomness=randomness,
    )
    return complete_bundle(meta, key, documents, author_key=author_key, randomness=randomness)


def begin_bundle(
    *,
    subject: SubjectKeyId,
    compartment: Compartment,
    compartment_key: bytes,
    author: OrganisationId,
    bundle_id: BundleId,
    randomness: Randomness,
) -> tuple[BundleMeta, ContentKey]:
    """Draw a bundle's content key and encrypt it to the compartment; for streams, which are sealed before documents.

    Raises: SealError if `compartment_key` is no key.
    """
    secret = draw(randomness, _KEY)
    kit = bytes(MessageKit(read_public_key(compartment_key), secret, None))
    meta = BundleMeta(id=bundle_id, subject=subject, compartment=compartment, message_kit=kit, author=author)
    return meta, ContentKey(secret)


def complete_bundle(
    meta: BundleMeta,
    key: ContentKey,
    documents: Sequence[PlainDocument],
    *,
    author_key: Ed25519PrivateKey,
    randomness: Randomness,
) -> NewBundle:
    """Seal and sign the documents of a bundle that was begun. Raises: MalformedError as `seal_bundle`."""
    check_documents(documents)
    sealed = [
        _seal(document, meta, key=key, author_key=author_key, nonce=draw(randomness, _NONCE))
        for document in documents
    ]
    return NewBundle(
        id=meta.id,
        subject=meta.subject,
        compartment=meta.compartment,
        message_kit=meta.message_kit,
        author=meta.author,
        documents=tuple(document for document, _ in sealed),
        digests=tuple(digest for _, digest in sealed),
    )


def check_documents(documents: Sequence[PlainDocument]) -> None:
    """Check that documents can be sealed as one bundle. Raises: MalformedError."""
    if len({document.id for document in documents}) != len(documents):
        raise MalformedError("A bundle names each document once.")
    if any(document.version < 1 for document in documents):
        raise MalformedError("Versions of documents count from 1.")


def _seal(
    document: PlainDocument, meta: BundleMeta, *, key: ContentKey, author_key: Ed25519PrivateKey, nonce: bytes
) -> tuple[SealedDocument, bytes]:
    context = _context(meta, document)
    cipher = key.document_cipher(document.id, document.version)
    ciphertext = cipher.encrypt(nonce, document.content, context)
    message = _signed_bytes(meta, context, nonce=nonce, ciphertext=ciphertext)
    sealed = SealedDocument(
        id=document.id,
        version=document.version,
        media_type=document.media_type,
        nonce=nonce,
        ciphertext=ciphertext,
        signature=author_key.sign(message),
    )
    return sealed, _digest(message, sealed)


def author_message(bundle: BundleMeta, document: SealedDocument) -> bytes:
    """The bytes that the author signs for a document: everything that is stored, but the signature.

    Shape: 59 bytes, of which the last 32 are SHA-256 of the hashes of context, message kit and ciphertext.
    """
    context = _context(bundle, document)
    return _signed_bytes(bundle, context, nonce=document.nonce, ciphertext=document.ciphertext)


def verify_author(document: SealedDocument, bundle: BundleMeta, author_public_key: Ed25519PublicKey) -> bytes:
    """D5: check that the bundle's author sealed exactly this document into exactly this bundle.

    Returns its `document_digest`. Raises: SignatureError. The caller has the public key from the accreditation of
    `bundle.author`.
    """
    if len(document.nonce) != _NONCE:
        raise SignatureError
    message = author_message(bundle, document)
    try:
        author_public_key.verify(document.signature, message)
    except InvalidSignature:
        raise SignatureError from None
    return _digest(message, document)


def signer(
    document: SealedDocument, bundle: BundleMeta, author_keys: Sequence[Ed25519PublicKey]
) -> Ed25519PublicKey:
    """Choose among an author's present and former keys the one by which a document is signed.

    A single key is returned unlooked at: whoever uses it verifies. Raises: SignatureError when it is none of several.
    """
    if len(author_keys) == 1:
        return author_keys[0]
    for key in author_keys:
        with suppress(SignatureError):
            verify_author(document, bundle, key)
            return key
    raise SignatureError


def document_digest(bundle: BundleMeta, document: SealedDocument) -> bytes:
    """Commit to everything that is stored of a document, its signature included, for the log.

    Shape: 32 bytes.
    """
    return _digest(author_message(bundle, document), document)


def _digest(message: bytes, document: SealedDocument) -> bytes:
    return sha256(_STORED + message + document.signature).digest()


def open_document(
    key: ContentKey, *, bundle: BundleMeta, document: SealedDocument, author_key: Ed25519PublicKey
) -> PlainDocument:
    """R10: check the author, then open one document.

    Raises: SignatureError if the author did not seal this here; UnopenableError if it does not open.
    """
    verify_author(document, bundle, author_key)
    cipher = key.document_cipher(document.id, document.version)
    try:
        content = cipher.decrypt(document.nonce, document.ciphertext, _context(bundle, document))
    except (InvalidTag, ValueError):
        raise UnopenableError from None
    return PlainDocument(document.id, document.version, document.media_type, content)


def capsule_of(message_kit: bytes) -> bytes:
    """Take the capsule out of a bundle's message kit: the part that proxies work on.

    Shape: 105 bytes. Raises: SealError.
    """
    return bytes(read_message_kit(message_kit).capsule)
