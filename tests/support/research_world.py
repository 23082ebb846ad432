"""Everybody around the anonymiser: honest fakes, and people who really seal and permit."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from support.accredited import accredit
from support.live_register import live_register
from support.research_connections import Answering, TokenOffice, Ways
from support.research_people import COMPARTMENTS, Someone

from consent import base64url
from consent.compartments import Compartment, YearSpan
from consent.delegation import ReceivingKey
from consent.identifiers import (
    BundleId,
    OperatorId,
    OrganisationId,
    Pseudonym,
    TerminalId,
)
from consent.jwk import to_jwk
from consent.recipients import Recipient
from consent.sealing import PlainDocument, SealedBundle, seal_bundle
from consent.shown import Notice
from consent.terms import Effect, RecordScope, Terms
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.fake_credentials import operator_caller
from services.contracts.medical.bundles import worded_bundle
from services.contracts.medical.fake import FakeMedical
from services.contracts.medical.messages import (
    DepositRequest,
    Publication,
    ReadRequest,
)
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.register import BodyEntry, Kind, Role
from services.gateway.credentials import Credentials
from services.gateway.organisation import Organisation
from services.kit.clock import epoch_seconds, system_randomness
from services.kit.context import log_origin
from services.kit.credentials.callers import Caller, OperatorCaller, PersonCaller, SignedInBy
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.tokens import TokenIssuer
from services.kit.http import Http, PeerUnavailableError, Token
from services.kit.keys import KeyFolder
from services.research.settings import Settings

HOSPITAL, ANONYMISER, UNIVERSITY, OTHER_UNIVERSITY, AUDITOR = (
    OrganisationId(name) for name in ("hospital-a", "anonymiser", "university", "institute", "oversight")
)
KINDS: Mapping[OrganisationId, tuple[Kind, list[Role]]] = {
    HOSPITAL: (Kind.HOSPITAL, [Role.WRITER, Role.READER]),
    ANONYMISER: (Kind.ANONYMISER, [Role.ANONYMISER]),
    UNIVERSITY: (Kind.UNIVERSITY, [Role.RESEARCHER]),
    OTHER_UNIVERSITY: (Kind.UNIVERSITY, [Role.RESEARCHER]),
    AUDITOR: (Kind.OVERSIGHT, [Role.AUDITOR]),
}
URLS = {body: f"https://{body.value.replace('_', '-')}.test" for body in Body}
URL = URLS[Body.RESEARCH]
LONG = 365 * 24 * 3600


class World:
    """Everybody around the anonymiser, and its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = datetime.now(UTC).replace(microsecond=0)
        self.oversight = FakeOversight(self.clock)
        self.register = live_register(self.oversight)
        self.keys = {body: KeyFolder(folder / "keys" / body.value) for body in Body}
        for body in (Body.IDENTITY, Body.MEDICAL, Body.OVERSIGHT):
            self.oversight.put_body(self.entry(body))
        self.members = {name: KeyFolder(folder / "members" / name) for name in KINDS}
        self.receiving_key = ReceivingKey.create(system_randomness)
        self.certificates = {name: self._accredit(name) for name in KINDS}
        self.people: dict[str, Someone] = {}
        self.medical_down = False
        self.before_listing: list[Callable[[], None]] = []
        self._numbers = count()
        self.medical = FakeMedical(
            callers=self._caller_at_medical,
            people=self._person_of,
            directory=self.oversight.directory,
            clock=self.clock,
        )

    def clock(self) -> datetime:
        """Return the world's time."""
        return self.now

    def settings(self, **overrides: Any) -> Settings:
        """Return the anonymiser's settings."""
        common = {
            "data": self.folder / "research",
            "port": 1,
            "public_url": URL,
            "oversight_url": URLS[Body.OVERSIGHT],
            "identity_url": URLS[Body.IDENTITY],
            "register_key": base64url.encode(bytes(32)),
            "witness_interval_seconds": 3600.0,
        }
        return Settings(**(common | overrides))

    def enrol(self, someone: Someone) -> Someone:
        """Register the person's wallet and have the hospital deposit their records."""
        person = someone.pseudonym(Body.MEDICAL)
        self.people[person] = someone
        self.medical.register_wallet(person, someone.wallet.public_jwk(Body.MEDICAL))
        publication = Publication(publication=someone.wallet.publish(COMPARTMENTS, self.now))
        self.medical.publish(publication, token=self._plain_token(f"person:{person}"))
        bundles = [
            worded_bundle(self._seal(someone, compartment, documents))
            for compartment, documents in someone.documents().items()
            if documents
        ]
        request = DepositRequest(token=f"{person}.{next(self._numbers)}", bundles=bundles)
        self.medical.deposit(request, token=self._plain_token("hospital"))
        return someone

    def permit(
        self,
        someone: Someone,
        *,
        purpose: Purpose = Purpose.HRESCH,
        categories: frozenset[Category] = frozenset({Category.SUMMARY, Category.MEDICATION}),
        effect: Effect = Effect.PERMIT,
    ) -> None:
        """P2 and P3: have the person lay down a directive for the anonymiser."""
        permits = effect is Effect.PERMIT
        terms = Terms(
            recipient=Recipient(ANONYMISER),
            effect=effect,
            purposes=frozenset({purpose}),
            scope=RecordScope(categories, YearSpan(2022, 2026)),
            valid_from=self.now,
            valid_until=self.now + timedelta(days=365),
            notice=Notice.of_text(
                "読んでよい", text_id="n", version="1", language="ja", refusal_meaning="何も"
            ),
        )
        sealing = {body: self.keys[body].x25519("sealing").public_key() for body in PROXIES[1:]}
        grant = someone.wallet.grant(
            terms,
            recipient_receiving_key=self.receiving_key.public_bytes() if permits else None,
            compartments=[each for each in COMPARTMENTS if each.category in categories] if permits else [],
            persons={body: someone.pseudonym(body) for body in PROXIES},
            handle_keys=sealing,
            now=self.now,
            randomness=system_randomness,
        )
        someone.grants.append(self.medical.take(grant.copies))

    def withdraw(self, someone: Someone) -> None:
        """Withdraw everything the person permitted."""
        for each in someone.grants:
            self.medical.withdraw(each)
        someone.grants.clear()

    def settle(self, people: Sequence[Someone]) -> None:
        """Enrol people who all permit research."""
        for each in people:
            self.permit(self.enrol(each))

    def issue(self, member: OrganisationId, *, audience: str, key: DpopKey) -> str:
        """Issue an access token to the member's operator, as the ID centre does."""
        signing = self.keys[Body.IDENTITY].ed25519("signing")
        issuer = TokenIssuer(URLS[Body.IDENTITY], signing, timedelta(minutes=5), system_randomness)
        return issuer.for_operator(
            audience=audience,
            organisation=member,
            operator=OperatorId(f"{member}-operator"),
            terminal=TerminalId(f"{member}-terminal"),
            roles=[role.value for role in KINDS[member][1]],
            jkt=key.thumbprint,
            place=0,
            now=self.now,
        )

    def token(self, member: OrganisationId, *, audience: str = URL) -> Token:
        """Return an access token of the member's operator."""
        key = DpopKey(self.members[member].p256("dpop"))
        return Token(self.issue(member, audience=audience, key=key), key)

    def anonymiser(self) -> Organisation:
        """Return the anonymiser as an organisation over the fakes."""
        keys = self.members[ANONYMISER]
        key = self.oversight.key.public_key().public_bytes_raw()
        credentials = Credentials(
            organisation=ANONYMISER,
            operator=OperatorId(f"{ANONYMISER}-operator"),
            terminal=TerminalId(f"{ANONYMISER}-terminal"),
            urls=URLS,
            register_key=base64url.encode(key),
            terminal_key=keys.p256("terminal"),
            terminal_certificate="",
            authority="",
            card_key=keys.p256("card"),
            receiving_key=self.receiving_key,
        )
        connections: dict[Body, Http] = {
            Body.IDENTITY: TokenOffice(
                URLS[Body.IDENTITY], lambda audience, key: self.issue(ANONYMISER, audience=audience, key=key)
            ),
            Body.OVERSIGHT: Answering(
                URLS[Body.OVERSIGHT], lambda *_: json.dumps({"register": self.oversight.register()})
            ),
            Body.MEDICAL: Answering(URLS[Body.MEDICAL], self._ask_medical),
        }
        return Organisation(credentials, Ways(connections), clock=self.clock)

    def _ask_medical(self, route: str, token: Token | None, content: bytes | None) -> str:
        if self.medical_down:
            raise PeerUnavailableError("the medical centre does not answer")
        assert token is not None
        if route == "GET /grants":
            for each in self.before_listing:
                each()
            return self.medical.grants(token=token).model_dump_json()
        assert route == "POST /reads"
        message = ReadRequest.model_validate_json(content or b"")
        return self.medical.read(message, token=token).model_dump_json()

    def _caller_at_medical(self, token: Token) -> Caller:
        if token.value == "hospital":
            operator, terminal = OperatorId("hospital-a-operator"), TerminalId("hospital-a-terminal")
            return OperatorCaller(HOSPITAL, operator, terminal, frozenset({"writer"}))
        if token.value.startswith("person:"):
            return PersonCaller(Pseudonym(token.value.removeprefix("person:")), SignedInBy.CARD)
        directory = self.oversight.directory()
        return operator_caller(token, directory=directory, audience=URLS[Body.MEDICAL], now=self.now)

    def _plain_token(self, value: str) -> Token:
        return Token(value, DpopKey(self.members[HOSPITAL].p256("dpop")))

    def _person_of(self, token: str) -> Pseudonym | None:
        name = token.partition(".")[0]
        return Pseudonym(name) if name in self.people else None

    def _seal(
        self, someone: Someone, compartment: Compartment, documents: Sequence[PlainDocument]
    ) -> SealedBundle:
        return seal_bundle(
            documents,
            subject=someone.wallet.subject,
            compartment=compartment,
            compartment_key=someone.wallet.compartment_public_key(compartment),
            author=HOSPITAL,
            author_key=self.members[HOSPITAL].ed25519("author"),
            bundle_id=BundleId(base64url.encode(system_randomness(12))),
            randomness=system_randomness,
        )

    def entry(self, body: Body) -> BodyEntry:
        """Return a body's entry in the register."""
        keys = self.keys[body]
        return BodyEntry(
            body=body,
            url=URLS[body],
            certificate_thumbprint=hashlib.sha256(body.value.encode()).hexdigest(),
            signing_key=to_jwk(keys.ed25519("signing").public_key()),
            sealing_key=base64url.encode(keys.x25519("sealing").public_key().public_bytes_raw()),
            log_origin=log_origin(body),
            log_key="",
        )

    def _accredit(self, name: OrganisationId) -> bytes:
        kind, roles = KINDS[name]
        return accredit(
            self.oversight,
            name,
            self.members[name],
            kind=kind,
            roles=roles,
            receiving_key=base64url.encode(self.receiving_key.public_bytes()),
            expires=epoch_seconds(self.now) + LONG,
        )
