"""The medical centre in this process, behind its gate, with everybody around it: honest fakes and real keys.

The register is the fake oversight body's; the two second proxies are `FakeSecondProxy`. What the clock says is `now`.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send
from support.accredited import accredit
from support.database import bodies_on, database_url
from support.identity_wire import NO_TLS
from support.live_register import live_register

from consent import base64url
from consent.compartments import Compartment, YearSpan
from consent.delegation import ReceivingKey
from consent.directives import Grant
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.jwk import to_jwk
from consent.recipients import Recipient
from consent.shown import Notice
from consent.staff import SALT_BYTES, SEALED_BYTES, StaffMask
from consent.statements import (
    AccessStatement,
    DocumentSelection,
    GrantSubject,
    Selection,
    TokenSubject,
    sign_statement,
)
from consent.terms import Effect, RecordScope, Terms
from consent.vocabulary import PROXIES, Body, Category, Purpose
from consent.wallet import Wallet
from services.contracts.directives import DirectivesClient, submission, wallet_registration
from services.contracts.directives_fake import FakeSecondProxy
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import Publication, ReadRequest
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.fake_use_cases import FakeUseCases
from services.contracts.oversight.register import BodyEntry, Kind, Role
from services.kit.clock import Clock, epoch_seconds, system_randomness
from services.kit.context import BodyContext, log_origin
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.pseudonyms import PseudonymTokenIssuer
from services.kit.credentials.tokens import TokenIssuer
from services.kit.http import Http, Token
from services.kit.keys import KeyFolder
from services.kit.log.evidence import Evidence
from services.kit.server import PEER_CERTIFICATE
from services.kit.witness_link import WitnessLink
from services.medical.app import assemble, open_medical
from services.medical.second_proxy import SecondProxy
from services.medical.settings import Settings

URL = "https://medical.test"
ISSUER = "https://identity.test"
HOSPITAL, OTHER_HOSPITAL, CLINIC, OTHER_CLINIC, ANONYMISER, RELAY, AUDITOR = (
    OrganisationId(name)
    for name in ("hospital", "other-hospital", "clinic", "other-clinic", "anonymiser", "relay", "oversight")
)
KINDS: Mapping[OrganisationId, tuple[Kind, list[Role]]] = {
    HOSPITAL: (Kind.HOSPITAL, [Role.WRITER, Role.READER]),
    OTHER_HOSPITAL: (Kind.HOSPITAL, [Role.WRITER]),
    CLINIC: (Kind.CLINIC, [Role.READER]),
    OTHER_CLINIC: (Kind.CLINIC, [Role.READER]),
    ANONYMISER: (Kind.ANONYMISER, [Role.ANONYMISER]),
    RELAY: (Kind.EMERGENCY_RELAY, [Role.EMERGENCY_RELAY]),
    AUDITOR: (Kind.OVERSIGHT, [Role.AUDITOR]),
}
TERMINAL_HEADER = "x-test-terminal"
YEAR = 365 * 24 * 3600
NOTICE = Notice.of_text(
    "Your records are shown to the clinic.",
    text_id="n",
    version="1",
    language="en",
    refusal_meaning="Nothing.",
)


ID_CENTRE = OrganisationId("body:identity")
"""Whom the ID centre's own requests come from."""


@dataclass
class Member:
    """An accredited organisation with its keys."""

    id: OrganisationId
    keys: KeyFolder
    receiving_key: ReceivingKey
    certificate: bytes

    @property
    def operator(self) -> OperatorId:
        """Its one operator."""
        return OperatorId(f"{self.id}-operator")

    @property
    def terminal(self) -> TerminalId:
        """Its one terminal."""
        return TerminalId(f"{self.id}-terminal")

    @property
    def card(self) -> EllipticCurvePrivateKey:
        """The operator's card key."""
        return self.keys.p256("card")


@dataclass
class Someone:
    """A person with a wallet."""

    name: str
    wallet: Wallet = field(default_factory=lambda: Wallet.create(system_randomness))

    def pseudonym(self, body: Body) -> Pseudonym:
        """Return what the ID centre calls the person towards a body."""
        return Pseudonym(base64url.encode(hashlib.sha256(f"{body} {self.name}".encode()).digest()))


class InProcess(Http):
    """`Http` to the application in this process, from one terminal."""

    def __init__(self, client: TestClient, terminal: str, clock: Clock) -> None:
        super().__init__(URL, context=NO_TLS, clock=clock)
        self._application = client
        self._terminal = terminal

    def _request(self, method: str, path: str, **sent: Any) -> httpx.Response:
        headers = {**sent["headers"], TERMINAL_HEADER: self._terminal}
        answer: httpx.Response = self._application.request(
            method, URL + path, content=sent["content"], params=sent["query"], headers=headers
        )
        return answer


class _Certificates:
    """Stands for the TLS layer: puts the named terminal's certificate where the server would."""

    def __init__(self, app: ASGIApp, certificates: Mapping[str, bytes]) -> None:
        self._app = app
        self._certificates = certificates

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            named = [value.decode() for name, value in scope["headers"] if name == TERMINAL_HEADER.encode()]
            found = self._certificates.get(named[0]) if named else None
            scope.setdefault("state", {})[PEER_CERTIFICATE] = found
        await self._app(scope, receive, send)


class World:
    """Everybody, and the medical centre's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.identity = KeyFolder(folder / "identity")
        self.oversight = FakeOversight(self.clock)
        self.register = live_register(self.oversight)
        self.context = self.open_context()
        self.peoples = {Body.MEDICAL: self.context.people}
        self.seconds = {
            body: FakeSecondProxy(body, self.register.directory, self.clock)
            for body in (Body.OVERSIGHT, Body.IDENTITY)
        }
        reviewer = (AUDITOR, OperatorId(f"{AUDITOR}-operator"))
        self.use_cases = FakeUseCases(self.clock, self.register.directory, lambda _token: reviewer)
        self._enter_bodies()
        self.members = {name: self._accredit(name) for name in KINDS}

    def clock(self) -> datetime:
        """Return the world's time."""
        return self.now

    @cached_property
    def settings(self) -> Settings:
        """The medical centre's settings."""
        return Settings(
            data=self.folder / "medical",
            port=1,
            public_url=URL,
            oversight_url="https://oversight.test",
            identity_url=ISSUER,
            register_key=base64url.encode(bytes(32)),
            witness_interval_seconds=3600.0,
            database_url=database_url(bodies_on()),
            database_connections=2,
        )

    def open_context(self) -> BodyContext:
        """Open the medical centre's folder."""
        return open_medical(self.settings, clock=self.clock)

    def second_proxies(self, clients: Mapping[Body, Any] | None = None) -> list[SecondProxy]:
        """Return the second proxies as the medical centre asks them; `clients` in place of the fakes."""
        context = self.context
        chosen: Mapping[Body, Any] = {**self.seconds, **(clients or {})}
        return [
            SecondProxy(
                body,
                client,
                WitnessLink(context.journal, database=context.database, clock=self.clock),
                self._verifier(body),
            )
            for body, client in chosen.items()
        ]

    @contextmanager
    def running(self, seconds: Sequence[SecondProxy] | None = None) -> Iterator["Running"]:
        """Run the medical centre; afterwards its folder can be opened again."""
        app = assemble(
            self.context,
            self.settings,
            register=self.register,
            seconds=self.second_proxies() if seconds is None else seconds,
            witnesses=[],
            use_cases=self.use_cases,
        )
        by_terminal = {str(member.terminal): member.certificate for member in self.members.values()}
        by_terminal[f"{ID_CENTRE}-terminal"] = Body.IDENTITY.value.encode()
        client = TestClient(_Certificates(app, by_terminal), base_url=URL, raise_server_exceptions=False)
        try:
            with client:
                yield Running(self, client, app)
        finally:
            self.context = self.open_context()

    def token(self, member: Member) -> Token:
        """Return an access token of the member's operator, with the roles that hold now."""
        key = DpopKey(member.keys.p256("dpop"))
        value = self._issuer.for_operator(
            audience=URL,
            organisation=member.id,
            operator=member.operator,
            terminal=member.terminal,
            roles=[role.value for role in KINDS[member.id][1]],
            jkt=key.thumbprint,
            place=0,
            now=self.now,
        )
        return Token(value, key)

    def person_token(self, someone: Someone) -> Token:
        """Return an access token of a person."""
        key = DpopKey(self.identity.p256("dpop"))
        value = self._issuer.for_person(
            audience=URL,
            pseudonym=someone.pseudonym(Body.MEDICAL),
            audience_key=self.context.sealing_key.public_key(),
            jkt=key.thumbprint,
            place=0,
            now=self.now,
        )
        return Token(value, key)

    def pseudonym_token(
        self, someone: Someone, member: Member, body: Body = Body.MEDICAL, *, link: str | None = None
    ) -> str:
        """Return a fresh token by which a member names a person to a body."""
        return self.token_about(someone, member.id, body, link=link, by=member.operator)

    def token_about(
        self,
        someone: Someone,
        organisation: OrganisationId,
        body: Body,
        *,
        link: str | None,
        asker: str | None = None,
        by: OperatorId | None = None,
    ) -> str:
        """Return a fresh token that names a person, and one link to them, for an organisation or the ID centre."""
        issuer = PseudonymTokenIssuer(self.identity.ed25519("signing"), 300, system_randomness)
        return issuer.issue(
            body=body,
            body_key=self.sealing_key(body).public_key(),
            organisation=organisation,
            pseudonym=someone.pseudonym(body),
            now=self.now,
            handle=link,
            asker=asker,
            by=by,
        )

    def pseudonym(self, someone: Someone, body: Body = Body.MEDICAL) -> Pseudonym:
        """Return what a body calls a person: a real one by a name of its own, a fake by the ID centre's."""
        told = someone.pseudonym(body)
        return self.peoples[body].first_name(told) if body in self.peoples else told

    def sealing_key(self, body: Body) -> Any:
        """Return a body's secret sealing key."""
        if body is Body.MEDICAL:
            return self.context.sealing_key
        return self.seconds[body].sealing_key

    def terms(self, organisation: OrganisationId, **changes: Any) -> Terms:
        """Return terms for medication of 2024 to 2026, for treatment, for 30 days; `changes` go over them."""
        told: dict[str, Any] = {
            "recipient": Recipient(organisation),
            "effect": Effect.PERMIT,
            "purposes": frozenset({Purpose.TREAT}),
            "scope": RecordScope(frozenset({Category.MEDICATION}), YearSpan(2024, 2026)),
            "valid_from": self.now,
            "valid_until": self.now + timedelta(days=30),
            "notice": NOTICE,
        }
        return Terms(**(told | changes))

    def grant(self, someone: Someone, terms: Terms, *, compartments: Sequence[Compartment]) -> Grant:
        """P2: have the person's wallet sign a directive in its three copies."""
        refused = terms.effect is Effect.DENY
        return someone.wallet.grant(
            terms,
            recipient_receiving_key=None
            if refused
            else self.members[terms.recipient.required()].receiving_key.public_bytes(),
            compartments=[] if refused else compartments,
            persons={body: self.pseudonym(someone, body) for body in PROXIES},
            handle_keys={body: each.sealing_key.public_key() for body, each in self.seconds.items()},
            now=self.now,
            randomness=system_randomness,
        )

    def statement(
        self,
        member: Member,
        subject: TokenSubject | GrantSubject,
        *,
        selection: Selection | DocumentSelection,
        purpose: Purpose = Purpose.TREAT,
        **changes: Any,
    ) -> str:
        """R2: sign an access statement with the operator's card; `changes` go over it."""
        told: dict[str, Any] = {
            "organisation": member.id,
            "operator": member.operator,
            "terminal": member.terminal,
            "selection": selection,
            "purpose": purpose,
            "subject": subject,
            "issued_at": self.now,
            "nonce": base64url.encode(system_randomness(16)),
            "audience": URL,
            "staff": StaffMask("abcdefghijklmnop", system_randomness(SALT_BYTES), bytes(SEALED_BYTES)),
        }
        return sign_statement(AccessStatement(**(told | changes)), key=member.card, kid="card")

    def _verifier(self, body: Body) -> Any:
        return lambda: self.seconds[body].cosigner.verifier

    @cached_property
    def _issuer(self) -> TokenIssuer:
        return TokenIssuer(ISSUER, self.identity.ed25519("signing"), timedelta(minutes=5), system_randomness)

    def _enter_bodies(self) -> None:
        keys = {Body.MEDICAL: self.context.keys, Body.IDENTITY: self.identity}
        for body in PROXIES:
            second = self.seconds.get(body)
            folder = keys.get(body, KeyFolder(self.folder / body.value))
            if second is not None:
                second.signing_key = folder.ed25519("signing")
            self.oversight.put_body(
                BodyEntry(
                    body=body,
                    url=URL if body is Body.MEDICAL else f"https://{body.value}.test",
                    certificate_thumbprint=hashlib.sha256(body.value.encode()).hexdigest(),
                    signing_key=to_jwk(folder.ed25519("signing").public_key()),
                    sealing_key=base64url.encode(self.sealing_key(body).public_key().public_bytes_raw()),
                    log_origin=log_origin(body),
                    log_key=self.context.journal.verifier.vkey() if body is Body.MEDICAL else "",
                    witness_key=second.cosigner.verifier.vkey() if second else None,
                )
            )

    def _accredit(self, name: OrganisationId) -> Member:
        kind, roles = KINDS[name]
        keys = KeyFolder(self.folder / name)
        receiving = ReceivingKey.create(system_randomness)
        der = accredit(
            self.oversight,
            name,
            keys,
            kind=kind,
            roles=roles,
            receiving_key=base64url.encode(receiving.public_bytes()),
            expires=epoch_seconds(self.now) + YEAR,
        )
        return Member(name, keys, receiving, der)


@dataclass
class Running:
    """The running medical centre and what people and members do there."""

    world: World
    client: TestClient
    app: FastAPI
    _lines: dict[OrganisationId, Http] = field(default_factory=dict)

    def http(self, member: OrganisationId) -> Http:
        """Return the connection from a member's terminal."""
        if member not in self._lines:  # a TLS context of its own is dear, and nothing here uses it
            self._lines[member] = InProcess(self.client, f"{member}-terminal", self.world.clock)
        return self._lines[member]

    def medical(self, member: OrganisationId = HOSPITAL) -> MedicalClient:
        """Return the client of a member."""
        return MedicalClient(self.http(member))

    def directives(self) -> DirectivesClient:
        """Return the client by which people keep their directives."""
        return DirectivesClient(self.http(HOSPITAL))

    def enrol(self, someone: Someone, compartments: Sequence[Compartment]) -> None:
        """Register the person's wallet and publish compartment keys."""
        self.register(someone)
        token = self.world.person_token(someone)
        publication = someone.wallet.publish(compartments, self.world.now)
        self.medical().publish(Publication(publication=publication), token=token)

    def register(self, someone: Someone) -> None:
        """Register the person's wallet."""
        registration = wallet_registration(someone.wallet, Body.MEDICAL, self.world.now)
        self.directives().register_wallet(registration, token=self.world.person_token(someone))

    def permit(self, someone: Someone, grant: Grant) -> str:
        """P3: hand every body its copy; returns the medical centre's id of it."""
        for body, second in self.world.seconds.items():
            second.take(grant.copies[body], someone.wallet.public_jwk(body))
        told = self.directives().submit(
            submission(grant.copies[Body.MEDICAL]), token=self.world.person_token(someone)
        )
        return told.directive

    def request(
        self,
        someone: Someone,
        member: OrganisationId,
        *,
        selection: Selection | DocumentSelection,
        **changes: Any,
    ) -> ReadRequest:
        """R1 and R2: return a signed read about a person."""
        reader = self.world.members[member]
        tokens = {body: self.world.pseudonym_token(someone, reader, body) for body in PROXIES}
        subject = changes.pop("subject", TokenSubject.of_tokens(tokens))
        statement = self.world.statement(reader, subject, selection=selection, **changes)
        return ReadRequest(statement=statement, tokens=tokens)

    def history(self, someone: Someone) -> Evidence:
        """Return the person's history as the body has it, up to the newest co-signed entry."""
        answer = self.http(HOSPITAL).get("/history", token=self.world.person_token(someone))
        return Evidence.model_validate(answer)

    def events(self, someone: Someone) -> list[Mapping[str, Any]]:
        """Return all entries about a person, also those no witness has seen yet."""
        context = self.world.context
        with context.database.read() as conn:
            own = self.world.pseudonym(someone)
            positions = [at for at, whose in context.journal.persons(conn) if whose == own]
            openings = context.journal.openings(conn, positions)
        return [openings[position].event for position in positions]
