"""The real oversight body in this process, with a medical centre's log, organisations and people around it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.testclient import TestClient
from support.database import bodies_on
from support.database import database_url as new_database
from support.identity_clock import HeldClock, seeded
from support.identity_wire import AppHttp, PeerFromHeader
from support.register_keeping import Keeping

from consent import base64url
from consent.delegation import ReceivingKey
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.bodies import checking_tokens
from services.contracts.directives import DirectivesClient, wallet_registration
from services.contracts.oversight.client import OversightClient
from services.contracts.oversight.entering import Entering, certified
from services.contracts.oversight.messages import (
    OperatorAccreditation,
    OrganisationAccreditation,
    TerminalAccreditation,
)
from services.contracts.oversight.register import BodyEntry, Kind, Operator, Organisation, Role, Terminal
from services.contracts.oversight.register_view import DirectorySource, RegisterView
from services.contracts.proposals import ProposalsClient
from services.kit import certificates
from services.kit.clock import epoch_seconds
from services.kit.context import log_origin, open_body
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.pseudonyms import PseudonymTokenIssuer
from services.kit.credentials.standing import STATUS_PATH, sign_standing
from services.kit.credentials.tokens import TokenIssuer
from services.kit.encoding import Message
from services.kit.http import Token
from services.kit.keys import KeyFolder, write_private
from services.kit.log.note import NoteSigner
from services.kit.people import People
from services.oversight import app as oversight_app
from services.oversight import tables
from services.oversight.changes import Author, record
from services.oversight.settings import Settings
from services.oversight.store import Entry

URLS = {body: f"https://{body.value.replace('_', '-')}.test" for body in Body}
OFFICE = OrganisationId("office")
YEAR = 365 * 24 * 3600


@dataclass(frozen=True)
class Participant:
    """An operator at a terminal, with the keys of their organisation."""

    organisation: OrganisationId
    operator: OperatorId
    terminal: TerminalId
    certificate: bytes
    card_key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    terminal_key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    receiving: ReceivingKey | None = None


@dataclass(frozen=True)
class Person:
    """A person with a wallet; every body has its own name for them."""

    name: str
    wallet: Wallet
    people: People
    """The oversight body's; the other bodies' names are the ID centre's."""

    def pseudonym(self, body: Body) -> Pseudonym:
        """Return what a body knows them by."""
        told = self.told_name(body)
        return self.people.first_name(told) if body is Body.OVERSIGHT else told

    def told_name(self, body: Body) -> Pseudonym:
        """Return what the ID centre calls them towards a body."""
        return Pseudonym(base64url.encode(sha256(f"{body.value} {self.name}".encode()).digest()))


class OtherBodies:
    """The keys of the bodies that are in the register, but not up."""

    def __init__(self) -> None:
        self.signing = {body: Ed25519PrivateKey.generate() for body in Body}
        self.sealing = {body: X25519PrivateKey.generate() for body in Body}
        self.logs = {body: NoteSigner(log_origin(body), Ed25519PrivateKey.generate()) for body in Body}

    def entry(self, body: Body) -> BodyEntry:
        """Return a body's entry in the register."""
        return BodyEntry(
            body=body,
            url=URLS[body],
            certificate_thumbprint=sha256(body_certificate(body)).hexdigest(),
            signing_key=to_jwk(self.signing[body].public_key()),
            sealing_key=base64url.encode(self.sealing[body].public_key().public_bytes_raw()),
            log_origin=log_origin(body),
            log_key=self.logs[body].verifier.vkey(),
        )


class OversightWorld:
    """The oversight body, opened on a folder."""

    def __init__(self, folder: Path, *, database_url: str = "", connections: int = 20) -> None:
        self.folder = folder
        database_url = database_url or new_database(bodies_on())
        self.clock = HeldClock()
        self.random = seeded("oversight world")
        self.others = OtherBodies()
        self.dpop = DpopKey(generate_private_key(SECP256R1()))
        self.settings = Settings.model_validate(
            {
                "data": folder / "oversight",
                "port": 1,
                "public_url": URLS[Body.OVERSIGHT],
                "oversight_url": URLS[Body.OVERSIGHT],
                "identity_url": URLS[Body.IDENTITY],
                "register_key": base64url.encode(bytes(32)),
                "witness_interval_seconds": 3600.0,
                "bootstrap": folder / "bootstrap.json",
                "database_url": database_url,
                "database_connections": connections,
            }
        )
        keys = KeyFolder(self.settings.key_folder)
        authority = certificates.create_authority(
            "Accreditation", days=3650, now=self.clock(), key=keys.p256("accreditation")
        )
        tls = self.settings.data / "tls"
        write_private(tls / "authority.pem", certificates.to_pem(authority.certificate).encode())
        server = KeyFolder(tls).p256("key")
        told = certificates.issue(
            authority,
            server.public_key(),
            common_name="oversight",
            sans=["127.0.0.1"],
            usages=[certificates.Usage.SERVER, certificates.Usage.CLIENT],
            days=365,
            now=self.clock(),
        )
        write_private(tls / "certificate.pem", certificates.to_pem(told).encode())
        self.official = self._write_bootstrap(authority)

    def open(self, *, bootstrap: str | None = None) -> None:
        """Open the body on its files, and with the founding file as told."""
        self.context = open_body(
            Body.OVERSIGHT,
            self.settings,
            tables=tables.KIT,
            migrations=oversight_app.MIGRATIONS,
            clock=self.clock,
            randomness=self.random.randbytes,
        )
        own = self.others
        own.signing[Body.OVERSIGHT] = self.context.signing_key
        own.sealing[Body.OVERSIGHT] = self.context.sealing_key
        self._write_bodies()
        if bootstrap is not None:
            (self.folder / "bootstrap.json").write_text(bootstrap)
        self.app = oversight_app.assemble(self.context, self.settings, with_tokens=self._with_tokens)
        self.client = TestClient(PeerFromHeader(self.app), raise_server_exceptions=False)

    def http(self, certificate: bytes) -> AppHttp:
        """Return a connection to the oversight body with a client certificate."""
        return AppHttp(
            URLS[Body.OVERSIGHT],
            self.client,
            certificate=certificate,
            clock=self.clock,
            randomness=self.random.randbytes,
        )

    def as_body(self, body: Body) -> OversightClient:
        """Return the oversight body as another body reaches it."""
        return OversightClient(self.http(body_certificate(body)))

    def as_operator(self, who: Participant, *roles: Role) -> OversightClient:
        """Return the oversight body as an operator reaches it."""
        return OversightClient(self.http(who.certificate), token=self.operator_token(who, *roles))

    def as_supervisor(self, who: Participant) -> ProposalsClient:
        """Return the oversight body's dual control as a supervisor reaches it."""
        token = self.operator_token(who, Role.SUPERVISOR)
        return ProposalsClient(self.http(who.certificate), token=token)

    def decide(self, kind: str, message: Message, *, reason: str = "an inspection") -> int:
        """Have two officials decide something; return the edition that says so."""
        outcome = self.keeping.decide(kind, message, reason=reason).outcome
        assert outcome is not None
        serial = outcome["serial"]
        assert isinstance(serial, int)
        return serial

    @property
    def keeping(self) -> Keeping:
        """Return two officials who enter what is needed."""
        first, second = map(self.as_supervisor, self.supervisors)
        return Keeping(first, second)

    @property
    def office(self) -> OversightClient:
        """Return the oversight body as its own official reaches it."""
        return self.as_operator(self.official, Role.ACCREDITOR, Role.AUDITOR)

    def as_person(self, person: Person) -> tuple[DirectivesClient, Token]:
        """Return a person's calls here, and their token."""
        issuer = self._tokens()
        value = issuer.for_person(
            audience=URLS[Body.OVERSIGHT],
            pseudonym=person.told_name(Body.OVERSIGHT),
            audience_key=self.context.sealing_key.public_key(),
            jkt=self.dpop.thumbprint,
            place=0,
            now=self.clock(),
        )
        # people come through the portal's terminal; the token decides who they are
        return DirectivesClient(self.http(self.official.certificate)), Token(value, self.dpop)

    def operator_token(self, who: Participant, *roles: Role) -> Token:
        """Return an operator's access token for the oversight body."""
        value = self._tokens().for_operator(
            audience=URLS[Body.OVERSIGHT],
            organisation=who.organisation,
            operator=who.operator,
            terminal=who.terminal,
            roles=[role.value for role in roles],
            jkt=self.dpop.thumbprint,
            place=0,
            now=self.clock(),
        )
        return Token(value, self.dpop)

    def pseudonym_token(
        self, person: Person, organisation: OrganisationId, body: Body = Body.OVERSIGHT
    ) -> str:
        """Return a token by which an organisation names a person to a body."""
        issuer = PseudonymTokenIssuer(self.others.signing[Body.IDENTITY], 120, self.random.randbytes)
        return issuer.issue(
            body=body,
            body_key=self.others.sealing[body].public_key(),
            organisation=organisation,
            pseudonym=person.told_name(body),
            now=self.clock(),
        )

    def accredit(self, name: str, kind: Kind, *roles: Role) -> Participant:
        """Accredit an organisation with one operator and one terminal, by the real calls."""
        receiving = ReceivingKey.create(self.random.randbytes)
        signing = Ed25519PrivateKey.generate()
        expires = epoch_seconds(self.clock()) + YEAR
        card, terminal = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
        organisation = OrganisationAccreditation(
            id=name,
            name=name.title(),
            kind=kind,
            expires=expires,
            signing_key=to_jwk(signing.public_key()),
            receiving_key=base64url.encode(receiving.public_bytes()),
        )
        desk = TerminalAccreditation(
            id=f"{name}-desk", organisation=name, public_key=to_jwk(terminal.public_key()), days=365
        )
        staff = OperatorAccreditation(
            id=f"{name}-staff",
            organisation=name,
            roles=list(roles),
            card_key=to_jwk(card.public_key()),
            expires=expires,
        )
        entering = Entering(organisations=[organisation], terminals=[desk], operators=[staff])
        told = certified(self.keeping.decide("enter", entering).outcome, desk.id)
        assert told is not None
        return Participant(
            OrganisationId(name),
            OperatorId(f"{name}-staff"),
            TerminalId(f"{name}-desk"),
            der(told.certificate),
            card,
            terminal,
            receiving,
        )

    def enter(self, entry: Entry) -> None:
        """Enter something as it is, past what two officials could propose, with its entry in the log."""
        office = self.app.state.office
        by = Author(self.official.organisation, self.official.operator, self.official.terminal)
        with self.context.database.write() as conn:
            serial = office.store.next_serial(conn)
            office.store.add(conn, entry)
            record(office, conn, by, entry=entry, serial=serial, told={"change": "entered"})

    def desk(self, organisation: str) -> Participant:
        """Return a terminal of an accredited organisation, with nobody in particular at it."""
        terminal = generate_private_key(SECP256R1())
        name = f"{organisation}-desk"
        told = self.keeping.accredit_terminal(
            TerminalAccreditation(
                id=name, organisation=organisation, public_key=to_jwk(terminal.public_key()), days=1
            )
        )
        return Participant(
            OrganisationId(organisation), OperatorId("nobody"), TerminalId(name), der(told.certificate)
        )

    def person(self, name: str) -> Person:
        """Return a person whose wallet is registered here."""
        person = Person(name, Wallet.create(self.random.randbytes), self.context.people)
        client, token = self.as_person(person)
        client.register_wallet(wallet_registration(person.wallet, Body.OVERSIGHT, self.clock()), token=token)
        return person

    def _with_tokens(self, register: DirectorySource) -> RegisterView:
        settings = self.settings
        return checking_tokens(
            self.context,
            register,
            lambda: sign_standing(
                url=settings.identity_url + STATUS_PATH,
                keys=[self.others.signing[Body.IDENTITY].public_key()],
                stopped=[],
                signer=self.others.signing[Body.IDENTITY],
                now=epoch_seconds(self.clock()),
                lifetime=30,
            ),
        )

    def _tokens(self) -> TokenIssuer:
        key = self.others.signing[Body.IDENTITY]
        return TokenIssuer(URLS[Body.IDENTITY], key, timedelta(minutes=5), self.random.randbytes)

    def _write_bootstrap(self, authority: certificates.Authority) -> Participant:
        terminal = generate_private_key(SECP256R1())
        told = certificates.issue(
            authority,
            terminal.public_key(),
            common_name="office-desk",
            sans=[],
            usages=[certificates.Usage.CLIENT],
            days=365,
            now=self.clock(),
        )
        official = Participant(
            OFFICE,
            OperatorId("official"),
            TerminalId("office-desk"),
            told.public_bytes(Encoding.DER),
            terminal_key=terminal,
        )
        expires = epoch_seconds(self.clock()) + YEAR
        office = Organisation(id=OFFICE, name="Office", kind=Kind.OVERSIGHT, active=True, expires=expires)
        desk = Terminal(
            id=official.terminal,
            organisation=OFFICE,
            certificate_thumbprint=certificates.thumbprint(told),
            public_key=to_jwk(terminal.public_key()),
            active=True,
            expires=expires,
        )
        self.supervisors = [
            replace(official, operator=OperatorId(name), card_key=generate_private_key(SECP256R1()))
            for name in ("first", "second")
        ]
        staff = Operator(
            id=official.operator,
            organisation=OFFICE,
            roles=[Role.ACCREDITOR, Role.AUDITOR],
            card_key=to_jwk(official.card_key.public_key()),
            active=True,
            expires=expires,
        )
        pair = [
            staff.model_copy(
                update={
                    "id": each.operator,
                    "roles": [Role.SUPERVISOR],
                    "card_key": to_jwk(each.card_key.public_key()),
                    "person_tag": f"the human called {each.operator}",
                }
            )
            for each in self.supervisors
        ]
        self._bootstrap: dict[str, object] = {
            "organisations": [office.model_dump(mode="json")],
            "terminals": [desk.model_dump(mode="json")],
            "operators": [each.model_dump(mode="json") for each in (staff, *pair)],
        }
        return official

    def _write_bodies(self) -> None:
        bodies = [self.others.entry(body).model_dump(mode="json") for body in Body]
        told = json.dumps({"bodies": bodies, **self._bootstrap})
        (self.folder / "bootstrap.json").write_text(told)


@contextmanager
def oversight(folder: Path, *, database_url: str = "", connections: int = 20) -> Iterator[OversightWorld]:
    """Run a new oversight body."""
    world = OversightWorld(folder, database_url=database_url, connections=connections)
    world.open()
    try:
        yield world
    finally:
        world.context.close()


def body_certificate(body: Body) -> bytes:
    """Return what stands for a body's TLS certificate."""
    return f"certificate of {body.value}".encode()


def der(pem: str) -> bytes:
    """Return a PEM certificate as DER."""
    return certificates.from_pem(pem.encode()).public_bytes(Encoding.DER)
