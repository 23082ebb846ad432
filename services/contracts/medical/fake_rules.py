"""What the fake medical centre keeps in memory, and its rules, as plain functions."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent.compartments import Compartment, YearSpan
from consent.decision import AccessRequest, HeldDirective
from consent.delegation import VerifiedFragment
from consent.directives import DirectiveCopy
from consent.errors import ConsentError
from consent.explanations import RefusalCode
from consent.identifiers import BundleId, DocumentId, OrganisationId, Pseudonym, SubjectKeyId
from consent.jwk import PublicJwk, thumbprint
from consent.lifecycle import DirectiveState
from consent.publication import VerifiedPublication
from consent.recipients import Reader
from consent.sealing import SealedBundle, SealedDocument, capsule_of, verify_author
from consent.statements import DocumentSelection, Selection, UnverifiedStatement, VerifiedStatement
from consent.terms import Effect
from consent.vocabulary import Body
from services.contracts.directives import ReleaseFault
from services.contracts.medical import messages
from services.contracts.medical.bundles import sealed_bundle, worded_document
from services.contracts.oversight.register import Directory, ed25519, p256
from services.kit.credentials.callers import OperatorCaller
from services.kit.http import RemoteProblemError

STATEMENT_AGE = timedelta(seconds=60)


@dataclass
class FakePerson:
    """A person with a wallet here."""

    wallet: PublicJwk
    tokens: list[str] = field(default_factory=list)
    publications: list[VerifiedPublication] = field(default_factory=list)
    bundles: list[SealedBundle] = field(default_factory=list)
    links: dict[BundleId, str] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)

    @property
    def subject(self) -> SubjectKeyId:
        """The wallet key's name."""
        return SubjectKeyId(thumbprint(self.wallet))

    def newest(self) -> dict[tuple[str, int], Compartment]:
        """Return the open compartment of each category and year."""
        labels = sorted(each for publication in self.publications for each in publication.keys)
        return {(each.category.value, each.year): each for each in labels}

    def documents(self) -> Iterator[tuple[SealedBundle, SealedDocument]]:
        """Return the newest version of every document."""
        newest: dict[DocumentId, int] = {}
        shown = [each for each in self.bundles if self.links.get(each.id) not in self.cut]
        for bundle in shown:
            newest |= {each.id: max(each.version, newest.get(each.id, 0)) for each in bundle.documents}
        for bundle in shown:
            for each in bundle.documents:
                if newest[each.id] == each.version:
                    yield bundle, each


@dataclass
class FakeGrant:
    """A directive with the fragments of two bodies."""

    person: Pseudonym
    copy: DirectiveCopy
    held: HeldDirective
    fragments: Mapping[Body, Mapping[str, VerifiedFragment]]


def verified_statement(
    token: str, caller: OperatorCaller, directory: Directory, *, now: datetime
) -> VerifiedStatement:
    """Return the statement that this very caller signed for the medical centre. Raises: RemoteProblemError."""
    card = directory.operator(caller.organisation, caller.operator)
    if card is None:
        raise refusal(403, RefusalCode.NOT_ACCREDITED.value)
    try:
        verified = UnverifiedStatement(token).verify(
            p256(card.card_key), now, STATEMENT_AGE, audience=directory.body(Body.MEDICAL).url
        )
    except ConsentError:
        raise refusal(403, ReleaseFault.STATEMENT_REFUSED.value) from None
    said = verified.statement
    signed = (said.organisation, said.operator, said.terminal)
    if signed != (caller.organisation, caller.operator, caller.terminal):
        raise refusal(403, ReleaseFault.STATEMENT_REFUSED.value)
    return verified


def chosen_documents(
    verified: VerifiedStatement, person: FakePerson
) -> list[tuple[SealedBundle, SealedDocument]]:
    """Return the newest versions of what is asked for."""
    selection = verified.statement.selection
    if isinstance(selection, Selection):
        return [
            (bundle, each)
            for bundle, each in person.documents()
            if bundle.compartment.category in selection.categories
            and bundle.compartment.year in selection.years
        ]
    return [(bundle, each) for bundle, each in person.documents() if each.id in selection.ids]


def access_request(
    verified: VerifiedStatement,
    chosen: list[tuple[SealedBundle, SealedDocument]],
    *,
    reader: Reader,
    now: datetime,
) -> AccessRequest | None:
    """Return what is to be decided; None when a named document is not there."""
    said, selection = verified.statement, verified.statement.selection
    if isinstance(selection, Selection):
        return AccessRequest(reader, selection.categories, selection.years, said.purpose, now)
    if {each.id for _, each in chosen} != selection.ids:
        return None
    places = [bundle.compartment for bundle, _ in chosen]
    years = YearSpan(min(each.year for each in places), max(each.year for each in places))
    categories = frozenset(each.category for each in places)
    return AccessRequest(reader, categories, years, said.purpose, now)


def require_author(bundles: list[SealedBundle], directory: Directory, author: OrganisationId) -> None:
    """Refuse what the organisation has not signed with its present key. Raises: RemoteProblemError."""
    organisation = directory.organisation(author)
    if organisation is None or organisation.signing_key is None:
        raise refusal(403, "author_not_verified")
    require_signed(bundles, ed25519(organisation.signing_key))


def require_new(bundles: list[SealedBundle], person: FakePerson, *, taken: set[BundleId]) -> None:
    """Refuse what is closed, known, or no next version of a document in its own place. Raises: RemoteProblemError."""
    open_labels = set(person.newest().values())
    latest = {each.id: (bundle, each.version) for bundle, each in person.documents()}
    for bundle in bundles:
        if bundle.compartment not in open_labels:
            raise refusal(409, "compartment_closed")
    if taken & {each.id for each in bundles} or len({each.id for each in bundles}) != len(bundles):
        raise refusal(409, "bundle_known")
    for bundle in bundles:
        for each in bundle.documents:
            before = latest.get(each.id)
            moved = before is not None and place_of(before[0]) != place_of(bundle)
            others = before is not None and before[0].author != bundle.author
            if moved or others or each.version != (before[1] + 1 if before else 1):
                raise refusal(409, "document_version")


def taken_bundle(
    message: messages.BundleMessage, subject: SubjectKeyId, author: OrganisationId
) -> SealedBundle:
    """Read a bundle from its message. Raises: RemoteProblemError."""
    try:
        capsule_of(message.message_kit)
        return sealed_bundle(message, subject=subject, author=author)
    except ConsentError:
        raise refusal(400, "malformed_request") from None


def bundle_message(
    bundle: SealedBundle, documents: list[SealedDocument], fragments: Mapping[Body, bytes] | None = None
) -> messages.ReadBundle:
    """Word a bundle for the reader, with both bodies' capsule fragments; for the person themselves, with none."""
    return messages.ReadBundle(
        id=bundle.id,
        compartment=bundle.compartment.label,
        author=bundle.author,
        subject=bundle.subject,
        message_kit=bundle.message_kit,
        documents=[worded_document(each) for each in documents],
        fragments=dict(fragments or {}),
    )


def missing_code(
    verified: VerifiedStatement, person: FakePerson, directives: Iterable[FakeGrant]
) -> RefusalCode:
    """Return why a named document is not there, as far as the reader may know."""
    selection = verified.statement.selection
    permitted = any(
        each.held.terms.effect is Effect.PERMIT and each.held.state is DirectiveState.ACTIVE
        for each in directives
    )
    named = isinstance(selection, DocumentSelection) and not person.erased.isdisjoint(selection.ids)
    return RefusalCode.ERASED if permitted and named else RefusalCode.NO_PERMISSION


def require_signed(bundles: Iterable[SealedBundle], key: Ed25519PublicKey) -> None:
    """Check the author of every document. Raises: RemoteProblemError."""
    try:
        for bundle in bundles:
            for each in bundle.documents:
                verify_author(each, bundle, key)
    except ConsentError:
        raise refusal(403, "author_not_verified") from None


def place_of(bundle: SealedBundle) -> tuple[str, int]:
    """Return category and year."""
    return bundle.compartment.category.value, bundle.compartment.year


def refusal(status: int, code: str) -> RemoteProblemError:
    """Return a problem as the client raises it."""
    return RemoteProblemError(status=status, code=code, title=code, detail="", members={"code": code})
