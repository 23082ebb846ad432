"""Depositing, steps D1 to D7 on the writer's side: link the person, check keys, seal, send, check the receipt."""

import hmac
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import ValidationError

from consent import base64url, jws
from consent.compartments import Compartment
from consent.errors import ConsentError
from consent.identifiers import BundleId, DocumentId, SubjectKeyId
from consent.publication import VerifiedPublication, verify_publication
from consent.sealing import NewBundle, PlainDocument, check_documents, seal_bundle
from consent.vocabulary import Body
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import PresentCard, PseudonymTokens
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import (
    MAX_BUNDLES,
    RECEIPT_TYPE,
    CategoryYear,
    CompartmentSearch,
    DepositReceipt,
    DepositRequest,
)
from services.gateway.clinical import ClinicalRecord
from services.gateway.deposit_book import DepositBook, Place, SentPart, telling_parts
from services.gateway.errors import NotVerifiedError
from services.gateway.naming import NamesAhead
from services.gateway.organisation import Organisation
from services.gateway.person import Person

FHIR_JSON: Final = "application/fhir+json"
PART_BYTES: Final = 750_000
"""Of documents in one request, as long as it is several bundles; base64 and keys make it about half as large again."""

_NAMING: Final = b"sekisho-document-names/1"


@dataclass(frozen=True, slots=True)
class SubjectKeys:
    """A person's wallet as the ID centre vouches for it, and the keys that are open for writing now."""

    subject: SubjectKeyId
    keys: Mapping[Place, tuple[Compartment, bytes]]


@dataclass(frozen=True, slots=True)
class Deposited:
    """What the medical centre's receipts (JWS, in order) acknowledge, and under which ids it knows the documents.

    `before` says how many of them were stored before, as the book knew.
    """

    receipts: tuple[str, ...]
    documents: Mapping[str, DocumentId]
    before: int = 0


def link(organisation: Organisation, person: Person) -> str:
    """D1: have the person's card presented here; return how this organisation names the person from now on.

    Raises: RefusedError.
    """
    message = PresentCard(presentation=person.present(organisation.id))
    return organisation.ask(
        Body.IDENTITY, lambda http, token: IdentityClient(http).link(message, token=token)
    ).reference


def deposit(
    organisation: Organisation, reference: str, records: Iterable[ClinicalRecord], *, book: Path | None = None
) -> Deposited:
    """D2 to D7: seal a linked person's new records by category and year, and deposit them.

    Guarantees: every receipt is the medical centre's and names exactly what was sent. With the same `book`, a file of
    this person's, a deposit that was broken off goes on, and what is stored already is not sent again.
    Raises: RefusedError, NotVerifiedError, DepositFileError, kit's PeerUnavailableError; PartlyDepositedError.
    """
    namer = DocumentNamer(organisation, reference)
    names: dict[str, DocumentId] = {}
    groups: dict[Place, list[PlainDocument]] = defaultdict(list)
    for record in records:
        names[record.name] = namer.name(record.name)
        plain = PlainDocument(names[record.name], 1, FHIR_JSON, record.content)
        groups[record.category, record.year].append(plain)
    kept = DepositBook.at(book, key=organisation.naming)
    before = kept.known(groups)
    return Deposited(deposit_documents(organisation, reference, groups, book=kept), names, before)


def deposit_documents(
    organisation: Organisation,
    reference: str,
    documents: Mapping[Place, Sequence[PlainDocument]],
    *,
    book: DepositBook,
) -> tuple[str, ...]:
    """D2 to D7 for documents that have ids and versions already; return the receipts.

    While one part is on its way, the next one is sealed; when one is refused, none after it is sent.
    Raises: as `deposit`.
    """
    for content in documents.values():
        check_documents(content)  # what cannot be sealed is found before anything is sent
    names = NamesAhead(organisation, reference, Body.MEDICAL)
    receipts = book.settle(lambda part: hand_over_part(organisation, names.take(needed=1), part))
    left = book.left_of(documents)
    if left:
        parts = in_parts(left)
        with telling_parts(receipts, parts=len(receipts) + len(parts)):
            _hand_over_all(organisation, names, left, parts=parts, book=book, receipts=receipts)
    return tuple(receipts)


def _hand_over_all(
    organisation: Organisation,
    names: NamesAhead,
    documents: Mapping[Place, Sequence[PlainDocument]],
    *,
    parts: Sequence[Sequence[Place]],
    book: DepositBook,
    receipts: list[str],
) -> None:
    known = find_keys(organisation, names.take(needed=1 + len(parts)), documents.keys())
    under_way: Callable[[], str] | None = None
    with ThreadPoolExecutor(1, thread_name_prefix="deposit") as sender:
        try:
            for number, places in enumerate(parts):
                bundles = [seal(organisation, known, place, documents[place]) for place in places]
                named = names.take(needed=len(parts) - number)
                if under_way is not None:
                    answer, under_way = under_way, None
                    receipts.append(answer())
                part = book.begin(bundles, {place: documents[place] for place in places})
                sent = sender.submit(hand_over_part, organisation, named, part)
                under_way = partial(book.end, part, sent.result)
        finally:  # also of what is under way when the next part cannot be sealed or named
            if under_way is not None:
                receipts.append(under_way())


class DocumentNamer:
    """Names documents towards the medical centre: the same resource always alike, and telling nothing about it."""

    def __init__(self, organisation: Organisation, reference: str) -> None:
        hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=_NAMING + reference.encode())
        self._key = hkdf.derive(organisation.naming)

    def name(self, resource: str) -> DocumentId:
        """Return the document id of a resource. Shape: 22 characters."""
        return DocumentId(base64url.encode(hmac.digest(self._key, resource.encode(), "sha256")[:16]))


def find_keys(organisation: Organisation, named: PseudonymTokens, places: Iterable[Place]) -> SubjectKeys:
    """D2: ask for the compartments' keys and check them against the wallet that the ID centre vouches for.

    Uses up the token. Raises: RefusedError; NotVerifiedError when the medical centre shows a foreign, unsigned or
    outdated key.
    """
    wanted = list(places)
    listed = [CategoryYear(category=category, year=year) for category, year in wanted]
    message = CompartmentSearch(token=named.tokens[Body.MEDICAL], compartments=listed)
    found = organisation.ask(
        Body.MEDICAL, lambda http, token: MedicalClient(http).search(message, token=token)
    )
    subject, publications = verified_publications(named, found.publications)
    newest: dict[Place, tuple[Compartment, bytes]] = {}
    for publication in publications:
        for compartment, key in publication.keys.items():
            place = (compartment.category, compartment.year)
            if place not in newest or newest[place][0].version < compartment.version:
                newest[place] = (compartment, key)
    for category, year in wanted:
        label = found.open.get(f"{category}/{year}")
        if label is None:
            raise NotVerifiedError(
                f"the person has published no key for {category}/{year}; ask for one in My Portal"
            )
        if (category, year) not in newest or newest[category, year][0].label != label:
            raise NotVerifiedError(f"the medical centre opens {label}, which is not the person's newest key")
    return SubjectKeys(subject, newest)


def verified_publications(
    named: PseudonymTokens, publications: Sequence[str]
) -> tuple[SubjectKeyId, list[VerifiedPublication]]:
    """Check publications against the wallet that the ID centre, not the medical centre, names.

    Raises: NotVerifiedError.
    """
    if named.subject is None or named.wallet_key is None:
        raise NotVerifiedError(
            "the ID centre knows no wallet of this person; have the wallet registered first"
        )
    subject = SubjectKeyId(named.subject)
    try:
        return subject, [verify_publication(each, named.wallet_key, subject) for each in publications]
    except ConsentError as error:
        raise NotVerifiedError(
            "a compartment key is not signed by the person's wallet; report this"
        ) from error


def seal(
    organisation: Organisation, known: SubjectKeys, place: Place, documents: Sequence[PlainDocument]
) -> NewBundle:
    """D3: seal and sign one bundle."""
    compartment, key = known.keys[place]
    return seal_bundle(
        documents,
        subject=known.subject,
        compartment=compartment,
        compartment_key=key,
        author=organisation.id,
        author_key=organisation.author_key,
        bundle_id=BundleId(base64url.encode(organisation.randomness(16))),
        randomness=organisation.randomness,
    )


def in_parts(documents: Mapping[Place, Sequence[PlainDocument]]) -> list[list[Place]]:
    """Divide what is to be deposited into parts that fit into one request each, and are worth one."""
    parts: list[list[Place]] = []
    size = 0
    for place, content in documents.items():
        weight = sum(len(document.content) for document in content)
        if not parts or size + weight > PART_BYTES or len(parts[-1]) == MAX_BUNDLES:
            parts.append([])
            size = 0
        parts[-1].append(place)
        size += weight
    return parts


def hand_over(organisation: Organisation, named: PseudonymTokens, bundles: Sequence[NewBundle]) -> str:
    """D4 and D7: send sealed bundles about a linked person; return the receipt that names exactly these.

    Uses up the token. Raises: RefusedError, NotVerifiedError, kit's PeerUnavailableError.
    """
    return hand_over_part(organisation, named, SentPart.of(bundles, ()))


def hand_over_part(organisation: Organisation, named: PseudonymTokens, part: SentPart) -> str:
    """D4 and D7 for a part, as `hand_over`."""
    message = DepositRequest(token=named.tokens[Body.MEDICAL], bundles=part.bundles)  # D4
    told = organisation.ask(
        Body.MEDICAL, lambda http, token: MedicalClient(http).deposit(message, token=token)
    )
    check_receipt(organisation, told.receipt, part)  # D7
    return told.receipt


def check_receipt(depositor: Organisation | Person, receipt: str, part: SentPart) -> None:
    """D7: check that the medical centre signed for exactly these bundles. Raises: NotVerifiedError."""
    key = depositor.directory().signing_key(Body.MEDICAL)
    try:
        payload = jws.verify(receipt, typ=RECEIPT_TYPE, key=key).payload
        told = DepositReceipt.model_validate_json(payload)
    except (ConsentError, ValidationError) as error:
        raise NotVerifiedError("the deposit's receipt does not verify; ask the medical centre") from error
    if told.bundles != [bundle.id for bundle in part.bundles] or told.documents != part.digests:
        raise NotVerifiedError("the deposit's receipt is for something else; ask the medical centre")
