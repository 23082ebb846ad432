"""One small honest world for the property tests: a person, a hospital, a clinic, three proxies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import shake_256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from consent.compartments import Compartment, YearSpan
from consent.delegation import FragmentPackage, ReceivingKey, reencrypt
from consent.directives import Effect, Grant, Notice, RecordScope, Terms, UnverifiedReaderNotice
from consent.identifiers import BundleId, DocumentId, OrganisationId, Pseudonym
from consent.notices import VerifiedReaderNotice
from consent.publication import VerifiedPublication, verify_publication
from consent.randomness import Randomness
from consent.recipients import Recipient
from consent.sealing import (
    NewBundle,
    PlainDocument,
    SealedBundle,
    capsule_of,
    seal_bundle,
)
from consent.vocabulary import PROXIES, Body, Category, Purpose
from consent.wallet import Wallet

NOW = datetime(2026, 4, 1, 9, 0, tzinfo=UTC)
MEDICATION = Compartment(Category.MEDICATION, 2026, 1)
CHECKUP = Compartment(Category.CHECKUP, 2026, 1)
HOSPITAL = OrganisationId("hospital-a")
CLINIC = OrganisationId("clinic-b")


def stream(name: str) -> Randomness:
    """A repeatable source of bytes, different for each name."""
    calls = iter(range(1 << 30))
    return lambda size: shake_256(f"{name}/{next(calls)}".encode()).digest(size)


def flipped(fields: object, name: str, position: int) -> dict[str, Any]:
    """One bit of one byte field changed, ready for `dataclasses.replace`."""
    return {name: flip(getattr(fields, name), position)}


def flip(raw: bytes, position: int) -> bytes:
    """One bit changed."""
    index = position % (8 * len(raw))
    return bytes(byte ^ (1 << index % 8 if place == index // 8 else 0) for place, byte in enumerate(raw))


@dataclass(frozen=True)
class Story:
    wallet: Wallet
    author_key: Ed25519PrivateKey
    reader: ReceivingKey
    publication: VerifiedPublication
    grant: Grant
    notice: VerifiedReaderNotice

    def package(self, body: Body, compartment: Compartment = MEDICATION) -> FragmentPackage:
        return self.grant.copies[body].fragments[compartment.label]

    def capsule_fragments(
        self, bundle: SealedBundle, bodies: Iterable[Body], compartment: Compartment = MEDICATION
    ) -> dict[Body, bytes]:
        capsule = capsule_of(bundle.message_kit)
        return {body: reencrypt(capsule, self.package(body, compartment).verify()) for body in bodies}

    def seal(
        self, documents: Iterable[PlainDocument], *, compartment: Compartment = MEDICATION, name: str = "b1"
    ) -> NewBundle:
        return seal_bundle(
            tuple(documents),
            subject=self.wallet.subject,
            compartment=compartment,
            compartment_key=self.publication.keys[compartment],
            author=HOSPITAL,
            author_key=self.author_key,
            bundle_id=BundleId(name),
            randomness=stream(name),
        )


def terms(*, categories: frozenset[Category] = frozenset({Category.MEDICATION, Category.CHECKUP})) -> Terms:
    notice = Notice.of_text(
        "示した文", text_id="share", version="1", language="ja", refusal_meaning="断っても診療は受けられます"
    )
    return Terms(
        recipient=Recipient(CLINIC),
        effect=Effect.PERMIT,
        purposes=frozenset({Purpose.TREAT}),
        scope=RecordScope(categories, YearSpan(2020, 2026)),
        valid_from=NOW,
        valid_until=NOW + timedelta(days=90),
        notice=notice,
    )


def handle_keys() -> Mapping[Body, X25519PrivateKey]:
    return {
        body: X25519PrivateKey.from_private_bytes(stream(f"handle-{body}")(32))
        for body in PROXIES
        if body is not Body.MEDICAL
    }


def tell(name: str) -> Story:
    wallet = Wallet.create(stream(f"{name}-wallet"))
    reader = ReceivingKey.create(stream(f"{name}-reader"))
    compartments = (MEDICATION, CHECKUP)
    medical_jwk = wallet.public_jwk(Body.MEDICAL)
    grant = wallet.grant(
        terms(),
        recipient_receiving_key=reader.public_bytes(),
        compartments=compartments,
        persons={body: Pseudonym(f"{name}-at-{body}") for body in PROXIES},
        handle_keys={body: key.public_key() for body, key in handle_keys().items()},
        now=NOW,
        randomness=stream(f"{name}-grant"),
    )
    notice = grant.copies[Body.MEDICAL].reader_notice
    assert notice is not None
    return Story(
        wallet=wallet,
        author_key=Ed25519PrivateKey.from_private_bytes(stream("author")(32)),
        reader=reader,
        publication=verify_publication(wallet.publish(compartments, NOW), medical_jwk, wallet.subject),
        grant=grant,
        notice=UnverifiedReaderNotice(notice).verify(medical_jwk, wallet.subject),
    )


def document(name: str, content: bytes = b"{}", version: int = 1) -> PlainDocument:
    return PlainDocument(DocumentId(name), version, "application/fhir+json", content)
