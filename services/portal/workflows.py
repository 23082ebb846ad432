"""Signing in and out. The portal learns that the ID centre vouches for somebody; it does not learn who that is.

S1 the token is the ID centre's, for this portal, a person's, not expired, not stopped (stops tokens for other bodies);
S2 the proof is for this request, by the token's key, not seen before (stops stolen tokens and replays);
S3 a new random session in place of the one the browser had; only its hash is stored (a stolen database opens none).
The pseudonym in the token stays sealed: a session needs none.
"""

from dataclasses import dataclass, field
from typing import Final

from consent import base64url
from services.contracts.oversight.register_view import RegisterView
from services.contracts.portal.client import SESSION_PATH
from services.kit.clock import epoch_seconds
from services.kit.context import BodyContext
from services.kit.credentials.dpop import PROOF_AGE_SECONDS, DpopError, verify_proof
from services.kit.credentials.presented import dpop_token, refused
from services.kit.credentials.tokens import PersonClaims, TokenError, verify_token
from services.portal import store

SECRET_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Presented:
    """What a sign-in brings, unverified; `session` is the one that the browser had before."""

    authorization: str | None = field(repr=False)
    proof: str | None = field(repr=False)
    session: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions of one portal. Units: `lifetime` is seconds."""

    context: BodyContext
    register: RegisterView
    lifetime: int

    def open(self, presented: Presented) -> str:
        """Return the secret of a new session. Raises: UnauthenticatedError, ReplayError."""
        try:
            token = dpop_token(presented.authorization)
            key_of_token = self._verify_token(token)  # S1
            used = self._verify_proof(presented.proof, token, expected=key_of_token)  # S2
        except (TokenError, DpopError) as error:
            raise refused(error) from error
        secret = base64url.encode(self.context.randomness(SECRET_BYTES))
        now = self._now()
        with self.context.database.write() as conn:
            self.context.replays.use(
                conn, kind="DPoP proof", value=used, expires=now + 2 * PROOF_AGE_SECONDS, now=now
            )
            if presented.session is not None:
                store.end_session(conn, presented.session)
            store.sweep_sessions(conn, now=now)
            store.add_session(conn, secret, expires=now + self.lifetime)  # S3
        return secret

    def stands(self, secret: str) -> bool:
        """Tell whether a session of this secret is open."""
        with self.context.database.read() as conn:
            return store.has_session(conn, secret, now=self._now())

    def end(self, secret: str) -> None:
        """Sign out."""
        with self.context.database.write() as conn:
            store.end_session(conn, secret)

    def _verify_token(self, token: str) -> str:
        context = self.context
        claims = verify_token(
            token,
            standing=self.register.tokens(),
            audience=context.settings.public_url,
            now=context.clock(),
        )
        if not isinstance(claims, PersonClaims):
            raise TokenError("My Portal is for people; an organisation's token opens no session")
        return claims.cnf.jkt

    def _verify_proof(self, proof: str | None, token: str, *, expected: str) -> str:
        if proof is None:
            raise DpopError("the request carries no DPoP proof")
        url = self.context.settings.public_url + SESSION_PATH
        thumbprint, jti = verify_proof(
            proof,
            method="POST",
            url=url,
            now=self.context.clock(),
            token=token,
            nonces=self.context.nonces,
        )
        if thumbprint != expected:
            raise DpopError("the proof is by another key than the token's")
        return f"{thumbprint}.{jti}"

    def _now(self) -> int:
        return epoch_seconds(self.context.clock())
