"""Deny by default: no request reaches a route before its credential is verified, but for the open paths.

Steps, numbered as in docs/protocol.md:
  A1 the TLS client certificate names an accredited terminal or body (stops strangers, suspended terminals);
  A2 the token is the ID centre's, for this body, not expired, not stopped (stops audience swaps, revoked cards);
  A3 the DPoP proof is for this method, address and token, by the token's key, with a nonce of this body, not seen
     before (stops stolen tokens, proofs made in advance, and replays; on a route of `effect_first` that is found in
     the transaction of the effect); the gate compares the content with what the proof names (stops a relay that
     changes it);
  A4 an operator's token, and a terminal's own, comes from the terminal it was issued to; its roles or scopes are those
     that hold now (stops tokens that outlive a role).
A body needs no token: its own certificate is the sender-constrained credential (RFC 8705).
"""

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from sqlalchemy import Connection

from consent import base64url
from consent.errors import MalformedError
from consent.identifiers import Pseudonym
from services.kit.clock import Clock, epoch_seconds
from services.kit.credentials.callers import (
    Accreditations,
    BodyCaller,
    Caller,
    OperatorCaller,
    Peer,
    PersonCaller,
    SignedInBy,
    TerminalCaller,
)
from services.kit.credentials.dpop import (
    PROOF_AGE_SECONDS,
    DpopError,
    DpopNonces,
    verify_proof,
)
from services.kit.credentials.presented import dpop_token, refused
from services.kit.credentials.pseudonyms import open_sealed
from services.kit.credentials.tokens import (
    GUARDED_BY,
    OperatorClaims,
    PersonClaims,
    TerminalClaims,
    TokenError,
    verify_token,
)
from services.kit.database import Database
from services.kit.people import People, RetiredNameError
from services.kit.problems import (
    InvalidTokenError,
    UnauthenticatedError,
)
from services.kit.replay import ReplayCache


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request brings, unverified. `url` is this body's public address with the request's path."""

    certificate: bytes | None
    authorization: str | None
    proof: str | None
    method: str
    url: str


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Verifies credentials for one body, called `audience` in tokens."""

    audience: str
    sealing_key: X25519PrivateKey
    accreditations: Accreditations
    nonces: DpopNonces
    database: Database
    replays: ReplayCache
    people: People
    clock: Clock

    def authenticate(self, request: Credentials) -> Caller:
        """Return who asks. Raises: UnauthenticatedError; its detail says which step failed."""
        peer = self._peer(request.certificate)  # A1
        if request.authorization is None:
            if peer.body is None:
                raise UnauthenticatedError("the request carries no access token")
            return BodyCaller(peer.body)
        token = dpop_token(request.authorization)
        try:
            standing = self.accreditations.tokens()
            claims = verify_token(token, standing=standing, audience=self.audience, now=self.clock())  # A2
            self._verify_sender(request, token, claims.cnf.jkt)  # A3
        except (TokenError, DpopError) as error:
            raise refused(error) from error
        match claims:
            case OperatorClaims():
                return self._operator(claims, peer)
            case PersonClaims():
                return self._person(claims)
            case TerminalClaims():
                return self._terminal(claims, peer)

    def _peer(self, certificate: bytes | None) -> Peer:
        if certificate is None:
            raise UnauthenticatedError("no client certificate was presented")
        peer = self.accreditations.peer(hashlib.sha256(certificate).hexdigest())
        if peer is None:
            raise UnauthenticatedError("the client certificate belongs to no accredited terminal or body")
        return peer

    def _verify_sender(self, request: Credentials, token: str, expected: str) -> None:
        if request.proof is None:
            raise DpopError("the request carries no DPoP proof")
        now = self.clock()
        thumbprint, jti = verify_proof(
            request.proof,
            method=request.method,
            url=request.url,
            now=now,
            token=token,
            nonces=self.nonces,
        )
        if thumbprint != expected:
            raise DpopError("the proof is by another key than the token's")
        moment = epoch_seconds(now)

        def use_up(connection: Connection) -> None:
            self.replays.use(
                connection,
                kind="DPoP proof",
                value=f"{thumbprint}.{jti}",
                expires=moment + 2 * PROOF_AGE_SECONDS,
                now=moment,
            )

        self.database.with_effect(use_up)

    def _operator(self, claims: OperatorClaims, peer: Peer) -> OperatorCaller:
        _require_same_terminal(claims, peer)  # A4
        holding = self.accreditations.roles(claims.organisation, claims.operator)
        roles = holding & frozenset(claims.scope.split())
        return OperatorCaller(claims.organisation, claims.operator, claims.client_id, roles)

    def _terminal(self, claims: TerminalClaims, peer: Peer) -> TerminalCaller:
        _require_same_terminal(claims, peer)  # A4
        scopes = self.accreditations.scopes(claims.client_id) & frozenset(claims.scope.split())
        return TerminalCaller(claims.organisation, claims.client_id, scopes)

    def _person(self, claims: PersonClaims) -> PersonCaller:
        try:
            pseudonym = open_sealed(
                self.sealing_key, base64url.decode(claims.sealed_sub), info="access-token"
            )
        except (InvalidTag, MalformedError, ValueError) as error:
            raise InvalidTokenError("the access token does not verify") from error
        try:
            with self.database.read() as connection:
                told, _, guardian = pseudonym.decode().partition(GUARDED_BY)
                name = self.people.own_name(connection, Pseudonym(told))
                by = SignedInBy(claims.acr)
                # with no key of this body's in it, a guardian's token is still not the person's
                return PersonCaller(name, by, guardian if by is SignedInBy.GUARDIAN else None)
        except RetiredNameError as error:
            raise UnauthenticatedError(str(error)) from error


def _require_same_terminal(claims: OperatorClaims | TerminalClaims, peer: Peer) -> None:
    if peer.terminal != claims.client_id or peer.organisation != claims.organisation:
        raise InvalidTokenError("the token was issued to another terminal")
