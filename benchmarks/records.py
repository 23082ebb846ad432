"""Depositing and reading, with the bare cryptography of all parties together.

Added up, one after the other, is what the steps cannot do without, by the functions that the services call, on as many
bundles and bytes. TLS, the log's tree, the encryption of columns and the hashes of requests' content (DPoP) are left
out, though nobody can do without them either, so that ratios err upwards; that two processors work at once makes them
smaller. A deposit that goes in parts is counted as one request with one token. What is called, and how often:

deposit  D2 and D4: a request that names the person twice, and one that uses each token (three requests,
         `Signatures.requests`; two tokens named: Ed25519 signature and HPKE seal at the ID centre, opening and
         verification at the medical centre); D3 `seal_bundle` per bundle (which gives the digests
         that D7 compares); D5 `capsule_of` per bundle (the capsule is checked and taken out) and `verify_author`
         per document; D7 receipt signed and verified
read     R1 and R2: two requests, three tokens named of which two bodies open theirs; the statement signed, and
         verified at both bodies (ES256); R4 `document_digest` per document, which is compared with the log; R7
         handle opened (HPKE), checkpoint signed, verified, co-signed, verified; R6 and R7 `reencrypt` per bundle at
         both; F1 and F2 what both made is signed, the second body's signature verified; R9 notice verified,
         `open_shared` per bundle (two capsule fragments verified, one decryption); R10 `open_document` per document
         (author verified, AES-256-GCM)

Directives and compartment keys are not counted: who verified one remembers it by its bytes and does not do it again.
"""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from benchmarks.bare import Signatures
from benchmarks.measuring import Item
from benchmarks.stage import BUNDLES, CATEGORIES, DOCUMENT_BYTES, DOCUMENTS, Stage, terms_of
from consent.compartments import Compartment, YearSpan
from consent.delegation import ReceivingKey, VerifiedFragment, open_shared, reencrypt
from consent.identifiers import BundleId, DocumentId, OrganisationId, Pseudonym
from consent.notices import UnverifiedReaderNotice
from consent.publication import verify_publication
from consent.sealing import (
    PlainDocument,
    SealedBundle,
    capsule_of,
    document_digest,
    open_document,
    seal_bundle,
    verify_author,
)
from consent.vocabulary import PROXIES, Body, Purpose
from consent.wallet import Wallet
from services.gateway.clinic import open_documents, open_records
from services.gateway.hospital import FHIR_JSON, deposit
from services.kit.clock import system_clock, system_randomness

WRITER, READER = OrganisationId("hospital"), OrganisationId("clinic")
TWO: Final = (Body.MEDICAL, Body.OVERSIGHT)


def record_items(stage: Stage) -> list[Item]:
    """Return what is measured of records."""
    one = _Paper(stage.years, bundles=1, documents=1)
    some = _Paper(stage.years, bundles=BUNDLES, documents=DOCUMENTS)
    many = _Paper(stage.years, bundles=BUNDLES, documents=stage.many)
    return [
        _deposit(stage, some, ratio_aim=None),
        Item(
            "deposit one document",
            "document",
            1,
            lambda: deposit(stage.hospital, stage.patient, stage.records(1)),
            one.deposit,
        ),
        Item("read one document", "document", 1, lambda: _read_one(stage), one.read, ratio_aim=2.5),
        _read(stage, stage.owner, some, ratio_aim=None),
        _deposit(stage, many, ratio_aim=1.5),
        _read(stage, stage.owner_of_many, many, ratio_aim=1.5),
    ]


def _deposit(stage: Stage, paper: "_Paper", *, ratio_aim: float | None) -> Item:
    number = paper.documents

    def work() -> None:
        deposit(stage.hospital, stage.patient, stage.records(number))

    name = f"deposit {number:,} documents"
    return Item(name, "document", number, work, paper.deposit, ratio_aim=ratio_aim)


def _read(stage: Stage, owner: str, paper: "_Paper", *, ratio_aim: float | None) -> Item:
    number, categories = paper.documents, frozenset(CATEGORIES)

    def work() -> None:
        opened = open_records(
            stage.clinic, owner, categories=categories, years=stage.years, purpose=Purpose.TREAT
        )
        _expect(len(opened) == number)

    name = f"read {number:,} documents"
    return Item(name, "document", number, work, paper.read, ratio_aim=ratio_aim)


def _read_one(stage: Stage) -> None:
    opened = open_documents(
        stage.clinic, stage.owner, documents=frozenset({stage.document}), purpose=Purpose.TREAT
    )
    _expect(len(opened) == 1)


def _expect(complete: bool, /) -> None:
    if not complete:
        raise RuntimeError(
            "a read brought other documents than were deposited; the figures would be worthless"
        )


class _Paper:
    """All parties of a deposit and a read in one place, with so many bundles and documents."""

    def __init__(self, years: YearSpan, *, bundles: int, documents: int) -> None:
        self.documents = documents
        self._signatures = Signatures()
        self._wallet = Wallet.create(system_randomness)
        self._author = Ed25519PrivateKey.generate()
        self._reader = ReceivingKey.create(system_randomness)
        places = [
            Compartment(category, year, 1)
            for category in CATEGORIES
            for year in range(years.first, years.last + 1)
        ]
        self._compartments = places[:bundles]
        self._plain = [
            PlainDocument(DocumentId(f"document-{number}"), 1, FHIR_JSON, bytes(DOCUMENT_BYTES))
            for number in range(documents)
        ]
        self._grant(years)
        self._stored = self._seal()
        self._capsules = {each.id: capsule_of(each.message_kit) for each in self._stored}

    def deposit(self) -> None:
        """What D2 to D7 cannot do without."""
        self._signatures.requests(3)
        self._signatures.ed25519(signed=2 + 1, verified=2 + 1)
        self._signatures.hpke(sealed=2, opened=2)
        key = self._author.public_key()
        for bundle in self._seal():
            capsule_of(bundle.message_kit)
            for document in bundle.documents:
                verify_author(document, bundle, key)

    def read(self) -> None:
        """What R1 to R10 cannot do without."""
        self._signatures.requests(2)
        self._signatures.es256(signed=1, verified=2)
        self._signatures.ed25519(signed=3 + 2 + 2, verified=2 + 2 + 1 + 1)
        self._signatures.hpke(sealed=3, opened=2 + 1)
        key = self._author.public_key()
        for bundle in self._stored:
            capsule, label = self._capsules[bundle.id], bundle.compartment.label
            content_key = open_shared(
                bundle,
                publication=self._publication,
                notice=self._notice,
                fragments={body: reencrypt(capsule, self._fragments[body][label]) for body in TWO},
                receiving_key=self._reader,
            )
            for document in bundle.documents:
                document_digest(bundle, document)
                open_document(content_key, bundle=bundle, document=document, author_key=key)

    def _grant(self, years: YearSpan) -> None:
        wallet, now = self._wallet, system_clock()
        public = wallet.public_jwk(Body.MEDICAL)
        self._publication = verify_publication(
            wallet.publish(self._compartments, now), public, wallet.subject
        )
        grant = wallet.grant(
            terms_of(READER, years),
            recipient_receiving_key=self._reader.public_bytes(),
            compartments=self._compartments,
            persons={body: Pseudonym(body.value) for body in PROXIES},
            handle_keys={
                body: X25519PrivateKey.generate().public_key() for body in PROXIES if body is not Body.MEDICAL
            },
            now=now,
            randomness=system_randomness,
        )
        self._fragments: dict[Body, dict[str, VerifiedFragment]] = {
            body: {label: package.verify() for label, package in grant.copies[body].fragments.items()}
            for body in TWO
        }
        notice = UnverifiedReaderNotice(grant.copies[Body.MEDICAL].reader_notice or "")
        self._notice = notice.verify(public, wallet.subject)

    def _seal(self) -> list[SealedBundle]:
        number = len(self._compartments)
        return [
            seal_bundle(
                self._plain[place::number],
                subject=self._wallet.subject,
                compartment=compartment,
                compartment_key=self._publication.keys[compartment],
                author=WRITER,
                author_key=self._author,
                bundle_id=BundleId(f"bundle-{place}"),
                randomness=system_randomness,
            )
            for place, compartment in enumerate(self._compartments)
        ]
