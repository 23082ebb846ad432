"""Reading, steps R1, R2, R9 and R10 on the reader's side: ask with a signed statement, check everything, open."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from consent import base64url
from consent.compartments import Compartment, YearSpan
from consent.delegation import open_shared
from consent.errors import ConsentError
from consent.identifiers import BundleId, DocumentId, OrganisationId, SubjectKeyId
from consent.jwk import thumbprint, to_jwk
from consent.notices import UnverifiedReaderNotice, VerifiedReaderNotice
from consent.publication import VerifiedPublication
from consent.sealing import (
    BundleMeta,
    ContentKey,
    PlainDocument,
    SealedDocument,
    open_document,
    signer,
)
from consent.statements import (
    AccessStatement,
    DocumentSelection,
    GrantSubject,
    Selection,
    TokenSubject,
    sign_statement,
)
from consent.succession import lineage
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.identity.messages import PseudonymTokens
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import DocumentMessage, ReadAnswer, ReadBundle, ReadRequest
from services.gateway.authors import AuthorKeys, author_keys
from services.gateway.errors import NotVerifiedError
from services.gateway.hospital import verified_publications
from services.gateway.organisation import Organisation
from services.gateway.origins import origin


@dataclass(frozen=True, slots=True)
class Prepared:
    """A read that is signed and not sent yet: good once, and for a minute."""

    request: ReadRequest
    named: PseudonymTokens
    selection: Selection | DocumentSelection
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class OpenedDocument:
    """A document with what its seal proves: where it belongs, and which organisation wrote it."""

    document: PlainDocument
    compartment: Compartment
    author: OrganisationId


def open_records(
    organisation: Organisation,
    reference: str,
    *,
    categories: frozenset[Category],
    years: YearSpan,
    purpose: Purpose,
) -> list[PlainDocument]:
    """Read and open everything of some categories and years of a linked person.

    Guarantees: each document is what its accredited author sealed, under a key of this very person.
    Raises: RefusedError with the refusal's code and explanation; NotVerifiedError; PeerUnavailableError.
    """
    selection = Selection(categories, years)
    opened = read_opened(organisation, reference, selection=selection, purpose=purpose)
    return [each.document for each in opened]


def read_opened(
    organisation: Organisation, reference: str, *, selection: Selection, purpose: Purpose
) -> list[OpenedDocument]:
    """Read and open as `open_records`, each document with what its seal proves. Raises: as `open_records`."""
    prepared = prepare(organisation, reference, selection=selection, purpose=purpose)
    opened = open_bundles(organisation, prepared, _sent(organisation, prepared))
    return [
        OpenedDocument(document, bundle.meta.compartment, bundle.meta.author)
        for bundle in opened
        for document in bundle.documents
    ]


def open_documents(
    organisation: Organisation, reference: str, *, documents: frozenset[DocumentId], purpose: Purpose
) -> list[PlainDocument]:
    """Read and open single documents of a linked person. Raises: as `open_records`."""
    selection = DocumentSelection(documents)
    return send(organisation, prepare(organisation, reference, selection=selection, purpose=purpose))


def prepare(
    organisation: Organisation,
    reference: str,
    *,
    selection: Selection | DocumentSelection,
    purpose: Purpose,
) -> Prepared:
    """R1 and R2: have the person named to the three bodies and sign who asks for what. Raises: RefusedError."""
    named = organisation.name_person(reference, *PROXIES)
    subject = TokenSubject.of_tokens(named.tokens)
    request = sign_read(organisation, subject, tokens=named.tokens, selection=selection, purpose=purpose)
    return Prepared(request, named, selection, purpose)


def sign_read(
    organisation: Organisation,
    subject: TokenSubject | GrantSubject,
    *,
    tokens: Mapping[Body, str],
    selection: Selection | DocumentSelection,
    purpose: Purpose,
) -> ReadRequest:
    """R2: sign who asks for what about whom; `tokens` are those that a `TokenSubject` names."""
    own = organisation.credentials
    statement = AccessStatement(
        organisation=own.organisation,
        operator=own.operator,
        terminal=own.terminal,
        selection=selection,
        purpose=purpose,
        subject=subject,
        issued_at=organisation.clock(),
        nonce=base64url.encode(organisation.randomness(16)),
        audience=organisation.connect(Body.MEDICAL).base_url,
    )
    kid = thumbprint(to_jwk(own.card_key.public_key()))
    signed = sign_statement(statement, key=own.card_key, kid=kid)
    return ReadRequest(statement=signed, tokens=dict(tokens))


def send(organisation: Organisation, prepared: Prepared) -> list[PlainDocument]:
    """Send a prepared read and open the answer. Raises: as `open_records`."""
    return open_answer(organisation, prepared, _sent(organisation, prepared))


def _sent(organisation: Organisation, prepared: Prepared) -> ReadAnswer:
    return organisation.ask(
        Body.MEDICAL, lambda http, token: MedicalClient(http).read(prepared.request, token=token)
    )


@dataclass(frozen=True, slots=True)
class OpenedBundle:
    """A bundle whose documents are open, with the key that streams of it open with, too."""

    meta: BundleMeta
    key: ContentKey
    documents: tuple[PlainDocument, ...]


def open_answer(organisation: Organisation, prepared: Prepared, answer: ReadAnswer) -> list[PlainDocument]:
    """R9 and R10: check notice, keys, fragments and authors, then open. Raises: as `open_bundles`."""
    opened = open_bundles(organisation, prepared, answer)
    return [document for bundle in opened for document in bundle.documents]


def open_bundles(organisation: Organisation, prepared: Prepared, answer: ReadAnswer) -> list[OpenedBundle]:
    """R9 and R10, with the bundles' keys. Raises: NotVerifiedError, naming the body whose fragment is wrong."""
    subject, publications = verified_publications(prepared.named, answer.publications)
    try:
        notice = _notice(organisation, prepared, answer, subject)
        present = prepared.named.wallet_key or {}
        before = lineage(present, answer.renewals, body=Body.MEDICAL)
        former = {thumbprint(each) for each in before}
        authors = author_keys(organisation.directory(), (present, *before))
        return [
            _open_bundle(
                organisation,
                each,
                publications=publications,
                notice=notice,
                authors=authors,
                former=former,
            )
            for each in answer.bundles
        ]
    except ConsentError as error:
        raise NotVerifiedError(f"the answer does not verify: {error}") from error


def _notice(
    organisation: Organisation, prepared: Prepared, answer: ReadAnswer, subject: SubjectKeyId
) -> VerifiedReaderNotice:
    if prepared.named.wallet_key is None:
        raise NotVerifiedError("the ID centre knows no wallet of this person")
    verified = UnverifiedReaderNotice(answer.reader_notice).verify(prepared.named.wallet_key, subject)
    notice = verified.notice
    if notice.recipient != organisation.id or prepared.purpose not in notice.purposes:
        raise NotVerifiedError("the person's notice is for another recipient or purpose; report this")
    return verified


def _open_bundle(
    organisation: Organisation,
    bundle: ReadBundle,
    *,
    publications: Sequence[VerifiedPublication],
    notice: VerifiedReaderNotice,
    authors: AuthorKeys,
    former: Collection[str],
) -> OpenedBundle:
    meta = BundleMeta(
        id=BundleId(bundle.id),
        subject=SubjectKeyId(bundle.subject),
        compartment=Compartment.parse(bundle.compartment),
        message_kit=bundle.message_kit,
        author=OrganisationId(bundle.author),
        sealed_as=origin(bundle, former),
    )
    publication = next((each for each in publications if meta.compartment in each.keys), None)
    if publication is None or meta.author not in authors:
        raise NotVerifiedError("a bundle is under an unknown key or by an unknown author; report this")
    key = open_shared(  # R9
        meta,
        publication=publication,
        notice=notice,
        fragments=dict(bundle.fragments),
        receiving_key=organisation.receiving_key,
    )
    documents = tuple(  # R10
        open_document(
            key, bundle=meta, document=sealed, author_key=signer(sealed, meta, authors[meta.author])
        )
        for sealed in map(_sealed, bundle.documents)
    )
    return OpenedBundle(meta, key, documents)


def _sealed(document: DocumentMessage) -> SealedDocument:
    return SealedDocument(
        id=DocumentId(document.id),
        version=document.version,
        media_type=document.media_type,
        nonce=document.nonce,
        ciphertext=document.ciphertext,
        signature=document.signature,
    )
