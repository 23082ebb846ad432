"""Sealed documents and bundles as messages, and back."""

from consent.compartments import Compartment
from consent.identifiers import BundleId, DocumentId, OrganisationId, SubjectKeyId
from consent.sealing import SealedBundle, SealedDocument
from services.contracts.medical.messages import BundleMessage, DocumentMessage


def worded_document(document: SealedDocument) -> DocumentMessage:
    """Word a sealed document."""
    return DocumentMessage(
        id=document.id,
        version=document.version,
        media_type=document.media_type,
        nonce=document.nonce,
        ciphertext=document.ciphertext,
        signature=document.signature,
    )


def worded_bundle(bundle: SealedBundle) -> BundleMessage:
    """Word a sealed bundle for its deposit, which names subject and author for all of its bundles."""
    return BundleMessage(
        id=bundle.id,
        compartment=bundle.compartment.label,
        message_kit=bundle.message_kit,
        documents=[worded_document(each) for each in bundle.documents],
    )


def sealed_document(message: DocumentMessage) -> SealedDocument:
    """Return a document as it was sealed."""
    return SealedDocument(
        DocumentId(message.id),
        message.version,
        message.media_type,
        message.nonce,
        message.ciphertext,
        message.signature,
    )


def sealed_bundle(message: BundleMessage, *, subject: SubjectKeyId, author: OrganisationId) -> SealedBundle:
    """Return a bundle of a deposit as it was sealed; nothing is verified. Raises: MalformedError."""
    return SealedBundle(
        id=BundleId(message.id),
        subject=subject,
        compartment=Compartment.parse(message.compartment),
        message_kit=message.message_kit,
        author=author,
        documents=tuple(sealed_document(each) for each in message.documents),
    )
