"""Access tokens (RFC 9068 shape, DPoP-bound, one audience, at most five minutes)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from pydantic import ValidationError

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from services.kit.clock import Randomness, epoch_seconds
from services.kit.credentials.pseudonyms import seal_to
from services.kit.encoding import Message

TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type, not a secret
MAX_LIFETIME = timedelta(minutes=5)
ALGORITHMS = ["Ed25519"]


class TokenError(Exception):
    """The token is malformed, expired, for another audience, or not by the ID centre."""


class Confirmation(Message):
    """RFC 7800 confirmation: the thumbprint of the DPoP key."""

    jkt: str


class OperatorClaims(Message):
    """What an operator's token says."""

    iss: str
    aud: str
    exp: int
    iat: int
    jti: str
    cnf: Confirmation
    client_id: TerminalId
    organisation: OrganisationId
    operator: OperatorId
    scope: str


class PersonClaims(Message):
    """What a person's token says; the pseudonym is sealed to the audience, so relays cannot read it."""

    iss: str
    aud: str
    exp: int
    iat: int
    jti: str
    cnf: Confirmation
    sealed_sub: str
    acr: str


Claims = OperatorClaims | PersonClaims


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """The ID centre's side: signs tokens for one issuer name."""

    issuer: str
    key: Ed25519PrivateKey
    lifetime: timedelta
    randomness: Randomness

    def __post_init__(self) -> None:
        if not timedelta(0) < self.lifetime <= MAX_LIFETIME:
            raise ValueError("token lifetime must be over zero and at most five minutes")

    def for_operator(
        self,
        *,
        audience: str,
        organisation: OrganisationId,
        operator: OperatorId,
        terminal: TerminalId,
        roles: Sequence[str],
        jkt: str,
        now: datetime,
    ) -> str:
        """Return a token for an operator at a terminal; `scope` lists the roles."""
        subject = {"organisation": organisation, "operator": operator, "client_id": terminal}
        return self._issue({**subject, "scope": " ".join(roles)}, audience=audience, jkt=jkt, now=now)

    def for_person(
        self, *, audience: str, pseudonym: Pseudonym, audience_key: X25519PublicKey, jkt: str, now: datetime
    ) -> str:
        """Return a token for a person, known to `audience` by `pseudonym`."""
        sealed = base64url.encode(seal_to(audience_key, pseudonym.encode(), info="access-token"))
        return self._issue({"sealed_sub": sealed, "acr": "card"}, audience=audience, jkt=jkt, now=now)

    def _issue(self, claims: dict[str, str], *, audience: str, jkt: str, now: datetime) -> str:
        issued = epoch_seconds(now)
        common = {
            "iss": self.issuer,
            "aud": audience,
            "iat": issued,
            "jti": base64url.encode(self.randomness(16)),
        }
        limits = {"exp": issued + int(self.lifetime.total_seconds()), "cnf": {"jkt": jkt}}
        key = OKPKey.import_key(self.key)
        return jwt.encode(
            {"typ": TOKEN_TYPE, "alg": "Ed25519"}, {**common, **limits, **claims}, key, ALGORITHMS
        )


def verify_token(token: str, *, key: Ed25519PublicKey, audience: str, now: datetime) -> Claims:
    """A2: return the claims of a token that the ID centre made for `audience` and that has not expired.

    The caller compares `cnf.jkt` with the proof's key. Raises: TokenError.
    """
    try:
        decoded = jwt.decode(token, OKPKey.import_key(key), ALGORITHMS)
        if decoded.header.get("typ") != TOKEN_TYPE:
            raise TokenError("not an access token")
        kind = PersonClaims if "sealed_sub" in decoded.claims else OperatorClaims
        claims = kind.model_validate(decoded.claims)
    except (JoseError, ValidationError, ValueError) as error:
        raise TokenError("the access token does not verify") from error
    if claims.aud != audience:
        raise TokenError("the access token is for another audience")
    if claims.exp <= epoch_seconds(now):
        raise TokenError("the access token has expired")
    return claims
