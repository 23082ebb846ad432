"""Records that their writer sealed so that nobody opens them: left out and named, so that one keeps no others shut.

A writer signs message kit and ciphertext. So what carries the signature and opens with no key was sealed so by its
writer, whom it could serve to lock somebody's records; what does not carry it was changed, and then nothing is used.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from consent.compartments import Compartment
from consent.identifiers import DocumentId, OrganisationId
from consent.sealing import BundleMeta, SealedDocument

logger = logging.getLogger("sekisho")


@dataclass(frozen=True, slots=True)
class Unopened:
    """A document that was left out: where it belongs, and who sealed it."""

    document: DocumentId
    compartment: Compartment
    author: OrganisationId

    @classmethod
    def of(cls, document: SealedDocument, bundle: BundleMeta) -> "Unopened":
        """Name a document of a bundle."""
        return cls(document.id, bundle.compartment, bundle.author)

    def __str__(self) -> str:
        place = self.compartment
        return (
            f"document {self.document} ({place.category} {place.year}) was left out: {self.author} sealed it so that "
            "no key of the person opens it; ask them for it"
        )


LeftOut = Callable[[Unopened], None]


def log_unopened(unopened: Unopened) -> None:
    """Say it in this program's log and nowhere else."""
    logger.warning("%s", unopened)
