"""Attacks of bodies and their administrators on sealed records, at the level of the library."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from nucypher_core import MessageKit
from nucypher_core.umbral import KeyFrag, PublicKey, SecretKey
from nucypher_core.umbral import reencrypt as raw_reencrypt

from consent.compartments import Compartment, YearSpan
from consent.delegation import ReceivingKey, load_verified_fragment_from_own_store, open_shared, reencrypt
from consent.directives import Effect, Grant, Notice, RecordScope, Terms, UnverifiedReaderNotice
from consent.errors import FaultyProxyError, SealError, SignatureError, TooFewFragmentsError
from consent.identifiers import BundleId, DocumentId, OrganisationId, Pseudonym
from consent.publication import verify_publication
from consent.recipients import Recipient
from consent.sealing import (
    ContentKey,
    PlainDocument,
    SealedBundle,
    SealedDocument,
    capsule_of,
    document_digest,
    open_document,
    seal_bundle,
    verify_author,
)
from consent.vocabulary import PROXIES, Body, Category, Purpose
from consent.wallet import Wallet

NOW = datetime(2026, 4, 1, tzinfo=UTC)
COMPARTMENT = Compartment(Category.MEDICATION, 2026, 1)
HOSPITAL = Ed25519PrivateKey.generate()
AUTHOR = HOSPITAL.public_key()
RECEIVER_SIGNATURE = slice(244, 308)


class Patient:
    """A person with a wallet, one sealed bundle and one permission for a clinic."""

    def __init__(self, name: str, reader: ReceivingKey) -> None:
        self.name, self.wallet, self.reader = name, Wallet.create(token_bytes), reader
        self.jwk = self.wallet.public_jwk(Body.MEDICAL)
        token = self.wallet.publish([COMPARTMENT], NOW)
        self.publication = verify_publication(token, self.jwk, self.wallet.subject)
        self.bundle = self.sealed(1, b"first text", b"second text")
        self.grant = self.granted()

    def sealed(self, version: int, *contents: bytes) -> SealedBundle:
        documents = [
            PlainDocument(DocumentId(f"{self.name}-{n}"), version, "text/plain", content)
            for n, content in enumerate(contents)
        ]
        return seal_bundle(
            documents,
            subject=self.wallet.subject,
            compartment=COMPARTMENT,
            compartment_key=self.publication.keys[COMPARTMENT],
            author=OrganisationId("hospital-a"),
            author_key=HOSPITAL,
            bundle_id=BundleId(f"{self.name}-bundle"),
            randomness=token_bytes,
        )

    def granted(self) -> Grant:
        notice = Notice.of_text("t", text_id="t", version="1", language="ja", refusal_meaning="r")
        terms = Terms(
            recipient=Recipient(OrganisationId("clinic-b")),
            effect=Effect.PERMIT,
            purposes=frozenset({Purpose.TREAT}),
            scope=RecordScope(frozenset({COMPARTMENT.category}), YearSpan(2026, 2026)),
            valid_from=NOW,
            valid_until=NOW + timedelta(days=30),
            notice=notice,
        )
        handle_keys: dict[Body, X25519PublicKey] = {
            body: X25519PrivateKey.generate().public_key() for body in PROXIES if body is not Body.MEDICAL
        }
        return self.wallet.grant(
            terms,
            recipient_receiving_key=self.reader.public_bytes(),
            compartments=[COMPARTMENT],
            persons={body: Pseudonym(f"{self.name}-{body}") for body in PROXIES},
            handle_keys=handle_keys,
            now=NOW,
            randomness=token_bytes,
        )

    def released(self, bodies: Iterable[Body]) -> dict[Body, bytes]:
        capsule = capsule_of(self.bundle.message_kit)
        packages = {body: self.grant.copies[body].fragments[COMPARTMENT.label] for body in bodies}
        return {body: reencrypt(capsule, package.verify()) for body, package in packages.items()}

    def open(self, fragments: dict[Body, bytes], bundle: SealedBundle | None = None) -> ContentKey:
        notice = self.grant.copies[Body.MEDICAL].reader_notice
        assert notice is not None
        return open_shared(
            bundle or self.bundle,
            publication=self.publication,
            notice=UnverifiedReaderNotice(notice).verify(self.jwk, self.wallet.subject),
            fragments=fragments,
            receiving_key=self.reader,
        )


READER = ReceivingKey.create(token_bytes)
HANAKO, TARO = Patient("hanako", READER), Patient("taro", READER)


def read(patient: Patient, bundle: SealedBundle, document: SealedDocument) -> bytes:
    key = patient.open(patient.released(PROXIES[:2]), bundle)
    return open_document(key, bundle=bundle, document=document, author_key=AUTHOR).content


def test_honest_reading_succeeds() -> None:
    """The counterpart of the refusals below: nothing else stands in the way."""
    assert read(HANAKO, HANAKO.bundle, HANAKO.bundle.documents[1]) == b"second text"


# step R6
@pytest.mark.parametrize("body", PROXIES)
def test_one_body_with_the_reader_cannot_open(body: Body) -> None:
    """IL2: below the threshold a body's fragment and the reader's key open nothing, however often used."""
    one = HANAKO.released([body])
    with pytest.raises(TooFewFragmentsError):
        HANAKO.open(one)
    # Playing the absent body with the same fragment, re-encrypted once more with fresh randomness.
    others = [other for other in PROXIES if other is not body]
    for other in others:
        with pytest.raises(SealError):
            HANAKO.open(one | {other: HANAKO.released([body])[body]})
    # Skipping our own check of the threshold: the mathematics refuses as well.
    kit = MessageKit.from_bytes(HANAKO.bundle.message_kit)
    secret = SecretKey.from_be_bytes(READER.to_secret_bytes())
    delegating = PublicKey.from_compressed_bytes(HANAKO.publication.keys[COMPARTMENT])
    package = HANAKO.grant.copies[body].fragments[COMPARTMENT.label]
    verified = KeyFrag.from_bytes(package.kfrag).skip_verification()
    with pytest.raises(ValueError):
        kit.decrypt_reencrypted(secret, delegating, [raw_reencrypt(kit.capsule, verified)])


def test_fragments_of_two_grants_do_not_add_up() -> None:
    """IL2: one body's fragments of two permissions for the same compartment are not two fragments."""
    first = HANAKO.released([Body.MEDICAL])
    again = HANAKO.granted().copies[Body.OVERSIGHT].fragments[COMPARTMENT.label].verify()
    second = reencrypt(capsule_of(HANAKO.bundle.message_kit), again)
    with pytest.raises(FaultyProxyError):
        HANAKO.open(first | {Body.OVERSIGHT: second})


def test_bodies_without_the_reader_cannot_open() -> None:
    """IL1, IL2: all three bodies together, with a key of their own instead of the reader's."""
    notice = HANAKO.grant.copies[Body.MEDICAL].reader_notice
    assert notice is not None
    with pytest.raises(FaultyProxyError):
        open_shared(
            HANAKO.bundle,
            publication=HANAKO.publication,
            notice=UnverifiedReaderNotice(notice).verify(HANAKO.jwk, HANAKO.wallet.subject),
            fragments=HANAKO.released(PROXIES),
            receiving_key=ReceivingKey.create(token_bytes),
        )


def test_swapped_ciphertexts_of_two_patients_are_refused() -> None:
    """IT5: the medical centre's administrator exchanges two patients' document rows."""
    stranger = TARO.bundle.documents[0]
    dressed = replace(stranger, id=HANAKO.bundle.documents[0].id)
    for document in (stranger, dressed):
        with pytest.raises(SignatureError):
            verify_author(document, HANAKO.bundle, AUTHOR)
        with pytest.raises(SignatureError):
            read(HANAKO, HANAKO.bundle, document)


def test_swapped_capsules_of_two_patients_are_refused() -> None:
    """IT5: the administrator exchanges the encrypted content keys of two patients."""
    swapped = replace(HANAKO.bundle, message_kit=TARO.bundle.message_kit)
    with pytest.raises(SignatureError):
        verify_author(swapped.documents[0], swapped, AUTHOR)
    with pytest.raises(FaultyProxyError):
        read(HANAKO, swapped, swapped.documents[0])


def test_whole_bundle_of_another_patient_is_refused() -> None:
    """IT5: the administrator answers with another patient's bundle in one piece."""
    with pytest.raises(SealError):
        HANAKO.open(HANAKO.released(PROXIES), TARO.bundle)
    relabelled = replace(TARO.bundle, subject=HANAKO.wallet.subject)
    with pytest.raises(FaultyProxyError):
        HANAKO.open(HANAKO.released(PROXIES), relabelled)


def test_older_version_cannot_pose_as_the_newer_one() -> None:
    """IT5: a row rolled back is refused under the new version and has another digest than the log's."""
    newer = HANAKO.sealed(2, b"corrected text", b"second text")
    old, new = HANAKO.bundle.documents[0], newer.documents[0]
    for posing in (replace(old, version=2), replace(new, ciphertext=old.ciphertext, nonce=old.nonce)):
        with pytest.raises(SignatureError):
            verify_author(posing, newer, AUTHOR)
    with pytest.raises(SignatureError):
        verify_author(old, newer, AUTHOR)
    assert document_digest(HANAKO.bundle, old) != document_digest(newer, new)


# step P5
@pytest.mark.parametrize("body", PROXIES)
def test_fragment_with_broken_receiver_signature_is_refused_at_grant_time(body: Body) -> None:
    """IT8: the binding's own check accepts it, the trial re-encryption does not."""
    package = HANAKO.grant.copies[body].fragments[COMPARTMENT.label]
    raw = bytearray(package.kfrag)
    raw[RECEIVER_SIGNATURE.start + 7] ^= 1
    keys = (package.verifying_key, package.delegating_key, package.receiving_key)
    KeyFrag.from_bytes(bytes(raw)).verify(*map(PublicKey.from_compressed_bytes, keys))
    with pytest.raises(SealError):
        replace(package, kfrag=bytes(raw)).verify()


def test_fragment_of_another_person_is_refused_at_grant_time() -> None:
    """IT8: a wrong fragment under a right description."""
    package = HANAKO.grant.copies[Body.OVERSIGHT].fragments[COMPARTMENT.label]
    foreign = TARO.grant.copies[Body.OVERSIGHT].fragments[COMPARTMENT.label]
    with pytest.raises(SealError):
        replace(package, kfrag=foreign.kfrag).verify()


# step R9
@pytest.mark.parametrize("faulty", PROXIES)
def test_body_that_uses_a_wrong_fragment_is_named(faulty: Body) -> None:
    """IT8: whether corrupted after storing or taken from another permission, the reader learns by whom."""
    capsule = capsule_of(HANAKO.bundle.message_kit)
    package = HANAKO.grant.copies[faulty].fragments[COMPARTMENT.label]
    raw = bytearray(package.kfrag)
    raw[RECEIVER_SIGNATURE.start] ^= 1
    corrupted = load_verified_fragment_from_own_store(replace(package, kfrag=bytes(raw)))
    foreign = TARO.grant.copies[faulty].fragments[COMPARTMENT.label].verify()
    for wrong in (reencrypt(capsule, corrupted), reencrypt(capsule, foreign), b"", b"\0" * 381):
        with pytest.raises(FaultyProxyError) as refusal:
            HANAKO.open(HANAKO.released(PROXIES) | {faulty: wrong})
        assert refusal.value.body is faulty


def test_reader_still_opens_without_the_faulty_body() -> None:
    """IT8: the two honest bodies are enough once the faulty one is left out."""
    key = HANAKO.open(HANAKO.released([Body.MEDICAL, Body.IDENTITY]))
    opened = open_document(key, bundle=HANAKO.bundle, document=HANAKO.bundle.documents[0], author_key=AUTHOR)
    assert opened.content == b"first text"
