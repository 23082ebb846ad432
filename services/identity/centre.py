"""What the ID centre's workflows work with."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Protocol

from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.identity.messages import Jwk
from services.contracts.medical.messages import SetApart, WasSetApart
from services.contracts.oversight.register_view import RegisterView
from services.contracts.registry.messages import (
    ComparedIdentity,
    CompareIdentity,
    MatchedIdentity,
    MatchIdentity,
    Presence,
)
from services.contracts.shared import SharedClient
from services.identity import sector_store
from services.identity.card_certificates import Responder
from services.identity.card_rows import CardRows
from services.identity.card_store import CardStore
from services.identity.challenges import Challenges
from services.identity.guardianships import Guardianships
from services.identity.logged_keys import LoggedKeys
from services.identity.model import Person
from services.identity.passkey_store import PasskeyStore
from services.identity.patient_links import PatientLinks
from services.identity.pseudonyms import LinkageCode, Namer, open_namer
from services.identity.settings import Settings
from services.identity.store import Store
from services.identity.token_keys import TokenKeys
from services.identity.token_store import TokenStore
from services.kit.certificates import Authority, create_authority, load_authority, to_pem
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.pseudonyms import PseudonymTokenIssuer
from services.kit.keys import write_private
from services.kit.people import FIRST_VERSION

AUTHORITY_NAME = "Sekisho card authority"
AUTHORITY_DAYS = 7300
AUTHORITY_FILE = "card-authority.crt.pem"
Peers = Callable[[Body], SharedClient]
"""The other bodies, as far as the ID centre tells them names of people. Raises: UnavailableError."""
OCSP_PATH = "/ocsp"
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
REVOCATION_PATH = "/oauth/revoke"


class RegistryQuestions(Protocol):
    """The registry, as far as the ID centre asks it."""

    def presence(self, token: str) -> Presence:
        """Tell whether the person of a registry token is registered."""

    def compare(self, message: CompareIdentity) -> ComparedIdentity:
        """Tell whether an organisation's patient is the person of a registry token, item by item."""

    def match(self, message: MatchIdentity) -> MatchedIdentity:
        """Tell which one resident a name and a birth date mean."""


class RecordKeeper(Protocol):
    """The medical centre, as far as it is told of wrong links."""

    def set_apart(self, message: SetApart) -> WasSetApart:
        """Set apart what was deposited under a link."""


@dataclass(frozen=True)
class IdentityCentre:
    """One running ID centre."""

    context: BodyContext
    settings: Settings
    register: RegisterView
    registry: RegistryQuestions
    peers: Peers
    store: Store
    namer: Namer
    challenges: Challenges
    authority: Authority
    tokens: TokenStore
    passkeys: PasskeyStore
    token_keys: TokenKeys
    pseudonym_tokens: PseudonymTokenIssuer

    @property
    def issuer(self) -> str:
        """The name under which the ID centre issues tokens: its address."""
        return self.settings.public_url

    @property
    def token_endpoint(self) -> str:
        """The audience of every assertion."""
        return self.issuer + TOKEN_PATH

    @property
    def ocsp_url(self) -> str:
        """Where the validity of card certificates is told."""
        return self.issuer + OCSP_PATH

    @cached_property
    def responder(self) -> Responder:
        """Who signs what is told about the validity of card certificates."""
        return Responder(self.authority, self.context.keys.p256("ocsp-responder"), self.context.randomness)

    @cached_property
    def cards(self) -> CardStore:
        """What is kept of cards beside the cards themselves."""
        return CardStore(self.context.cipher, self.store)

    @cached_property
    def card_rows(self) -> CardRows:
        """What the log is told of cards' rows."""
        return CardRows(self.context.keys.secret("card-rows"))

    @cached_property
    def logged_keys(self) -> LoggedKeys:
        """What the log says of what people sign in with."""
        return LoggedKeys(self.context.journal, self.card_rows)

    def code_digest(self, code: str) -> bytes:
        """Return what is stored of a telephone code: a keyed hash."""
        return hmac.digest(self._suspension_key, b"code" + code.encode(), "sha256")

    def window_name(self, told: bytes) -> bytes:
        """Return under which name tries are counted: it tells nobody who tried."""
        return hmac.digest(self._suspension_key, b"window" + told, "sha256")

    @cached_property
    def _suspension_key(self) -> bytes:
        return self.context.keys.secret("suspension-codes")

    @cached_property
    def patients(self) -> PatientLinks:
        """The links of patient numbers."""
        return PatientLinks(self.context.cipher)

    @cached_property
    def guardianships(self) -> Guardianships:
        """Who acts for whom, and how far people act alone."""
        return Guardianships(self.context.cipher)

    @cached_property
    def decoy_key(self) -> Jwk:
        """A key that signs no assertion: unknown cards are checked against it."""
        return to_jwk(self.authority.key.public_key())

    def names(self, conn: Connection) -> Callable[[Body, LinkageCode], Pseudonym]:
        """Return what people are called towards bodies by the sector keys that are in force at this moment."""
        versions = sector_store.versions(conn)

        def name(body: Body, linkage: LinkageCode) -> Pseudonym:
            return self.namer.pseudonym(body, linkage, versions.get(body, FIRST_VERSION))

        return name

    def nobody(self, name: str) -> Person:
        """Return whom a number, card or passkey of nobody stands for: it is looked up and logged as others are."""
        linkage = LinkageCode(hmac.digest(self._nobody_secret, name.encode(), "sha256"))
        return Person(self.namer.pseudonym(Body.IDENTITY, linkage), linkage)

    @cached_property
    def _nobody_secret(self) -> bytes:
        return self.context.keys.secret("nobody")

    def now(self) -> datetime:
        """The present moment."""
        return self.context.clock()

    def seconds(self) -> int:
        """The present moment in epoch seconds."""
        return epoch_seconds(self.now())


def open_centre(
    context: BodyContext,
    settings: Settings,
    *,
    register: RegisterView,
    registry: RegistryQuestions,
    peers: Peers,
) -> IdentityCentre:
    """Return the ID centre of a context; its keys are made on first use."""
    keys, randomness, tokens = context.keys, context.randomness, TokenStore(context.cipher)
    token_keys = TokenKeys(keys, tokens, settings, randomness)
    with context.database.write() as conn:
        token_keys.begin(conn)
        sector_store.enter_sectors(conn)
    return IdentityCentre(
        context=context,
        settings=settings,
        register=register,
        registry=registry,
        peers=peers,
        store=Store(context.cipher),
        namer=open_namer(keys),
        challenges=Challenges(keys.secret("challenges"), settings.challenge_seconds, randomness),
        authority=_authority(context),
        tokens=tokens,
        passkeys=PasskeyStore(context.cipher),
        token_keys=token_keys,
        pseudonym_tokens=PseudonymTokenIssuer(
            context.signing_key, settings.pseudonym_token_seconds, randomness
        ),
    )


def _authority(context: BodyContext) -> Authority:
    key = context.keys.p256("card-authority")
    file = context.settings.key_folder / AUTHORITY_FILE
    if not file.exists():
        made = create_authority(
            AUTHORITY_NAME,
            days=AUTHORITY_DAYS,
            now=context.clock(),
            key=key,
            randomness=context.randomness,
        )
        write_private(file, to_pem(made.certificate).encode())
    return load_authority(file.read_bytes(), key)
