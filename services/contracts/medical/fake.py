"""An honest fake of the medical centre, in memory; the contract tests keep it true.

It holds a second body's fragments too and uses them as that body would, so a reader can really open its answers.
There is no log behind it: an index counts deposits and reads.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import count

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.decision import AccessRequest, Refusal, decide
from consent.explanations import RefusalCode
from consent.identifiers import BundleId, OrganisationId, Pseudonym
from consent.jwk import thumbprint, to_jwk
from consent.lifecycle import DirectiveState
from consent.sealing import SealedBundle, SealedDocument, document_digest
from consent.statements import GrantSubject, VerifiedStatement
from consent.terms import Effect
from consent.vocabulary import Body
from services.contracts.directives import ReleaseFault
from services.contracts.medical import messages
from services.contracts.medical.fake_apart import FakeApart
from services.contracts.medical.fake_decisions import FakeDecisions
from services.contracts.medical.fake_erasures import FakeErasures
from services.contracts.medical.fake_kept import FakeKept
from services.contracts.medical.fake_own_records import FakeOwnRecords
from services.contracts.medical.fake_publications import publish, search
from services.contracts.medical.fake_releases import FakeReleases, accused_body, fake_keys
from services.contracts.medical.fake_rules import (
    FakeGrant,
    FakePerson,
    access_request,
    bundle_message,
    chosen_documents,
    missing_code,
    refusal,
    require_author,
    require_new,
    require_signed,
    taken_bundle,
    verified_statement,
)
from services.contracts.medical.fake_simulations import FakeSimulations
from services.contracts.medical.fake_streams import FakeStreams
from services.contracts.oversight.register import Directory, Role, ed25519
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller
from services.kit.http import Token


class FakeMedical(FakeKept):
    """Serves `Medical`.

    `callers` says who holds an access token, `people` whom a pseudonym token names (None: it does not verify),
    `links` which link.
    """

    def __init__(
        self,
        *,
        callers: Callable[[Token], Caller],
        people: Callable[[str], Pseudonym | None],
        directory: Callable[[], Directory],
        clock: Callable[[], datetime],
        signing_key: Ed25519PrivateKey | None = None,
        second: Body = Body.OVERSIGHT,
        second_keys: Mapping[Body, Ed25519PrivateKey] | None = None,
        links: Callable[[str], str | None] = lambda _token: None,
    ) -> None:
        super().__init__()
        self._callers = callers
        self._people = people
        self._directory = directory
        self._clock = clock
        self._key = signing_key or Ed25519PrivateKey.generate()
        self.releases = FakeReleases(fake_keys(self._key, second_keys or {}), second)
        self._links = links
        self._indexes = count()
        self.streams = FakeStreams(callers)
        self._own_records = FakeOwnRecords(self.streams, index=lambda: next(self._indexes))
        self._apart = FakeApart(clock)
        self._used: set[str] = set()
        self.decisions = FakeDecisions(callers, self._used_up, self._held_by, directory, clock)
        self.simulations = FakeSimulations(
            lambda token: self._held_by(self._person(token)), lambda: self._directory().roles, clock
        )
        self.erasures = FakeErasures(
            lambda token: self._of(self._person(token)),
            clock,
            key=self._key,
            index=lambda: next(self._indexes),
        )

    def publish(self, message: messages.Publication, *, token: Token) -> messages.Publications:
        """See `Medical`."""
        return publish(message, self._of(self._person(token)))

    def published(self, *, token: Token) -> messages.Publications:
        """See `Medical`."""
        known = self._known.get(self._person(token))
        return messages.Publications(publications=list(known.tokens) if known else [])

    def search(self, message: messages.CompartmentSearch, *, token: Token) -> messages.CompartmentKeys:
        """See `Medical`."""
        self._operator(token, "writer")
        person = self._of(self._named(message.token))
        self._use(message.token)
        return search(message, person)

    def deposit(self, message: messages.DepositRequest, *, token: Token) -> messages.DepositAnswer:
        """See `Medical`."""
        caller = self._operator(token, "writer")
        person = self._of(self._named(message.token))
        author = caller.organisation
        sealed = [taken_bundle(each, person.subject, author) for each in message.bundles]
        require_author(sealed, self._directory(), caller.organisation)
        self._require_used_once(message.token)
        require_new(sealed, person, taken=self._bundle_ids())
        self.streams.claim(author, sealed)
        self._use(message.token)
        link = self._links(message.token)
        person.links |= {each.id: link for each in sealed if link is not None}
        return self._take(person, sealed)

    def deposit_own(self, message: messages.OwnDeposit, *, token: Token) -> messages.DepositAnswer:
        """See `Medical`."""
        person = self._of(self._person(token))
        author = OrganisationId(person.subject)
        sealed = [taken_bundle(each, person.subject, author) for each in message.bundles]
        require_signed(sealed, ed25519(dict(person.wallet)))
        require_new(sealed, person, taken=self._bundle_ids())
        self.streams.claim(author, sealed)
        return self._take(person, sealed)

    def _take(self, person: FakePerson, sealed: list[SealedBundle]) -> messages.DepositAnswer:
        person.bundles += sealed
        digests = [document_digest(bundle, each) for bundle in sealed for each in bundle.documents]
        payload: JsonObject = {
            "bundles": [each.id for each in sealed],
            "documents": [base64url.encode(each) for each in digests],
            "log": {"index": next(self._indexes)},
        }
        kid = thumbprint(to_jwk(self._key.public_key()))
        receipt = jws.sign(payload, typ=messages.RECEIPT_TYPE, key=self._key, kid=kid)
        return messages.DepositAnswer(receipt=receipt, stored=len(digests))

    def read(self, message: messages.ReadRequest, *, token: Token) -> messages.ReadAnswer:
        """See `Medical`."""
        caller = self._operator(token)
        if caller.roles.isdisjoint({"reader", "anonymiser"}):
            raise refusal(403, RefusalCode.ROLE_MISSING.value)
        statement = verified_statement(message.statement, caller, self._directory(), now=self._clock())
        pseudonym, directives = self._subject(statement, message)
        person = self._of(pseudonym)
        chosen = chosen_documents(statement, person)
        request = access_request(statement, chosen, reader=caller.reader, now=self._clock())
        if request is None:
            raise refusal(403, missing_code(statement, person, directives).value)
        decision = decide(request, [each.held for each in directives])
        if isinstance(decision, Refusal):
            raise refusal(403, decision.code.value)
        if statement.statement.nonce in self._used:
            raise refusal(409, "replayed")
        self._used.add(statement.statement.nonce)
        seen = {str(each.id) for _, each in chosen}
        self._apart.was_read(pseudonym, caller.organisation, seen)
        ground = self._grants[decision.directive_id]
        still = partial(self._require_still, request, ground)
        tickets = self.streams.tickets(chosen, caller=caller, require_still=still)
        answer = self._answer(person, ground, chosen, message)
        return answer.model_copy(update={"tickets": tickets})

    def grants(self, *, token: Token) -> messages.Grants:
        """See `Medical`."""
        caller = self._operator(token, "reader", "anonymiser")
        return messages.Grants(grants=self._entries(caller.organisation, self._clock()))

    def own_records(self, message: messages.OwnRecordsRequest, *, token: Token) -> messages.OwnRecords:
        """See `Medical`."""
        return self._own_records.records(message, self._of(self._person(token)))

    def own_segment(self, message: messages.AskOwnSegment, *, token: Token) -> messages.OwnSegment:
        """See `Medical`."""
        return self._own_records.segment(message, self._of(self._person(token)))

    def set_apart(self, message: messages.SetApart) -> messages.WasSetApart:
        """See `Medical`; the fake trusts that it is the ID centre that says so."""
        pseudonym, link = self._people(message.token), self._links(message.token)
        if pseudonym is None or link is None:
            raise refusal(403, "forbidden")
        return self._apart.set_apart(message, pseudonym=pseudonym, person=self._of(pseudonym), link=link)

    def apart_notices(self, *, token: Token) -> messages.ApartNotices:
        """See `Medical`."""
        return self._apart.notices(self._operator(token, "anonymiser", "reader", "writer").organisation)

    def _answer(
        self,
        person: FakePerson,
        grant: FakeGrant,
        chosen: list[tuple[SealedBundle, SealedDocument]],
        message: messages.ReadRequest,
    ) -> messages.ReadAnswer:
        second = self.releases.second(grant, accused_body(message, grant, self._directory()))
        served: dict[BundleId, tuple[SealedBundle, list[SealedDocument]]] = {}
        for bundle, document in chosen:
            if bundle.compartment.label in grant.fragments[Body.MEDICAL]:
                served.setdefault(bundle.id, (bundle, []))[1].append(document)
        labels = {bundle.compartment for bundle, _ in served.values()}
        bundles = [bundle for bundle, _ in served.values()]
        fragments, released = self.releases.release(
            bundles, grant, second=second, statement=message.statement
        )
        return messages.ReadAnswer(
            bundles=[
                bundle_message(bundle, documents, fragments[bundle.id])
                for bundle, documents in served.values()
            ],
            released=released if bundles else {},
            publications=[
                text
                for text, told in zip(person.tokens, person.publications, strict=True)
                if labels & told.keys.keys()
            ],
            reader_notice=grant.copy.reader_notice or "",
            wallet=dict(person.wallet),
            log=messages.LogIndex(index=next(self._indexes)),
        )

    def _subject(
        self, verified: VerifiedStatement, message: messages.ReadRequest
    ) -> tuple[Pseudonym, list[FakeGrant]]:
        statement, subject = verified.statement, verified.statement.subject
        if isinstance(subject, GrantSubject):
            roles = self._directory().roles(statement.organisation, statement.operator)
            if Role.ANONYMISER.value not in roles:
                raise refusal(403, RefusalCode.ROLE_MISSING.value)
            named = self._grants.get(subject.grant)
            if named is None or dict(named.copy.handles) != dict(subject.handles):
                raise refusal(403, RefusalCode.SUBJECT_UNKNOWN.value)
            if message.tokens:
                raise refusal(403, ReleaseFault.OTHER_PERSON.value)
            own = self._own(named.person, statement.organisation)
            if named not in own:
                raise refusal(403, RefusalCode.SUBJECT_UNKNOWN.value)
            return named.person, [
                each for each in own if each is named or each.held.terms.effect is Effect.DENY
            ]
        person = self._people(message.tokens.get(Body.MEDICAL, ""))
        if person is None or len(message.tokens) < 2:
            raise refusal(403, RefusalCode.SUBJECT_UNKNOWN.value)
        if not all(subject.names(body, text) for body, text in message.tokens.items()):
            raise refusal(403, ReleaseFault.OTHER_PERSON.value)
        return person, self._own(person, statement.organisation)

    def _require_still(self, request: AccessRequest, ground: FakeGrant) -> None:
        if ground.held.state is not DirectiveState.ACTIVE:
            raise refusal(403, RefusalCode.WITHDRAWN_IN_FLIGHT.value)
        own = self._own(ground.person, request.reader.organisation)
        relied_on = [each.held for each in own if each is ground or each.held.terms.effect is Effect.DENY]
        decision = decide(replace(request, now=self._clock()), relied_on)
        if isinstance(decision, Refusal):
            raise refusal(403, decision.code.value)

    def _operator(self, token: Token, *roles: str) -> OperatorCaller:
        caller = self._callers(token)
        if not isinstance(caller, OperatorCaller) or (roles and caller.roles.isdisjoint(roles)):
            raise refusal(403, "forbidden")
        return caller

    def _used_up(self, token: str) -> Pseudonym | None:
        self._use(token)
        return self._people(token)

    def _person(self, token: Token) -> Pseudonym:
        caller = self._callers(token)
        if not isinstance(caller, PersonCaller):
            raise refusal(403, "forbidden")
        return caller.pseudonym

    def _named(self, token: str) -> Pseudonym:
        person = self._people(token)
        if person is None:
            raise refusal(403, "forbidden")
        return person

    def _use(self, token: str) -> None:
        self._require_used_once(token)
        person, link = self._people(token), self._links(token)
        if person is not None and person in self._known and link in self._known[person].cut:
            raise refusal(403, "link_undone")
        self._used.add(token)

    def _require_used_once(self, token: str) -> None:
        if token in self._used:
            raise refusal(409, "replayed")
