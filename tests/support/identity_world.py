"""The real ID centre and the real registry in one process, an honest oversight body, organisations and people."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import ECKey
from support.database import bodies_on
from support.identity_bodies import Bodies
from support.identity_people import (
    IDENTITY,
    REGISTRY,
    URLS,
    Holder,
    Participant,
    card_request,
    some_items,
)
from support.identity_wire import AppHttp

from consent import base64url, jws, pin
from consent.canonical import JsonValue
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.identity.card_client import CardClient, Cards
from services.contracts.identity.card_messages import PRESENCE_TYPE, presence_content
from services.contracts.identity.client import Identity, IdentityClient
from services.contracts.identity.messages import (
    CLIENT_ASSERTION_TYPE,
    CLIENT_CREDENTIALS,
    JWT_BEARER,
    PRESENTATION_TYPE,
    Application,
    CardChange,
    ChangeCard,
    ChangedCard,
    EnrolledPerson,
    PresentCard,
    RequestPseudonymTokens,
)
from services.contracts.oversight.messages import (
    OperatorAccreditation,
    OrganisationAccreditation,
    TerminalAccreditation,
)
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.attributes import AttributeClient, AttributeRegistry
from services.contracts.registry.client import Registry, RegistryClient
from services.contracts.registry.messages import BasicItems, RegisterResident
from services.kit import certificates
from services.kit.clock import epoch_seconds
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.pseudonyms import VerifiedPseudonym, open_pseudonym_token, open_sealed
from services.kit.credentials.tokens import PersonClaims, verify_token
from services.kit.http import Token

YEAR = 365 * 24 * 3600
TOKEN_ENDPOINT = f"{IDENTITY}/oauth/token"


@dataclass
class World(Bodies):
    """Everything at once."""

    def accredit(self, name: str, kind: Kind, *roles: Role) -> Participant:
        """Accredit an organisation with one operator and one terminal."""
        organisation = OrganisationId(name)
        keys = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
        expires = epoch_seconds(self.clock()) + YEAR
        self.oversight.accredit_organisation(
            OrganisationAccreditation(
                id=organisation, name=name, kind=kind, expires=expires, signing_key=None, receiving_key=None
            )
        )
        operator, terminal = OperatorId(f"{name}-operator"), TerminalId(f"{name}-terminal")
        self.oversight.accredit_operator(
            OperatorAccreditation(
                id=operator,
                organisation=organisation,
                roles=list(roles),
                card_key=to_jwk(keys[0].public_key()),
                expires=expires,
            )
        )
        told = self.oversight.accredit_terminal(
            TerminalAccreditation(
                id=terminal, organisation=organisation, public_key=to_jwk(keys[1].public_key()), days=365
            )
        )
        der = certificates.from_pem(told.certificate.encode()).public_bytes(Encoding.DER)
        return Participant(organisation, operator, terminal, *keys, der)

    def identity(self, participant: Participant) -> Identity:
        """Return the ID centre as a participant's terminal reaches it."""
        return IdentityClient(self.http(IDENTITY, participant))

    def cards(self, participant: Participant) -> Cards:
        """Return the ID centre's part about cards, as a participant's terminal reaches it."""
        return CardClient(self.http(IDENTITY, participant))

    def presence(
        self, holder: Holder, where: Participant, about: Application, /, **replaced: JsonValue
    ) -> str:
        """Return the answer of the card's other application at a counter, for unlocking `about` or as told."""
        signing = next(each for each in Application if each is not about)
        told: dict[str, JsonValue] = {
            "card": holder.issued.card,
            "organisation": where.organisation,
            "challenge": self.identity(where).challenge().challenge,
            "content": presence_content(about, None),
            "at": epoch_seconds(self.clock()),
            **replaced,
        }
        return jws.sign(told, typ=PRESENCE_TYPE, key=holder.keys[signing], kid=holder.kid_of(signing))

    def registry(self, participant: Participant) -> Registry:
        """Return the registry as a participant's terminal reaches it."""
        return RegistryClient(self.http(REGISTRY, participant))

    def attributes(self, participant: Participant) -> AttributeRegistry:
        """Return the registry's part about certificates, as a participant's terminal reaches it."""
        return AttributeClient(self.http(REGISTRY, participant))

    def http(self, url: str, participant: Participant) -> AppHttp:
        """Return the connection of a participant's terminal to a body."""
        application = {IDENTITY: self.identity_app, REGISTRY: self.registry_app}[url]
        return self._http(url, application, participant.certificate)

    def proof(
        self, url: str, *, method: str = "POST", token: Token | None = None, key: DpopKey | None = None
    ) -> str:
        """Return a DPoP proof by the world's key, the token's, or another, with the body's nonce."""
        proving = key or (self.dpop if token is None else token.key)
        for known, context in ((IDENTITY, self.identity_context), (REGISTRY, self.registry_context)):
            if url.startswith(known):
                proving.learn(url, context.nonces.present(self.clock()))
        return proving.proof(
            method=method,
            url=url,
            now=self.clock(),
            randomness=self.random.randbytes,
            token=None if token is None else token.value,
        )

    def ask_token(
        self, at: Participant, fields: Mapping[str, str], *, proof: str | None = None
    ) -> httpx.Response:
        """Send a token request as it is, with a fresh proof unless one is given."""
        headers = {"DPoP": self.proof(TOKEN_ENDPOINT) if proof is None else proof}
        return self.http(IDENTITY, at).raw("POST", "/oauth/token", headers=headers, form=fields)

    def operator_token(self, participant: Participant, audience: str) -> Token:
        """Return an access token of a participant."""
        fields = self.operator_fields(participant, audience)
        answer = self.identity(participant).token(fields, key=self.dpop)
        return Token(answer.access_token, self.dpop)

    def person_token(self, holder: Holder, audience: str, *, at: Participant) -> Token:
        """Return an access token of a person, who signs in at some participant's terminal."""
        fields = self.person_fields(holder, audience, at=at)
        return Token(self.identity(at).token(fields, key=self.dpop).access_token, self.dpop)

    def operator_fields(
        self,
        participant: Participant,
        audience: str,
        *,
        operator: Mapping[str, object] | None = None,
        client: Mapping[str, object] | None = None,
    ) -> dict[str, str]:
        """Return the form of an operator's token request, claims replaced as told."""
        card = {"organisation": participant.organisation, **(operator or {})}
        return {
            "grant_type": JWT_BEARER,
            "assertion": self.assertion(participant.card_key, participant.operator, card),
            "client_assertion_type": CLIENT_ASSERTION_TYPE,
            "client_assertion": self.assertion(participant.terminal_key, participant.terminal, client or {}),
            "resource": audience,
        }

    def terminal_fields(self, participant: Participant, audience: str) -> dict[str, str]:
        """Return the form of a token request of a participant's terminal by itself."""
        return {
            "grant_type": CLIENT_CREDENTIALS,
            "client_assertion_type": CLIENT_ASSERTION_TYPE,
            "client_assertion": self.assertion(participant.terminal_key, participant.terminal, {}),
            "resource": audience,
        }

    def person_fields(
        self,
        holder: Holder,
        audience: str,
        *,
        at: Participant,
        claims: Mapping[str, object] | None = None,
    ) -> dict[str, str]:
        """Return the form of a person's token request, claims replaced as told."""
        told: dict[str, object] = {
            "nonce": self.identity(at).challenge().challenge,
            "cnf": {"jkt": self.dpop.thumbprint},
            **(claims or {}),
        }
        key = holder.keys[Application.AUTHENTICATION]
        signed = self.assertion(key, holder.issued.card, told, kid=holder.kid)
        return {"grant_type": JWT_BEARER, "assertion": signed, "resource": audience}

    def assertion(
        self,
        key: EllipticCurvePrivateKey,
        name: str,
        claims: Mapping[str, object],
        *,
        kid: str | None = None,
    ) -> str:
        """Return a JWT assertion, claims replaced as told."""
        common: dict[str, object] = {
            "iss": name,
            "sub": name,
            "aud": TOKEN_ENDPOINT,
            "jti": base64url.encode(self.random.randbytes(16)),
            "exp": epoch_seconds(self.clock()) + 120,
        }
        header = {"typ": "JWT", "alg": "ES256"} | ({"kid": kid} if kid is not None else {})
        return jwt.encode(header, common | dict(claims), ECKey.import_key(key), ["ES256"])

    def enrol(self, at: Participant) -> EnrolledPerson:
        """Enrol a person."""
        return self.identity(at).enrol(token=self.operator_token(at, IDENTITY))

    def settle(self, enrolled: EnrolledPerson, at: Participant, items: BasicItems | None = None) -> None:
        """Enter an enrolled person in the registry."""
        message = RegisterResident(token=enrolled.registry_token, items=items or some_items())
        self.registry(at).register(message, token=self.operator_token(at, REGISTRY))

    def holder(self, at: Participant, items: BasicItems | None = None) -> Holder:
        """Enrol a person, enter them in the registry, and issue a card with the PIN `PIN`."""
        enrolled = self.enrol(at)
        self.settle(enrolled, at, items)
        return self.card(enrolled, at)

    def card(self, enrolled: EnrolledPerson, at: Participant) -> Holder:
        """Issue a card to somebody who has none, with the PIN `PIN`."""
        secret = self.random.randbytes(pin.SECRET_SIZE)
        keys = {application: generate_private_key(SECP256R1()) for application in Application}
        message = card_request(enrolled.reference, keys, secret)
        issued = self.identity(at).issue_card(message, token=self.operator_token(at, IDENTITY))
        return Holder(enrolled, issued, keys, secret)

    def change_card(self, at: Participant, holder: Holder, change: CardChange) -> ChangedCard:
        """Have a card suspended, resumed or revoked at the counter where it was issued."""
        message = ChangeCard(
            reference=holder.enrolled.reference, card=holder.issued.card, change=change, reason="lost"
        )
        return self.identity(at).change_card(message, token=self.operator_token(at, IDENTITY))

    def presentation(self, holder: Holder, where: Participant, /, **replaced: JsonValue) -> PresentCard:
        """Return the card's answer at an organisation's terminal, members replaced as told."""
        told: dict[str, JsonValue] = {
            "card": holder.issued.card,
            "organisation": where.organisation,
            "challenge": self.identity(where).challenge().challenge,
            "at": epoch_seconds(self.clock()),
            **replaced,
        }
        key = holder.keys[Application.AUTHENTICATION]
        return PresentCard(presentation=jws.sign(told, typ=PRESENTATION_TYPE, key=key, kid=holder.kid))

    def pseudonym(self, token: Token, body: Body) -> Pseudonym:
        """Return whom a person's access token names, as the body reads it."""
        standing = self.register.tokens()
        claims = verify_token(token.value, standing=standing, audience=URLS[body], now=self.clock())
        assert isinstance(claims, PersonClaims)
        sealed = base64url.decode(claims.sealed_sub)
        return Pseudonym(open_sealed(self.sealing_key(body), sealed, info="access-token").decode())

    def named(self, token: str, body: Body, *, to: Participant) -> Pseudonym:
        """Return whom a pseudonym token names, as the body reads it."""
        return self.opened(token, body, to=to).pseudonym

    def opened(self, token: str, body: Body, *, to: Participant) -> VerifiedPseudonym:
        """Return all that a pseudonym token says, as the body reads it."""
        return open_pseudonym_token(
            token,
            key=self.sealing_key(body),
            issuer=self.register.token_key(),
            body=body,
            organisation=to.organisation,
            now=self.clock(),
        )

    def name(self, reference: str, body: Body, *, to: Participant) -> str:
        """Return a pseudonym token for a person of an organisation."""
        told = self.identity(to).pseudonym_tokens(
            RequestPseudonymTokens(reference=reference, bodies=[body]),
            token=self.operator_token(to, IDENTITY),
        )
        return told.tokens[body]

    def link(self, holder: Holder, at: Participant) -> str:
        """Present a card at an organisation; returns its reference."""
        message = self.presentation(holder, at)
        return self.identity(at).link(message, token=self.operator_token(at, IDENTITY)).reference


@contextmanager
def running(
    folder: Path,
    *,
    seed: str = "world",
    registry_settings: Mapping[str, object] | None = None,
    identity_settings: Mapping[str, object] | None = None,
    databases: str | None = None,
) -> Iterator[World]:
    """Run a new world."""
    world = World(
        folder,
        seed=seed,
        registry_settings=registry_settings or {},
        identity_settings=identity_settings or {},
        databases=databases or bodies_on(),
    )
    world.start()
    try:
        yield world
    finally:
        world.stop()
