"""A person's own records: fetched sealed, opened here by the wallet and by nothing else."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.compartments import YearSpan
from consent.errors import ConsentError, MalformedError, UnopenableError
from consent.identifiers import BundleId, OrganisationId
from consent.jwk import PublicJwk, thumbprint
from consent.sealing import BundleMeta, PlainDocument, SealedDocument, signer, verify_author
from consent.streams import LargeDocument, StreamCipher, StreamName, signed
from consent.vocabulary import Body, Category
from consent.wallet import Wallet
from services.contracts.medical.bundles import sealed_document
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import AskOwnSegment, OwnRecordsRequest, ReadBundle
from services.gateway.authors import AuthorKeys, author_keys
from services.gateway.errors import NotVerifiedError
from services.gateway.large_documents import unwatched
from services.gateway.large_reading import write_whole
from services.gateway.origins import bundle_meta
from services.gateway.person import Person
from services.gateway.unopened import LeftOut, Unopened, log_unopened
from services.kit.keys import write_new


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """One of the person's documents: of what kind and year, who wrote it, and what it says."""

    category: Category
    year: int
    author: OrganisationId
    document: PlainDocument
    bundle: BundleId
    large: "OwnLarge | None" = None


@dataclass(frozen=True, slots=True)
class OwnLarge:
    """What a document stands for that is too large for one answer, and what its segments open with."""

    name: StreamName
    told: LargeDocument
    cipher: StreamCipher


def own_records(
    person: Person,
    *,
    categories: Collection[Category] | None = None,
    years: YearSpan | None = None,
    left_out: LeftOut = log_unopened,
) -> list[OwnRecord]:
    """Fetch and open what is stored about the person, newest versions, oldest deposit first.

    Guarantees: each document is what its author sealed, under a key of this very wallet. What its author sealed so that
    nothing opens it, or says of a large document what nobody can read, is left out.
    Raises: RefusedError, NotVerifiedError, CardFileError, kit's PeerUnavailableError.
    """
    wallet = person.wallet
    directory, present = person.directory(), wallet.public_jwk(Body.MEDICAL)
    found: list[OwnRecord] = []
    for bundle in _bundles(person, categories, years):
        try:
            former = _former(person, bundle)
            authors = author_keys(directory, (present, *former))
            meta = bundle_meta(bundle, {thumbprint(each) for each in former})
            for sealed in map(sealed_document, bundle.documents):
                key = signer(sealed, meta, _keys(authors, meta.author))
                record = _opened(wallet, meta, sealed, key)
                if record is None:
                    left_out(Unopened.of(sealed, meta))
                else:
                    found.append(record)
        except ConsentError as error:
            raise NotVerifiedError(
                "the medical centre holds a record under your name that is not sealed to you; report this"
            ) from error
    return found


def save_records(person: Person, records: Sequence[OwnRecord], folder: Path) -> list[Path]:
    """Write each record to a file of its own that nobody else can read; nothing that is there is overwritten.

    A large one is fetched now, segment by segment. Raises: FileExistsError, and as `own_records`; LargeFileError.
    """
    width = len(str(len(records)))
    files = []
    for number, each in enumerate(records, 1):
        # a document's id is its author's: a name for a file is made here
        suffix = "json" if _is_json(each.document) else "bin"
        file = folder / f"{number:0{width}d}-{each.category.value}-{each.year}.{suffix}"
        if file.exists():
            raise FileExistsError(f"{file} is there already; name an empty folder")
        files.append(file)
    for file, each in zip(files, records, strict=True):
        if each.large is None:
            write_new(file, each.document.content)
    # behind the others, as it bears the name that its author gave it
    for number, each in enumerate(records):
        if each.large is not None:
            files[number] = save_large(person, each.document, each.large, folder)
    return files


def save_large(
    person: Person, document: PlainDocument, large: OwnLarge, folder: Path, *, reserved: Collection[str] = ()
) -> Path:
    """Fetch and open one's own large document into a folder, under no reserved name.

    Raises: NotVerifiedError, LargeFileError, RefusedError.
    """

    def segment(number: int) -> bytes:
        message = AskOwnSegment(document=document.id, version=document.version, number=number)
        return person.ask(
            Body.MEDICAL, lambda http, token: MedicalClient(http).own_segment(message, token=token)
        ).content

    segments = (segment(number) for number in range(large.name.segments))
    try:
        return write_whole(
            large.cipher.open(signed(large.name, segments)),
            large.told,
            folder,
            watch=unwatched,
            reserved=reserved,
        )
    except ConsentError as error:
        raise NotVerifiedError(f"the large document does not verify: {error}") from error


def _opened(
    wallet: Wallet, meta: BundleMeta, sealed: SealedDocument, key: Ed25519PublicKey
) -> OwnRecord | None:
    """Return a record; None where its author sealed it so that it opens with no key. Raises: ConsentError."""
    try:
        (opened,) = wallet.open_own(meta, [sealed], author_key=key)
        large = _large(wallet, meta, opened)
    except (UnopenableError, MalformedError):
        verify_author(sealed, meta, key)
        return None
    return OwnRecord(meta.compartment.category, meta.compartment.year, meta.author, opened, meta.id, large)


def _large(wallet: Wallet, meta: BundleMeta, document: PlainDocument) -> OwnLarge | None:
    name = StreamName.of(document.media_type)
    if name is None:
        return None
    told = LargeDocument.from_content(document.content)
    cipher = StreamCipher(wallet.own_key(meta), meta, document.id, document.version, large=told)
    return OwnLarge(name, told, cipher)


def _bundles(
    person: Person, categories: Collection[Category] | None, years: YearSpan | None
) -> Iterator[ReadBundle]:
    start: int | None = 0
    while start is not None:
        message = OwnRecordsRequest(
            categories=None if categories is None else sorted(categories),
            first_year=years.first if years else 0,
            last_year=years.last if years else 9999,
            start=start,
        )
        part = person.ask(
            Body.MEDICAL,
            lambda http, token: MedicalClient(http).own_records(message, token=token),  # noqa: B023 - called here
        )
        yield from part.bundles
        if part.next is not None and part.next <= start:
            raise NotVerifiedError("the medical centre shows the same records again; report this")
        start = part.next


def _keys(authors: AuthorKeys, author: OrganisationId) -> Sequence[Ed25519PublicKey]:
    if author not in authors:
        raise NotVerifiedError("a record is by an author that was never accredited; report this")
    return authors[author]


def _former(person: Person, bundle: ReadBundle) -> Sequence[PublicJwk]:
    return () if bundle.sealed_as is None else person.former_keys(Body.MEDICAL)


def _is_json(document: PlainDocument) -> bool:
    try:
        json.loads(document.content)
    except (ValueError, RecursionError):
        return False
    return True
