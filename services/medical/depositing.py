"""Compartment keys and deposits: D2 keys, D5 verify, D6 store and log, D7 receipt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.compartments import Compartment
from consent.errors import ConsentError
from consent.identifiers import OrganisationId, Pseudonym, SubjectKeyId
from consent.jwk import PublicJwk, thumbprint, to_jwk
from consent.publication import VerifiedPublication, verify_publication
from services.contracts.medical.messages import (
    RECEIPT_TYPE,
    BundleMessage,
    CompartmentKeys,
    CompartmentSearch,
    DepositAnswer,
    DepositRequest,
    OwnDeposit,
)
from services.directives.acting import acted
from services.directives.errors import RefusedError
from services.directives.guarding import keeping_fault, nobody_waits, turn
from services.kit.columns import ColumnError
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.credentials.pseudonyms import PseudonymTokenError, VerifiedPseudonym
from services.kit.egress import egress
from services.kit.events import Event, EventKind, Outcome
from services.kit.operator_events import by_operator
from services.kit.problems import ForbiddenError
from services.medical import policy
from services.medical.centre import Centre
from services.medical.errors import (
    BundleKnownError,
    DocumentVersionError,
    IntegrityError,
    MedicalError,
    NoWalletError,
    PublicationRefusedError,
)
from services.medical.model import IncomingBundle, deposit_detail
from services.medical.uploading import attach
from services.medical.verifying import Verifying


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person with a wallet here: its key, and what the wallet has published."""

    pseudonym: Pseudonym
    wallet: PublicJwk
    tokens: tuple[str, ...]
    publications: tuple[VerifiedPublication, ...]

    @property
    def subject(self) -> SubjectKeyId:
        """The name of the wallet's key: the only name of the person in a sealed record."""
        return SubjectKeyId(thumbprint(self.wallet))


@dataclass(frozen=True, slots=True)
class Deposited:
    """Whose record it is, who says to have written it, and how its entry begins.

    `use_up` uses the pseudonym token within the transaction, where there is one, and returns whom it names.
    """

    person: Pseudonym
    author: OrganisationId
    event: Event
    link: bytes | None
    use_up: Callable[[Connection], Pseudonym]


class Depositing:
    """The writer's side of the medical centre, and the person's publications."""

    def __init__(self, centre: Centre, verifying: Verifying) -> None:
        self._centre = centre
        self._verifying = verifying
        self._journal = centre.context.journal
        self._database = centre.context.database

    def publish(self, caller: PersonCaller, token: str) -> list[str]:
        """Add compartment keys that the wallet signed; returns all publications.

        Raises: NoWalletError, PublicationRefusedError, LabelTakenError; RefusedError, logged.
        """
        with self._centre.barrier.take_in(turn(caller.pseudonym), against=nobody_waits) as conn:
            unfit = keeping_fault(
                self._centre.directives, conn, caller.pseudonym, guardian=caller.guardian
            )  # G2
            if unfit is None:
                return self._published(conn, caller, token)
        event = Event(kind=EventKind.COMPARTMENTS_PUBLISHED, outcome=Outcome.REFUSED, reason=unfit.value)
        with self._database.write() as conn:
            event = acted(self._centre.directives, conn, caller.pseudonym, event, guardian=caller.guardian)
            self._journal.record(conn, person=caller.pseudonym, event=event)
        raise RefusedError(unfit)

    def _published(self, conn: Connection, caller: PersonCaller, token: str) -> list[str]:
        self._centre.store.lock(conn, caller.pseudonym)
        person = self._known(conn, caller.pseudonym)
        try:
            published = verify_publication(token, person.wallet, person.subject)
        except ConsentError as error:
            raise PublicationRefusedError(str(error)) from error
        policy.check_labels(policy.newest_versions(person.publications), published.keys)
        event = Event(kind=EventKind.COMPARTMENTS_PUBLISHED, outcome=Outcome.DONE, count=len(published.keys))
        event = acted(self._centre.directives, conn, caller.pseudonym, event, guardian=caller.guardian)
        recorded = self._journal.record(conn, person=person.pseudonym, event=event, statement=token.encode())
        self._centre.store.add_publication(
            conn, position=recorded.index, person=person.pseudonym, token=token
        )
        return [*person.tokens, token]

    def published(self, caller: PersonCaller) -> list[str]:
        """Return the person's own publications, oldest first."""
        with self._database.read() as conn:
            return self._centre.store.publications(conn, caller.pseudonym)

    @egress(
        to="a writer",
        fields="the wallet's signed public keys and which of them are open",
        purpose="sealing",
        ground="a pseudonym token for the writer's organisation and the role writer",
        answers=("POST /compartments/search",),
    )
    def keys(self, caller: OperatorCaller, search: CompartmentSearch) -> CompartmentKeys:
        """D2: return under which keys to seal. Raises: NoWalletError, ForbiddenError."""
        opened = self._open(search.token, caller)
        with self._database.write() as conn:
            person = self._known(conn, self._centre.use_token(conn, opened))
            newest = policy.newest_versions(person.publications)
            if search.compartments is not None:
                asked = {(each.category, each.year) for each in search.compartments}
                newest = {place: version for place, version in newest.items() if place in asked}
            event = by_operator(
                caller, EventKind.COMPARTMENTS_SHOWN, outcome=Outcome.PERMITTED, count=len(newest)
            )
            self._journal.record(conn, person=person.pseudonym, event=event)
        labels = {Compartment(category, year, version) for (category, year), version in newest.items()}
        tokens = [
            token
            for token, published in zip(person.tokens, person.publications, strict=True)
            if labels & published.keys.keys()
        ]
        opened_labels = {f"{each.category}/{each.year}": each.label for each in sorted(labels)}
        return CompartmentKeys(publications=tokens, open=opened_labels)

    def deposit(self, caller: OperatorCaller, request: DepositRequest) -> DepositAnswer:
        """D5-D7: verify, store, log in one transaction, and give a receipt.

        Raises: AuthorError, CompartmentClosedError, BundleKnownError, DocumentVersionError, NoWalletError; each
        is an entry of the person's history.
        """
        opened = self._open(request.token, caller)
        deposited = Deposited(
            person=opened.pseudonym,
            author=caller.organisation,
            event=by_operator(caller, EventKind.RECORDS_DEPOSITED, outcome=Outcome.DONE),
            link=self._centre.apart.link(opened.handle),
            use_up=lambda conn: self._centre.use_token(conn, opened),
        )
        return self._deposit(deposited, request.bundles)

    def deposit_own(self, caller: PersonCaller, request: OwnDeposit) -> DepositAnswer:
        """D5-D7 for what the person's own wallet sealed and signed. Raises: as `deposit`."""
        with self._database.read() as conn:
            wallet = self._centre.directives.wallet(conn, caller.pseudonym)
        if wallet is None:
            raise NoWalletError
        deposited = Deposited(
            person=caller.pseudonym,
            author=OrganisationId(thumbprint(wallet)),
            event=Event(kind=EventKind.RECORDS_DEPOSITED, outcome=Outcome.DONE),
            link=None,
            use_up=lambda _conn: caller.pseudonym,
        )
        return self._deposit(deposited, request.bundles)

    def _deposit(self, deposited: Deposited, bundles: Sequence[BundleMessage]) -> DepositAnswer:
        try:
            incoming = self._verify(bundles, person=deposited.person, author=deposited.author)  # D5
            index = self._store(deposited, incoming)  # D6
        except MedicalError as refusal:
            event = replace(deposited.event, outcome=Outcome.REFUSED, reason=refusal.problem.code)
            with self._database.write() as conn:
                self._journal.record(conn, person=deposited.person, event=event)
            raise
        stored = sum(len(each.digests) for each in incoming)
        return DepositAnswer(receipt=self._receipt(incoming, index), stored=stored)  # D7

    def _store(self, deposited: Deposited, incoming: Sequence[IncomingBundle]) -> int:
        logged = [each.logged() for each in incoming]
        years = [each.compartment.year for each in logged]
        event = replace(
            deposited.event,
            categories=tuple(sorted({each.compartment.category.value for each in logged})),
            years=(min(years), max(years)),
            count=sum(len(each.documents) for each in logged),
            detail=deposit_detail(logged),
        )
        with self._database.write() as conn:
            self._centre.store.lock(conn, deposited.person)
            person = self._known(conn, deposited.use_up(conn))
            self._check_stored(conn, person, incoming)
            index = self._journal.record(conn, person=person.pseudonym, event=event).index
            self._centre.store.add_deposit(
                conn, position=index, person=person.pseudonym, bundles=incoming, link=deposited.link
            )
            attach(self._centre, conn, person.pseudonym, organisation=deposited.author, bundles=incoming)
        return index

    def _open(self, token: str, caller: OperatorCaller) -> VerifiedPseudonym:
        try:
            return self._centre.open_token(token, caller.organisation)
        except PseudonymTokenError as error:
            raise ForbiddenError(str(error)) from error

    def _known(self, conn: Connection, pseudonym: Pseudonym) -> KnownPerson:
        wallet = self._centre.directives.wallet(conn, pseudonym)
        if wallet is None:
            raise NoWalletError
        subject = SubjectKeyId(thumbprint(wallet))
        try:
            tokens = self._centre.store.publications(conn, pseudonym)
            publications = tuple(verify_publication(token, wallet, subject) for token in tokens)
        except (ColumnError, ConsentError) as error:
            raise IntegrityError("compartment_publication: a row of this person was changed") from error
        return KnownPerson(pseudonym, wallet, tuple(tokens), publications)

    def _verify(
        self, bundles: Sequence[BundleMessage], *, person: Pseudonym, author: OrganisationId
    ) -> list[IncomingBundle]:
        with self._database.read() as conn:
            wallet = self._centre.directives.wallet(conn, person)
        if wallet is None:
            raise NoWalletError
        return self._verifying.check(bundles, wallet=wallet, author=author)

    def _check_stored(
        self, conn: Connection, person: KnownPerson, incoming: Sequence[IncomingBundle]
    ) -> None:
        open_versions = policy.newest_versions(person.publications)
        for each in incoming:
            policy.check_open(open_versions, each.sealed.compartment)
        bundles = [each.sealed.id for each in incoming]
        if len(set(bundles)) != len(bundles) or self._centre.store.known_bundles(conn, bundles):
            raise BundleKnownError
        named = [(each.sealed, document) for each in incoming for document in each.sealed.documents]
        latest = self._centre.store.latest_versions(conn, person.pseudonym, [one.id for _, one in named])
        if len({document.id for _, document in named}) != len(named):
            raise DocumentVersionError(
                "a document is named twice in one deposit; deposit one version at a time"
            )
        for sealed, document in named:
            present = latest.get(document.id)
            place = (sealed.compartment.category, sealed.compartment.year)
            if document.version != (present.version + 1 if present else 1):
                raise DocumentVersionError("a document's version is not the next one")
            if present is not None and present.place != place:
                raise DocumentVersionError("a document's versions stay in one category and year")
            if present is not None and present.author != sealed.author:
                raise DocumentVersionError("a document's versions are its author's; deposit one of your own")

    def _receipt(self, incoming: Sequence[IncomingBundle], index: int) -> str:
        key = self._centre.context.signing_key
        payload: JsonObject = {
            "bundles": [each.sealed.id for each in incoming],
            "documents": [base64url.encode(digest) for each in incoming for digest in each.digests],
            "log": {"index": index},
        }
        return jws.sign(payload, typ=RECEIPT_TYPE, key=key, kid=thumbprint(to_jwk(key.public_key())))
