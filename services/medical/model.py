"""What the medical centre thinks in: logged deposits, stored rows, a read on its way."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TypeAlias

from pydantic import JsonValue

from consent import base64url
from consent.compartments import Compartment
from consent.identifiers import BundleId, DocumentId, OrganisationId
from consent.sealing import SealedAs, SealedBundle, SealedDocument
from consent.vocabulary import Category

Place: TypeAlias = tuple[Category, int]
"""Category and year: what a person permits, whatever the version of the key."""


@dataclass(frozen=True, slots=True)
class LoggedDocument:
    """One document as the log knows it. Shape: digest 32 bytes, `consent.sealing.document_digest`."""

    id: DocumentId
    version: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class LoggedBundle:
    """One bundle as the log knows it."""

    id: BundleId
    compartment: Compartment
    documents: tuple[LoggedDocument, ...]

    @property
    def place(self) -> Place:
        """Category and year."""
        return self.compartment.category, self.compartment.year


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """A bundle's row; `compartment` is the one whose key opens it now.

    `sealed_as` and `position` (of the log entry with the present header) are there when it was handed over.
    """

    id: BundleId
    compartment: Compartment
    author: OrganisationId
    capsule: bytes
    message_kit: bytes
    sealed_as: SealedAs | None = None
    position: int | None = None

    @property
    def first_compartment(self) -> Compartment:
        """Where its author sealed it."""
        return self.compartment if self.sealed_as is None else self.sealed_as.compartment


@dataclass(frozen=True, slots=True)
class IncomingBundle:
    """A verified bundle of a deposit (D5), with what the store and the log need of it."""

    sealed: SealedBundle
    capsule: bytes
    digests: tuple[bytes, ...]

    def logged(self) -> LoggedBundle:
        """Return how the log will know it."""
        documents = zip(self.sealed.documents, self.digests, strict=True)
        return LoggedBundle(
            self.sealed.id,
            self.sealed.compartment,
            tuple(LoggedDocument(each.id, each.version, digest) for each, digest in documents),
        )


@dataclass(frozen=True, slots=True)
class ServedBundle:
    """A bundle of an answer: verified against the log, as stored."""

    stored: StoredBundle
    documents: tuple[SealedDocument, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewHeader:
    """The header that a bundle is to have: its content key under a key of the wallet to come."""

    bundle: BundleId
    compartment: Compartment
    message_kit: bytes = field(repr=False)

    def logged(self) -> list[JsonValue]:
        """Return how the log knows it: id, compartment, digest of the message kit."""
        digest = base64url.encode(sha256(self.message_kit).digest())
        return [self.bundle, self.compartment.label, digest]


def hand_over_detail(headers: Sequence[NewHeader], successor: str) -> dict[str, JsonValue]:
    """Return the part of an event that commits to new headers and to whose key they are under."""
    return {"successor": successor, "headers": [each.logged() for each in headers]}


def deposit_detail(bundles: list[LoggedBundle]) -> dict[str, JsonValue]:
    """Return the part of a deposit's event that commits to every stored document."""
    return {
        "bundles": [
            {
                "id": each.id,
                "compartment": each.compartment.label,
                "documents": [[one.id, one.version, base64url.encode(one.digest)] for one in each.documents],
            }
            for each in bundles
        ]
    }


def read_deposit_detail(
    event: Mapping[str, JsonValue], *, within: Set[Place] | None = None
) -> list[LoggedBundle]:
    """Read what `deposit_detail` wrote, from an opening that was checked against its leaf; `within` names places.

    Raises: KeyError, TypeError, ValueError for the event of something else.
    """
    detail = event["detail"]
    if not isinstance(detail, dict) or not isinstance(bundles := detail["bundles"], list):
        raise TypeError("not the event of a deposit")
    found = (_logged_bundle(each, within) for each in bundles)
    return [each for each in found if each is not None]


def _logged_bundle(told: JsonValue, within: Set[Place] | None) -> LoggedBundle | None:
    if not isinstance(told, dict) or not isinstance(documents := told["documents"], list):
        raise TypeError("not the event of a deposit")
    compartment = Compartment.parse(str(told["compartment"]))
    if within is not None and (compartment.category, compartment.year) not in within:
        return None  # a read of one document does not read what is told of the thousand beside it
    return LoggedBundle(
        BundleId(str(told["id"])), compartment, tuple(_logged_document(each) for each in documents)
    )


def _logged_document(told: JsonValue) -> LoggedDocument:
    if not isinstance(told, list) or len(told) != 3 or not isinstance(version := told[1], int):
        raise TypeError("not the event of a deposit")
    return LoggedDocument(DocumentId(str(told[0])), version, base64url.decode(str(told[2])))
