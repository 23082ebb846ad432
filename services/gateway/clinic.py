"""Reading, steps R1, R2, R9 and R10 on the reader's side: ask with a signed statement, check everything, open.

A second body that hands out a wrong fragment is named, reported and left out (F3): the read goes on with the other one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from consent import base64url
from consent.compartments import Compartment, YearSpan
from consent.identifiers import DocumentId, OrganisationId
from consent.jwk import thumbprint, to_jwk
from consent.sealing import (
    PlainDocument,
)
from consent.statements import (
    AccessStatement,
    DocumentSelection,
    GrantSubject,
    Selection,
    TokenSubject,
    sign_statement,
)
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import FirstRead, ReadAnswer, ReadRequest
from services.contracts.released import WrongRelease
from services.gateway.opening import OpenedBundle, Prepared, open_bundles
from services.gateway.organisation import Organisation
from services.gateway.wrong_fragments import (
    Bypassed,
    Tell,
    WrongFragmentError,
    log_only,
    report,
)


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
    tell: Tell = log_only,
) -> list[PlainDocument]:
    """Read and open everything of some categories and years of a linked person.

    Guarantees: each document is what its accredited author sealed, under a key of this very person.
    Raises: RefusedError with the refusal's code and explanation; NotVerifiedError; PeerUnavailableError.
    """
    selection = Selection(categories, years)
    opened = read_opened(organisation, reference, selection=selection, purpose=purpose, tell=tell)
    return [each.document for each in opened]


def read_opened(
    organisation: Organisation,
    reference: str,
    *,
    selection: Selection,
    purpose: Purpose,
    tell: Tell = log_only,
) -> list[OpenedDocument]:
    """Read and open as `open_records`, each document with what its seal proves. Raises: as `open_records`."""
    read = read_about(organisation, reference, selection=selection, purpose=purpose, tell=tell)
    return [
        OpenedDocument(document, bundle.meta.compartment, bundle.meta.author)
        for bundle in read.bundles
        for document in bundle.documents
    ]


def open_documents(
    organisation: Organisation, reference: str, *, documents: frozenset[DocumentId], purpose: Purpose
) -> list[PlainDocument]:
    """Read and open single documents of a linked person. Raises: as `open_records`."""
    selection = DocumentSelection(documents)
    return read_about(organisation, reference, selection=selection, purpose=purpose).documents


def prepare(
    organisation: Organisation,
    reference: str,
    *,
    selection: Selection | DocumentSelection,
    purpose: Purpose,
    wrong: WrongRelease | None = None,
) -> Prepared:
    """R1 and R2: have the person named to the three bodies and sign who asks for what. Raises: RefusedError.

    `wrong` shows that a second body's fragment was wrong when the same was asked for before.
    """
    named = organisation.name_person(reference, *PROXIES)
    subject = TokenSubject.of_tokens(named.tokens)
    signed = sign_read(
        organisation, subject, tokens=named.tokens, selection=selection, purpose=purpose, whom=reference
    )
    return Prepared(signed.model_copy(update={"wrong": wrong}), named, selection, purpose)


def sign_read(
    organisation: Organisation,
    subject: TokenSubject | GrantSubject,
    *,
    tokens: Mapping[Body, str],
    selection: Selection | DocumentSelection,
    purpose: Purpose,
    whom: str,
) -> ReadRequest:
    """R2: sign who asks for what about whom; `tokens` are those that a `TokenSubject` names.

    `whom` is what the organisation itself calls the person; it is not signed, the operator's pseudonym depends on it.
    """
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
        staff=organisation.staff_mask(whom),
    )
    kid = thumbprint(to_jwk(own.card_key.public_key()))
    signed = sign_statement(statement, key=own.card_key, kid=kid)
    return ReadRequest(statement=signed, tokens=dict(tokens))


@dataclass(frozen=True, slots=True)
class Read:
    """A read that was answered, and opened whole."""

    answer: ReadAnswer
    bundles: list[OpenedBundle]

    @property
    def documents(self) -> list[PlainDocument]:
        """All documents, without what their seals prove."""
        return [document for bundle in self.bundles for document in bundle.documents]


def read_about(
    organisation: Organisation,
    reference: str,
    *,
    selection: Selection | DocumentSelection,
    purpose: Purpose,
    tell: Tell = log_only,
) -> Read:
    """R1 to R10 about a linked person; `tell` hears of a body that was left out. Raises: as `open_records`."""

    def ask(wrong: WrongRelease | None) -> Prepared:
        return prepare(organisation, reference, selection=selection, purpose=purpose, wrong=wrong)

    def found(wrong: WrongFragmentError) -> None:
        if wrong.shown is not None:
            tell(Bypassed(wrong.body, wrong.shown, report(organisation, reference, wrong.shown)))

    return read_on(organisation, ask, found)


def send(organisation: Organisation, prepared: Prepared) -> list[PlainDocument]:
    """Send a prepared read once, and open the answer. Raises: as `open_bundles`."""
    answer = _sent(organisation, prepared)
    return Read(answer, open_bundles(organisation, prepared, answer)).documents


def read_on(
    organisation: Organisation,
    ask: Callable[[WrongRelease | None], Prepared],
    found: Callable[[WrongFragmentError], None],
) -> Read:
    """Send what `ask` prepares, and open; again without a second body whose fragment is shown to be wrong.

    Raises: WrongFragmentError when nobody is left to go on with; what `ask` and `open_bundles` raise.
    """
    prepared = ask(None)
    while True:
        answer = _sent(organisation, prepared)
        try:
            return Read(answer, open_bundles(organisation, prepared, answer))
        except WrongFragmentError as wrong:
            found(wrong)
            if wrong.body is Body.MEDICAL or wrong.shown is None or prepared.request.wrong is not None:
                raise
            first = FirstRead(statement=prepared.request.statement, entry=answer.log.index)
            prepared = ask(wrong.shown).asking_again(first)


def _sent(organisation: Organisation, prepared: Prepared) -> ReadAnswer:
    return organisation.ask(
        Body.MEDICAL, lambda http, token: MedicalClient(http).read(prepared.request, token=token)
    )
