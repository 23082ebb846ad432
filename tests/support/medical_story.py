"""One person with records, a hospital that wrote them, a clinic that reads them: the start of most tests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.medical_world import CLINIC, HOSPITAL, Running, Someone, World

from consent import base64url
from consent.compartments import Compartment, YearSpan
from consent.delegation import open_shared
from consent.identifiers import BundleId, DocumentId, OrganisationId, SubjectKeyId
from consent.notices import UnverifiedReaderNotice
from consent.publication import verify_publication
from consent.sealing import (
    BundleMeta,
    PlainDocument,
    SealedAs,
    SealedBundle,
    SealedDocument,
    open_document,
    seal_bundle,
)
from consent.statements import Selection
from consent.vocabulary import Body, Category
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.messages import (
    DepositAnswer,
    DepositRequest,
    ReadAnswer,
    ReadBundle,
)
from services.kit.clock import system_randomness

MEDICATION = [Compartment(Category.MEDICATION, year, 1) for year in (2024, 2025, 2026)]
LABORATORY = [Compartment(Category.LABORATORY, 2026, 1)]
ALL = [*MEDICATION, *LABORATORY]
CANARY = "SEKISHO-CANARY ワルファリン 3mg"
ASKED = Selection(frozenset({Category.MEDICATION}), YearSpan(2024, 2026))


def documents(count: int, *, prefix: str = "doc", version: int = 1) -> list[PlainDocument]:
    """Return documents with a canary in each."""
    return [
        PlainDocument(
            DocumentId(f"{prefix}-{n}"),
            version,
            "application/fhir+json",
            f"{CANARY} {prefix} {n} v{version}".encode(),
        )
        for n in range(count)
    ]


def seal(
    world: World,
    someone: Someone,
    plain: Sequence[PlainDocument],
    *,
    compartment: Compartment,
    author: OrganisationId = HOSPITAL,
) -> SealedBundle:
    """D3: seal documents of a person as an organisation does."""
    return seal_bundle(
        plain,
        subject=someone.wallet.subject,
        compartment=compartment,
        compartment_key=someone.wallet.compartment_public_key(compartment),
        author=author,
        author_key=world.members[author].keys.ed25519("author"),
        bundle_id=BundleId(base64url.encode(system_randomness(12))),
        randomness=system_randomness,
    )


def deposit(
    running: Running, someone: Someone, bundles: Sequence[SealedBundle], *, author: OrganisationId = HOSPITAL
) -> DepositAnswer:
    """D4: hand over sealed bundles."""
    world = running.world
    member = world.members[author]
    request = DepositRequest(
        token=world.pseudonym_token(someone, member), bundles=[worded_bundle(each) for each in bundles]
    )
    return running.medical(author).deposit(request, token=world.token(member))


def sealed_parts(bundle: ReadBundle) -> tuple[BundleMeta, list[SealedDocument]]:
    """Return what a bundle's documents share, and them."""
    meta = BundleMeta(
        id=BundleId(bundle.id),
        subject=SubjectKeyId(bundle.subject),
        compartment=Compartment.parse(bundle.compartment),
        message_kit=bundle.message_kit,
        author=OrganisationId(bundle.author),
        sealed_as=_origin(bundle),
    )
    return meta, [
        SealedDocument(
            DocumentId(each.id), each.version, each.media_type, each.nonce, each.ciphertext, each.signature
        )
        for each in bundle.documents
    ]


def open_answer(
    world: World, someone: Someone, answer: ReadAnswer, *, reader: OrganisationId = CLINIC
) -> dict[str, bytes]:
    """R9 and R10: open an answer as the reader does; returns contents by document id."""
    wallet, subject = someone.wallet.public_jwk(Body.MEDICAL), someone.wallet.subject
    notice = UnverifiedReaderNotice(answer.reader_notice).verify(wallet, subject)
    published = [verify_publication(each, wallet, subject) for each in answer.publications]
    opened: dict[str, bytes] = {}
    for bundle in answer.bundles:
        meta, documents = sealed_parts(bundle)
        key = open_shared(
            meta,
            publication=next(each for each in published if meta.compartment in each.keys),
            notice=notice,
            fragments=dict(bundle.fragments),
            receiving_key=world.members[reader].receiving_key,
        )
        author_key = world.members[meta.author].keys.ed25519("author").public_key()
        for sealed in documents:
            opened[sealed.id] = open_document(
                key, bundle=meta, document=sealed, author_key=author_key
            ).content
    return opened


def _origin(bundle: ReadBundle) -> SealedAs | None:
    told = bundle.sealed_as
    if told is None:
        return None
    compartment = Compartment.parse(told.compartment)
    return SealedAs(subject=SubjectKeyId(told.subject), compartment=compartment, kit_digest=told.kit_digest)


def read(
    running: Running, someone: Someone, *, reader: OrganisationId = CLINIC, selection: Selection = ASKED
) -> ReadAnswer:
    """R2: send one read."""
    world = running.world
    request = running.request(someone, reader, selection=selection)
    return running.medical(reader).read(request, token=world.token(world.members[reader]))


@contextmanager
def story(folder: Path) -> Iterator[tuple[Running, Someone]]:
    """Run the centre with one person who has medication records of 2025 and 2026 and a laboratory record."""
    world = World(folder)
    someone = Someone("hanako")
    with world.running() as running:
        start(running, someone)
        yield running, someone


def start(running: Running, someone: Someone) -> None:
    """Enrol the person and deposit records."""
    running.enrol(someone, ALL)
    world = running.world
    bundles = [
        seal(world, someone, documents(3, prefix="m26"), compartment=MEDICATION[2]),
        seal(world, someone, documents(2, prefix="m25"), compartment=MEDICATION[1]),
        seal(world, someone, documents(1, prefix="l26"), compartment=LABORATORY[0]),
    ]
    deposit(running, someone, bundles)
