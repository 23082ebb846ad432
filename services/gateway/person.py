"""A person at work: signed in with the card's authentication application, signing with the wallet when it is open."""

import ssl
from copy import copy
from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.errors import ConsentError
from consent.identifiers import OrganisationId, Pseudonym
from consent.jwk import PublicJwk
from consent.succession import lineage
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.directives import DirectivesClient, wallet_registration
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import PRESENTATION_TYPE, Application
from services.contracts.oversight.client import OversightClient
from services.contracts.oversight.register import Directory
from services.contracts.oversight.register_reader import RegisterReader
from services.contracts.oversight.register_view import DirectorySource
from services.contracts.portal.client import PortalClient
from services.contracts.succession import SuccessionClient
from services.gateway.acting import Acting
from services.gateway.cards import CardFile, Unlocked, unlock
from services.gateway.errors import CardFileError, NotVerifiedError, RefusedError
from services.gateway.exchange import Connect, ThroughPortal, answers
from services.gateway.organisation import Organisation
from services.gateway.tokens import TOKEN_PATH, SignedIn, Signer, TokenSource, person_assertions
from services.kit.clock import Clock, Randomness, epoch_seconds, system_clock, system_randomness
from services.kit.http import Http

REGISTER_MAX_AGE: Final = 1.0
REGISTER_STALE: Final = 30.0


class Person(SignedIn):
    """Somebody with an unlocked card. `connect` is a counter's terminal or the relay of My Portal.

    `register` is the register as who owns the terminal reads it; without one the person reads it themselves.
    """

    def __init__(
        self,
        card: CardFile,
        connect: Connect,
        *,
        authentication: Unlocked,
        signature: Unlocked | None = None,
        register: DirectorySource | None = None,
        clock: Clock = system_clock,
        randomness: Randomness = system_randomness,
    ) -> None:
        self.card = card
        self.connect = connect
        self.clock = clock
        self.randomness = randomness
        self._authentication = authentication
        self._signature = signature
        self._pseudonyms: dict[Body, Pseudonym] = {}
        self._former: dict[Body, tuple[PublicJwk, ...]] = {}
        self.acting: Acting | None = None
        """Who acts, when this is a ward for whom a guardian is signed in."""
        self.tokens = self._token_source(guardianship=None)
        self._register = register or RegisterReader(
            self._fetch_register,
            key=Ed25519PublicKey.from_public_bytes(base64url.decode(card.trust.register_key)),
            clock=clock,
            max_age=REGISTER_MAX_AGE,
            stale_limit=REGISTER_STALE,
        )

    def __repr__(self) -> str:
        return "Person(...)"

    @property
    def wallet(self) -> Wallet:
        """The person's wallet. Raises: CardFileError when the signature application is not unlocked."""
        if self._signature is None or self._signature.wallet is None:
            raise CardFileError("this needs the wallet: unlock the card's signature application with its PIN")
        return self._signature.wallet

    @property
    def signature(self) -> Unlocked:
        """The card's signature application. Raises: CardFileError when it is not unlocked."""
        if self._signature is None:
            raise CardFileError("this needs the card's signature: unlock that application with its PIN")
        return self._signature

    def holding(self, wallet: Wallet) -> "Person":
        """Return the same person, signed in as now, with another wallet of theirs."""
        other = copy(self)
        other._signature = replace(self.signature, wallet=wallet)
        other._pseudonyms, other._former = {}, {}
        return other

    def for_ward(self, wallet: Wallet, by: Acting) -> "Person":
        """Return a ward for whom this person acts: signed in by this person's card, with the ward's wallet."""
        ward = self.holding(wallet)
        ward.acting = by
        ward.tokens = self._token_source(guardianship=by.guardianship)
        return ward

    def former_keys(self, body: Body) -> tuple[PublicJwk, ...]:
        """Return the wallet keys before the present one, newest first, as both wallets each time have signed.

        Raises: NotVerifiedError, kit's PeerUnavailableError.
        """
        if body not in self._former:
            try:
                told = self.ask(body, lambda http, token: SuccessionClient(http).standing(token=token))
                self._former[body] = lineage(self.wallet.public_jwk(body), told.renewals, body=body)
            except RefusedError:
                self._former[body] = ()
            except ConsentError as error:
                raise NotVerifiedError(
                    f"{body.value} shows wallets that are not yours; report this"
                ) from error
        return self._former[body]

    def directory(self) -> Directory:
        """Return the register of accreditations. Raises: kit's UnavailableError."""
        return self._register.directory()

    def pseudonym(self, body: Body) -> Pseudonym:
        """Return how a body names the person, registering the wallet's key there the first time."""
        if body not in self._pseudonyms:
            registration = wallet_registration(self.wallet, body, self.clock())
            told = self.ask(
                body, lambda http, token: DirectivesClient(http).register_wallet(registration, token=token)
            )
            self._pseudonyms[body] = Pseudonym(told.pseudonym)
        return self._pseudonyms[body]

    def sign_out(self) -> None:
        """End all access tokens of this sign-in, at every body. Raises: RefusedError, PeerUnavailableError."""
        self.tokens.end()

    def present(self, organisation: OrganisationId) -> str:
        """D1: prove with the card, to this one organisation, that the holder is here now."""
        with answers():
            told = IdentityClient(self.connect(Body.IDENTITY)).challenge()
        payload: JsonObject = {
            "card": self.card.card,
            "organisation": organisation,
            "challenge": told.challenge,
            "at": epoch_seconds(self.clock()),
        }
        own = self._authentication
        return jws.sign(payload, typ=PRESENTATION_TYPE, key=own.key, kid=own.kid)

    def sign_by_card(self, typ: str, payload: JsonObject) -> str:
        """Sign with the card's signature application. Raises: CardFileError when it is not unlocked."""
        own = self.signature
        return jws.sign(payload, typ=typ, key=own.key, kid=own.kid)

    def _token_source(self, *, guardianship: str | None) -> TokenSource:
        identity, own = IdentityClient(self.connect(Body.IDENTITY)), self._authentication
        assertions = person_assertions(
            self.connect(Body.IDENTITY).base_url + TOKEN_PATH,
            card=Signer(self.card.card, own.key, own.kid),
            identity=identity,
            clock=self.clock,
            randomness=self.randomness,
            guardianship=guardianship,
        )
        return TokenSource(identity, assertions, clock=self.clock)

    def _fetch_register(self) -> str:
        connection = self.connect(Body.OVERSIGHT)
        return OversightClient(connection, token=self.tokens.token(connection.base_url)).register()


def present_at(
    counter: Organisation, card: CardFile, *, authentication: Unlocked, signature: Unlocked | None = None
) -> Person:
    """Return a card's holder who is at a registrar's counter, and reaches the bodies from there."""
    return Person(
        card,
        counter.connect,
        authentication=authentication,
        signature=signature,
        register=counter.register,
        clock=counter.clock,
        randomness=counter.randomness,
    )


def sign_in(
    card: CardFile,
    connect: Connect,
    *,
    pin: str,
    signature_pin: str | None = None,
    clock: Clock = system_clock,
) -> Person:
    """Unlock the card and return its holder; with `signature_pin` the wallet is unlocked, too.

    Raises: WrongPinError, CardLockedError, CardFileError.
    """
    identity = IdentityClient(connect(Body.IDENTITY))
    authentication = unlock(card, Application.AUTHENTICATION, pin, identity=identity)
    signature = None
    if signature_pin is not None:
        signature = unlock(card, Application.SIGNATURE, signature_pin, identity=identity)
    return Person(card, connect, authentication=authentication, signature=signature, clock=clock)


def at_portal(card: CardFile) -> tuple[Http, ThroughPortal]:
    """Return My Portal as the card's holder reaches it, and the bodies through it. Raises: CardFileError."""
    context = ssl.create_default_context(cadata=card.trust.authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    portal = Http(card.trust.url(Body.PORTAL), context=context)
    return portal, ThroughPortal(portal, {Body(name): url for name, url in card.trust.urls.items()})


def sign_in_at_portal(card: CardFile, *, pin: str, signature_pin: str | None = None) -> Person:
    """Sign in through My Portal, which needs no terminal; the portal's session opens with the same card.

    Raises: WrongPinError, CardLockedError, CardFileError, RefusedError, kit's PeerUnavailableError.
    """
    portal, connect = at_portal(card)
    person = sign_in(card, connect, pin=pin, signature_pin=signature_pin)
    with answers():
        PortalClient(portal).sign_in(person.tokens.token(portal.base_url))
    return person
