"""All bodies as honest fakes in memory, with organisations and people who use them through the gateway."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support.emergency_wire import serve_emergencies
from support.gateway_card import PINS
from support.gateway_streams import serving
from support.gateway_wire import FakeKeeper, Handler, InMemory, asking, reading, without_token

from consent import base64url
from consent.compartments import YearSpan
from consent.decision import AccessRequest, HeldDirective, Permit, decide
from consent.directives import DirectiveCopy, Effect, Notice, RecordScope, Terms, VerifiedDirective
from consent.explanations import RefusalCode
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.jwk import to_jwk
from consent.recipients import Reader, Recipient
from consent.statements import Selection
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.fake_credentials import operator_caller, person_caller
from services.contracts.identity import messages as identity
from services.contracts.identity.accounts import OpenAccount
from services.contracts.identity.fake import FakeIdentity
from services.contracts.identity.fake_accounts import FakeAccounts
from services.contracts.identity.naming import RequestPeopleNamed
from services.contracts.identity.numbers import LookUpNumbers
from services.contracts.medical import messages as medical
from services.contracts.medical.erasing import EraseRecords
from services.contracts.medical.fake import FakeMedical
from services.contracts.medical.fake_relationships import FakeRelationships
from services.contracts.medical.relationships import (
    DescribeStaff,
    FindRelationships,
    RegisterRelationship,
    Watched,
)
from services.contracts.oversight import messages as oversight
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.fake_emergencies import FakeEmergencies
from services.contracts.oversight.fake_unmaskings import FakeUnmaskingDesk, FakeUnmaskings
from services.contracts.oversight.register import BodyEntry, Kind, Operator, Organisation, Role, Terminal
from services.contracts.oversight.unmasking import AskUnmasking, Unmaskings
from services.contracts.registry.analysis import AskReport
from services.contracts.registry.disclosures import Disclose
from services.contracts.registry.fake import FakeRegistry
from services.contracts.registry.fake_disclosures import FakeDisclosures
from services.contracts.registry.look_ups import LookUp, LookUpBatch
from services.contracts.registry.messages import Confirm, RegisterResident
from services.gateway.accreditor import Applicant, apply
from services.gateway.clinical import BasicItems
from services.gateway.credentials import Credentials, load, save
from services.gateway.organisation import Organisation as Participant
from services.gateway.people import Enrolled, enrol
from services.kit.clock import epoch_seconds
from services.kit.context import log_origin
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller, SignedInBy
from services.kit.credentials.pseudonyms import PseudonymTokenError, open_pseudonym_token
from services.kit.http import RemoteProblemError, Token
from services.kit.log.evidence import Trust
from services.kit.log.note import Cosigner, NoteSigner

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
YEAR = NOW.year
ITEMS = BasicItems(name="佐藤 花子", address="東京都架空市 1-2-3", sex="female", birth_date="1980-02-29")


@dataclass
class Watch:
    """A clock that goes on when it is told to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def tick(self, seconds: int = 2) -> None:
        """Let time pass: by default so much that a register read before is read anew."""
        self.now += timedelta(seconds=seconds)


@dataclass
class World:
    """The bodies; calling it reaches one (gateway's `Connect`). Credentials are written under `folder`."""

    folder: Path
    watch: Watch = field(default_factory=Watch)
    signing: dict[Body, Ed25519PrivateKey] = field(default_factory=dict)
    sealing: dict[Body, X25519PrivateKey] = field(default_factory=dict)
    logs: dict[Body, NoteSigner] = field(default_factory=dict)
    witnesses: dict[Body, Cosigner] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.signing = {body: Ed25519PrivateKey.generate() for body in Body}
        self.sealing = {body: X25519PrivateKey.generate() for body in Body}
        self.oversight = FakeOversight(self.watch)
        for body in Body:
            self.oversight.put_body(self._entry(body))
        directory = self.oversight.directory
        self.registry = FakeRegistry(
            _url(Body.REGISTRY), self.watch, directory, key=self.sealing[Body.REGISTRY]
        )
        self.identity = FakeIdentity(
            _url(Body.IDENTITY),
            self.watch,
            directory,
            present=lambda token: self.registry.presence(token).registered,
            key=self.signing[Body.IDENTITY],
            sealing_key=self.sealing[Body.IDENTITY],
        )
        self.medical = FakeMedical(
            callers=self._caller,
            people=self._named,
            directory=directory,
            clock=self.watch,
            signing_key=self.signing[Body.MEDICAL],
            second_keys=self.signing,
        )
        self.relationships = FakeRelationships(self._caller, self._named, self.watch)
        self.keepers = {body: self._keeper(body) for body in (*PROXIES, Body.REGISTRY)}
        self.keepers[Body.MEDICAL].on_stored = self._hand_to_medical
        self.keepers[Body.MEDICAL].on_withdrawn = self.medical.withdraw
        self.disclosures = FakeDisclosures(
            self.registry, self.signing[Body.REGISTRY], self.keepers[Body.REGISTRY].wallets
        )
        self.emergencies = FakeEmergencies(
            self._at_oversight, self._named_at_oversight, self._closed, directory, self.watch
        )
        self.unmaskings = FakeUnmaskings(self._trust, self.watch)
        self.lines = {body: self._line(body) for body in Body}
        self.officials = self._officials()

    def __call__(self, body: Body) -> InMemory:
        """Return the connection to a body."""
        return self.lines[body]

    def close(self) -> None:
        """Nothing to close."""

    def organisation(self, name: str, kind: Kind, *roles: Role) -> Participant:
        """Have an organisation accredited and return it at work."""
        application = apply(self.officials, Applicant(name, name, kind, list(roles)))
        entering = application.entering
        self.oversight.accredit_organisation(entering.organisations[0])
        certificate = self.oversight.accredit_terminal(entering.terminals[0]).certificate
        self.oversight.accredit_operator(entering.operators[0])
        save(replace(application.credentials, terminal_certificate=certificate), self.folder / name)
        return self._at_work(load(self.folder / name))

    def colleague(self, of: Participant, name: str, *roles: Role) -> Participant:
        """Have another operator of an organisation accredited, at a terminal of their own, and return them at work.

        Both are known to the ID centre as different humans.
        """
        card, terminal = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
        own = replace(
            of.credentials,
            operator=OperatorId(name),
            terminal=TerminalId(f"{name}-desk"),
            card_key=card,
            terminal_key=terminal,
        )
        fake, expires = self.oversight, epoch_seconds(self.watch()) + 86_400
        for number, each in enumerate(fake.operators):
            if (each.organisation, each.id) == (of.id, of.credentials.operator):
                fake.operators[number] = each.model_copy(update={"person_tag": f"human of {each.id}"})
        fake.terminals.append(
            Terminal(
                id=own.terminal,
                organisation=of.id,
                certificate_thumbprint=name,
                public_key=to_jwk(terminal.public_key()),
                active=True,
                expires=expires,
            )
        )
        fake.operators.append(
            Operator(
                id=own.operator,
                organisation=of.id,
                roles=list(roles),
                card_key=to_jwk(card.public_key()),
                active=True,
                expires=expires,
                person_tag=f"human of {name}",
            )
        )
        return self._at_work(own)

    def person(self, counter: Participant) -> Enrolled:
        """Enrol somebody with the usual items and a fresh wallet."""
        return enrol(counter, ITEMS, pins=PINS)

    def _at_work(self, credentials: Credentials) -> Participant:
        return Participant(credentials, self, clock=self.watch)

    def _entry(self, body: Body) -> BodyEntry:
        self.logs[body] = NoteSigner(log_origin(body), Ed25519PrivateKey.generate())
        if body in (Body.OVERSIGHT, Body.IDENTITY):
            name = f"sekisho/{body.value}/witness"
            self.witnesses[body] = Cosigner(name, Ed25519PrivateKey.generate())
        return BodyEntry(
            body=body,
            url=_url(body),
            certificate_thumbprint=body.value,
            signing_key=to_jwk(self.signing[body].public_key()),
            sealing_key=base64url.encode(self.sealing[body].public_key().public_bytes_raw()),
            log_origin=log_origin(body),
            log_key=self.logs[body].verifier.vkey(),
            witness_key=self.witnesses[body].verifier.vkey() if body in self.witnesses else None,
        )

    def _keeper(self, body: Body) -> FakeKeeper:
        return FakeKeeper(body, lambda token: self._person(body, token), self.watch, self.signing[body])

    def _line(self, body: Body) -> InMemory:
        routes: dict[tuple[str, str], Handler] = {}
        if body in self.keepers:
            routes |= self.keepers[body].routes()
        match body:
            case Body.IDENTITY:
                routes |= self._identity_routes()
            case Body.MEDICAL:
                routes |= self._medical_routes()
            case Body.OVERSIGHT:
                routes |= self._oversight_routes()
            case Body.REGISTRY:
                routes |= {
                    ("POST", "/residents"): reading(RegisterResident, self.registry.register),
                    ("PUT", "/residents"): reading(RegisterResident, self.registry.change),
                    ("POST", "/confirmations"): reading(Confirm, self.registry.confirm),
                    ("POST", "/disclosures"): reading(Disclose, self.disclosures.disclose),
                    ("GET", "/look-up-stops"): asking(self.registry.stops),
                    ("POST", "/look-up-reports"): reading(AskReport, self.registry.look_up_report),
                    ("POST", "/look-up-reports/own"): reading(AskReport, self.registry.own_look_up_report),
                    ("POST", "/history-erasures"): asking(self.registry.erase_history),
                    ("GET", "/erasure-proof"): asking(self.registry.prove_erasure),
                    ("POST", "/look-ups"): reading(LookUp, self.registry.look_up),
                    ("POST", "/look-ups/batch"): reading(LookUpBatch, self.registry.look_up_batch),
                }
        octets = serving(self.medical.streams) if body is Body.MEDICAL else None
        form = (lambda fields, key: self.identity.token(fields, key=key)) if body is Body.IDENTITY else None
        line = InMemory(_url(body), routes, form)
        line.octets = octets or line.octets
        if body is Body.OVERSIGHT:
            line.octets = lambda method, path, content, token: serve_emergencies(
                lambda: self.emergencies.at(token), method, path, content
            )
        return line

    def _identity_routes(self) -> dict[tuple[str, str], Handler]:
        centre = self.identity
        return {
            ("POST", "/oauth/challenge"): lambda _content, _token: centre.challenge(),
            ("POST", "/cards/unlock"): without_token(identity.UnlockCard, centre.unlock),
            ("POST", "/persons"): asking(centre.enrol),
            ("POST", "/cards"): reading(identity.IssueCard, centre.issue_card),
            ("POST", "/links"): reading(identity.PresentCard, centre.link),
            ("POST", "/pseudonym-tokens"): reading(identity.RequestPseudonymTokens, centre.pseudonym_tokens),
            ("POST", "/pseudonym-tokens/batch"): reading(RequestPeopleNamed, centre.name_people),
            ("POST", "/accounts"): reading(OpenAccount, FakeAccounts(centre).open),
            ("POST", "/number-look-ups"): reading(LookUpNumbers, centre.look_up_numbers),
            ("PUT", "/subject"): reading(identity.RegisterSubject, centre.register_subject),
        }

    def _medical_routes(self) -> dict[tuple[str, str], Handler]:
        centre = self.medical

        def publish(message: medical.Publication, *, token: Token) -> medical.Publications:
            person = self._person(Body.MEDICAL, token)
            centre.register_wallet(person, self.keepers[Body.MEDICAL].wallets[person])
            return centre.publish(message, token=token)

        return {
            ("PUT", "/compartments"): reading(medical.Publication, publish),
            ("GET", "/compartments"): asking(centre.published),
            ("POST", "/compartments/search"): reading(medical.CompartmentSearch, centre.search),
            ("POST", "/deposits"): reading(medical.DepositRequest, centre.deposit),
            ("POST", "/own-records"): reading(medical.OwnRecordsRequest, centre.own_records),
            ("POST", "/erasures"): reading(EraseRecords, centre.erasures.erase),
            ("POST", "/own-deposits"): reading(medical.OwnDeposit, centre.deposit_own),
            ("POST", "/own-records/segments"): reading(medical.AskOwnSegment, centre.own_segment),
            ("POST", "/reads"): reading(medical.ReadRequest, centre.read),
            ("GET", "/grants"): asking(centre.grants),
            ("POST", "/relationships"): reading(RegisterRelationship, self.relationships.register),
            ("POST", "/relationships/search"): reading(FindRelationships, self.relationships.find),
            ("PUT", "/staff"): reading(DescribeStaff, self.relationships.describe),
            ("PUT", "/watch"): reading(Watched, self.relationships.watch),
            ("GET", "/watch"): asking(self.relationships.watched),
        }

    def _oversight_routes(self) -> dict[tuple[str, str], Handler]:
        body = self.oversight
        return {
            ("GET", "/register"): lambda _content, _token: oversight.RegisterAnswer(register=body.register()),
            ("POST", "/unmaskings"): lambda content, token: self._asking(token).ask(
                AskUnmasking.model_validate_json(content)
            ),
            ("GET", "/unmaskings"): lambda _content, token: Unmaskings(cases=self._asking(token).own()),
        }

    def _asking(self, token: Token) -> FakeUnmaskingDesk:
        return self.unmaskings.at(self._person(Body.OVERSIGHT, token))

    def _trust(self) -> Trust:
        logs = {signer.verifier.name: signer.verifier for signer in self.logs.values()}
        return Trust(logs, tuple(each.verifier for each in self.witnesses.values()), 1)

    def _at_oversight(self, token: Token) -> OperatorCaller:
        directory, audience = self.oversight.directory(), _url(Body.OVERSIGHT)
        return operator_caller(token, directory=directory, audience=audience, now=self.watch())

    def _closed(self, person: Pseudonym, selection: Selection) -> RefusalCode | None:
        """Say what speaks against opening somebody's records in an emergency: what they chose, for any relay."""
        keeper, code = self.keepers[Body.OVERSIGHT], RefusalCode.NOT_ACCREDITED
        held = [
            HeldDirective(one, keeper.states[name])
            for name, (one, _) in keeper.held.items()
            if one.directive.person == person
        ]
        for each in self.oversight.organisations:
            if each.kind is Kind.EMERGENCY_RELAY:
                reader = Reader(each.id, OperatorId(""), frozenset({Role.EMERGENCY_RELAY.value}))
                wanted = AccessRequest(
                    reader, selection.categories, selection.years, Purpose.ETREAT, self.watch()
                )
                decision = decide(wanted, held)
                if isinstance(decision, Permit):
                    return None
                code = decision.code
        return code

    def _officials(self) -> Participant:
        terminal, card = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
        name, expires = OrganisationId("officials"), epoch_seconds(self.watch()) + 86_400
        self.oversight.organisations.append(
            Organisation(id=name, name=name, kind=Kind.OVERSIGHT, active=True, expires=expires)
        )
        self.oversight.terminals.append(
            Terminal(
                id=TerminalId("desk"),
                organisation=name,
                certificate_thumbprint="00",
                public_key=to_jwk(terminal.public_key()),
                active=True,
                expires=expires,
            )
        )
        self.oversight.operators.append(
            Operator(
                id=OperatorId("official"),
                organisation=name,
                roles=[Role.ACCREDITOR],
                card_key=to_jwk(card.public_key()),
                active=True,
                expires=expires,
            )
        )
        credentials = Credentials(
            organisation=name,
            operator=OperatorId("official"),
            terminal=TerminalId("desk"),
            urls={body: _url(body) for body in Body},
            register_key=base64url.encode(self.oversight.key.public_key().public_bytes_raw()),
            terminal_key=terminal,
            terminal_certificate="",
            authority="",
            card_key=card,
        )
        return self._at_work(credentials)

    def _person(self, body: Body, token: Token) -> Pseudonym:
        return person_caller(
            token,
            directory=self.oversight.directory(),
            audience=_url(body),
            key=self.sealing[body],
            now=self.watch(),
        )

    def _caller(self, token: Token) -> Caller:
        directory, audience, now = self.oversight.directory(), _url(Body.MEDICAL), self.watch()
        try:
            return operator_caller(token, directory=directory, audience=audience, now=now)
        except RemoteProblemError as refusal:
            if refusal.status != 403:
                raise
            return PersonCaller(self._person(Body.MEDICAL, token), SignedInBy.CARD)

    def _named(self, token: str) -> Pseudonym | None:
        found = (self._opened(Body.MEDICAL, token, each.id) for each in self.oversight.organisations)
        return next(filter(None, found), None)

    def _named_at_oversight(self, token: str, organisation: OrganisationId) -> Pseudonym | None:
        return self._opened(Body.OVERSIGHT, token, organisation)

    def _opened(self, body: Body, token: str, organisation: OrganisationId) -> Pseudonym | None:
        try:
            return open_pseudonym_token(
                token,
                key=self.sealing[body],
                issuer=self.signing[Body.IDENTITY].public_key(),
                body=body,
                organisation=organisation,
                now=self.watch(),
            ).pseudonym
        except PseudonymTokenError:
            return None

    def _hand_to_medical(self, copy: DirectiveCopy, verified: VerifiedDirective) -> None:
        # the fake medical centre uses the second bodies' fragments, too: they arrived there before
        issued = (verified.directive.terms, verified.directive.issued_at)
        copies = {Body.MEDICAL: copy}
        for body in (Body.OVERSIGHT, Body.IDENTITY):
            held = self.keepers[body].held.values()
            same = [each for one, each in held if (one.directive.terms, one.directive.issued_at) == issued]
            copies[body] = same[-1]
        self.medical.take(copies)

    def states(self, body: Body) -> dict[DirectiveId, str]:
        """Return the state of every directive at a body."""
        return {name: state.value for name, state in self.keepers[body].states.items()}


def _url(body: Body) -> str:
    return f"https://{body.value.replace('_', '-')}.example"


def terms(recipient: str, *categories: Category, purpose: Purpose = Purpose.TREAT) -> Terms:
    """Return the terms of a permission for a year."""
    return Terms(
        recipient=Recipient(OrganisationId(recipient)),
        effect=Effect.PERMIT,
        purposes=frozenset({purpose}),
        scope=RecordScope(frozenset(categories), YearSpan(YEAR - 2, YEAR)),
        valid_from=NOW - timedelta(minutes=1),
        valid_until=NOW + timedelta(days=365),
        notice=Notice.of_text("本文", text_id="t", version="1", language="ja", refusal_meaning="ありません"),
    )
