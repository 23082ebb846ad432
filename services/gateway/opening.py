"""R9 and R10 on the reader's side: check notice, keys, fragments and authors of an answer, then open it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.compartments import Compartment
from consent.delegation import FragmentKeys, open_shared
from consent.errors import ConsentError, FaultyProxyError, TooFewFragmentsError, UnopenableError
from consent.identifiers import SubjectKeyId
from consent.jwk import thumbprint
from consent.notices import UnverifiedReaderNotice, VerifiedReaderNotice
from consent.publication import VerifiedPublication
from consent.sealing import (
    BundleMeta,
    ContentKey,
    PlainDocument,
    SealedDocument,
    open_document,
    signer,
    verify_author,
)
from consent.statements import (
    DocumentSelection,
    Selection,
)
from consent.succession import lineage
from consent.vocabulary import Body, Purpose
from services.contracts.identity.messages import PseudonymTokens
from services.contracts.medical.bundles import sealed_document
from services.contracts.medical.messages import FirstRead, ReadAnswer, ReadBundle, ReadRequest
from services.gateway.authors import AuthorKeys, author_keys
from services.gateway.errors import NotVerifiedError
from services.gateway.hospital import verified_publications
from services.gateway.organisation import Organisation
from services.gateway.origins import bundle_meta
from services.gateway.unopened import LeftOut, Unopened, log_unopened
from services.gateway.wrong_fragments import (
    KeysOf,
    blame,
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A read that is signed and not sent yet: good once, and for a minute."""

    request: ReadRequest
    named: PseudonymTokens
    selection: Selection | DocumentSelection
    purpose: Purpose

    def asking_again(self, first: FirstRead) -> "Prepared":
        """F5: return it as a part of the use that an earlier read was."""
        return replace(self, request=self.request.model_copy(update={"first": first}))


@dataclass(frozen=True, slots=True)
class OpenedBundle:
    """A bundle whose documents are open, with the key that streams of it open with, too."""

    meta: BundleMeta
    key: ContentKey
    documents: tuple[PlainDocument, ...]


def open_bundles(
    organisation: Organisation, prepared: Prepared, answer: ReadAnswer, *, left_out: LeftOut = log_unopened
) -> list[OpenedBundle]:
    """R9 and R10, with the bundles' keys; a bundle that its own writer sealed so that nothing opens it is left out.

    Raises: NotVerifiedError; WrongFragmentError naming the body whose fragment is wrong, and what shows it.
    """
    subject, publications = verified_publications(prepared.named, answer.publications)
    try:
        notice = _notice(organisation, prepared, answer, subject)
        present = prepared.named.wallet_key or {}
        before = lineage(present, answer.renewals, body=Body.MEDICAL)
        former = {thumbprint(each) for each in before}
        authors = author_keys(organisation.directory(), (present, *before))
        opened: list[OpenedBundle | None] = []
        for each in answer.bundles:
            opened.append(
                _open_bundle(
                    organisation,
                    each,
                    publications=publications,
                    notice=notice,
                    authors=authors,
                    former=former,
                    left_out=left_out,
                )
            )
    except (FaultyProxyError, TooFewFragmentsError) as fault:
        raise blame(
            fault.body if isinstance(fault, FaultyProxyError) else Body.MEDICAL,
            len(opened),
            answer,
            statement=prepared.request.statement,
            keys_of=_keys_of(organisation, publications, notice),
            keys=organisation.directory().signing_key,
        ) from fault
    except ConsentError as error:
        raise NotVerifiedError(f"the answer does not verify: {error}") from error
    return [each for each in opened if each is not None]


def _keys_of(
    organisation: Organisation, publications: Sequence[VerifiedPublication], notice: VerifiedReaderNotice
) -> KeysOf:
    published = {label: key for each in publications for label, key in each.keys.items()}
    receiving = organisation.receiving_key.public_bytes()

    def keys_of(bundle: ReadBundle) -> FragmentKeys:
        delegating = published[Compartment.parse(bundle.compartment)]
        return FragmentKeys(delegating, notice.notice.verifying_key, receiving)

    return keys_of


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
    left_out: LeftOut,
) -> OpenedBundle | None:
    meta = bundle_meta(bundle, former)
    publication = next((each for each in publications if meta.compartment in each.keys), None)
    if publication is None or meta.author not in authors:
        raise NotVerifiedError("a bundle is under an unknown key or by an unknown author; report this")
    sealed, keys = [sealed_document(each) for each in bundle.documents], authors[meta.author]
    try:
        key = open_shared(  # R9
            meta,
            publication=publication,
            notice=notice,
            fragments=dict(bundle.fragments),
            receiving_key=organisation.receiving_key,
        )
        documents = tuple(  # R10
            open_document(key, bundle=meta, document=each, author_key=signer(each, meta, keys))
            for each in sealed
        )
    except UnopenableError:
        _require_sealed_so(meta, sealed, keys)
        for each in sealed:
            left_out(Unopened.of(each, meta))
        return None
    return OpenedBundle(meta, key, documents)


def _require_sealed_so(
    meta: BundleMeta, documents: Sequence[SealedDocument], keys: Sequence[Ed25519PublicKey]
) -> None:
    """Check that what opens with no key is what its writer signed. Raises: SignatureError."""
    for each in documents:
        verify_author(each, meta, signer(each, meta, keys))
