"""Access tokens of an organisation's operator and of a person, fetched when needed and kept while they last."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)

from consent import base64url
from consent.vocabulary import Body
from services.contracts.identity.messages import CLIENT_ASSERTION_TYPE, JWT_BEARER, Challenge, TokenAnswer
from services.gateway.exchange import Connect, answers
from services.kit.clock import Clock, Randomness, epoch_seconds
from services.kit.credentials.compact import part, sign
from services.kit.credentials.dpop import DpopKey
from services.kit.http import Http, Token

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - an address, not a secret
MARGIN: Final = timedelta(seconds=30)
"""A token is not used in its last seconds: the request it is for takes time, too."""
ASSERTION_SECONDS: Final = 120

Answer = TypeVar("Answer")


class TokenOffice(Protocol):
    """What of the ID centre getting a token needs. Raises from every method: RemoteProblemError."""

    def challenge(self) -> Challenge:
        """Return a challenge for a card."""

    def token(self, fields: Mapping[str, str], *, key: DpopKey) -> TokenAnswer:
        """Send the form of a token request; the token is bound to `key`."""

    def revoke(self, token: str, *, key: DpopKey) -> None:
        """End all tokens that are bound to `key`, which is that of `token`."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Who asserts: the name in `iss` and `sub`, a P-256 key, and the key's name where the issuer needs one."""

    name: str
    key: EllipticCurvePrivateKey = field(repr=False)
    kid: str | None = None


Assertions = Callable[[str], dict[str, str]]
"""Makes the fields by which a holder proves itself in one token request; called anew for each, with the thumbprint of
the key that the token will be bound to."""


class TokenSource:
    """Keeps one token for each audience and fetches a new one before it expires.

    Guarantees: safe between threads; all tokens are bound to a DPoP key made for this object only.
    """

    def __init__(self, identity: TokenOffice, assertions: Assertions, *, clock: Clock) -> None:
        self._identity = identity
        self._assertions = assertions
        self._clock = clock
        self._key = DpopKey(generate_private_key(SECP256R1()))
        self._lock = threading.Lock()
        self._held: dict[str, tuple[Token, datetime]] = {}

    def __repr__(self) -> str:
        return "TokenSource(...)"

    def token(self, audience: str) -> Token:
        """Return a token for the body at `audience`. Raises: RefusedError, PeerUnavailableError."""
        with self._lock:
            held = self._held.get(audience)
            if held is None or self._clock() >= held[1]:
                held = self._fetch(audience)
                self._held[audience] = held
            return held[0]

    def forget(self) -> None:
        """Drop all tokens, so that the next requests are made with new ones."""
        with self._lock:
            self._held.clear()

    def end(self) -> None:
        """Sign out: end all tokens of this object everywhere, within a second. Raises: RefusedError,
        PeerUnavailableError.
        """
        with self._lock:
            held = next(iter(self._held.values()), None)
            if held is not None:
                with answers():
                    self._identity.revoke(held[0].value, key=self._key)
                self._held.clear()

    def _fetch(self, audience: str) -> tuple[Token, datetime]:
        asked = self._clock()
        fields = {"grant_type": JWT_BEARER, "resource": audience, **self._assertions(self._key.thumbprint)}
        with answers():
            told = self._identity.token(fields, key=self._key)
        return Token(told.access_token, self._key), asked + timedelta(seconds=told.expires_in) - MARGIN


class SignedIn:
    """Somebody with a way to the bodies, and tokens of their own for each."""

    connect: Connect
    tokens: TokenSource

    def ask(self, body: Body, call: Callable[[Http, Token], Answer]) -> Answer:
        """Call a body as whoever this is: `call` gets the connection and a token for it.

        Raises: RefusedError, NotVerifiedError, kit's PeerUnavailableError.
        """
        connection = self.connect(body)
        token = self.tokens.token(connection.base_url)
        with answers():
            return call(connection, token)


def operator_assertions(
    endpoint: str,
    *,
    operator: Signer,
    organisation: str,
    terminal: Signer,
    clock: Clock,
    randomness: Randomness,
) -> Assertions:
    """An operator's card and the terminal, both in one request to the token endpoint (RFC 7523)."""

    def fields(_proof_key: str) -> dict[str, str]:
        now = clock()
        claims: dict[str, object] = {"organisation": organisation}
        return {
            "assertion": assertion(
                operator, audience=endpoint, now=now, randomness=randomness, claims=claims
            ),
            "client_assertion_type": CLIENT_ASSERTION_TYPE,
            "client_assertion": assertion(
                terminal, audience=endpoint, now=now, randomness=randomness, claims={}
            ),
        }

    return fields


def person_assertions(
    endpoint: str,
    *,
    card: Signer,
    identity: TokenOffice,
    clock: Clock,
    randomness: Randomness,
    guardianship: str | None = None,
) -> Assertions:
    """A person's card signs the ID centre's challenge (K3) and the proof key, so that no relay puts in its own.

    With `guardianship` the card signs in for the ward of it.
    """
    for_ward: dict[str, object] = {} if guardianship is None else {"guardianship": guardianship}

    def fields(proof_key: str) -> dict[str, str]:
        with answers():
            told = identity.challenge()
        claims: dict[str, object] = {"nonce": told.challenge, "cnf": {"jkt": proof_key}, **for_ward}
        signed = assertion(card, audience=endpoint, now=clock(), randomness=randomness, claims=claims)
        return {"assertion": signed}

    return fields


def assertion(
    signer: Signer, *, audience: str, now: datetime, randomness: Randomness, claims: dict[str, object]
) -> str:
    """Sign who one is, for one audience and a short time (RFC 7523, ES256)."""
    header = {"typ": "JWT", "alg": "ES256"} | ({"kid": signer.kid} if signer.kid is not None else {})
    common: dict[str, object] = {
        "iss": signer.name,
        "sub": signer.name,
        "aud": audience,
        "jti": base64url.encode(randomness(16)),
        "exp": epoch_seconds(now) + ASSERTION_SECONDS,
    }
    return sign(part(header), common | claims, signer.key)
