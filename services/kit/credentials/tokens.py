"""Access tokens (RFC 9068 shape, DPoP-bound, one audience, at most five minutes)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from pydantic import ValidationError

from consent import base64url
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.jwk import thumbprint, to_jwk
from services.kit.clock import Randomness, epoch_seconds
from services.kit.credentials.compact import CompactError, UnverifiedCompact, part, sign
from services.kit.credentials.pseudonyms import seal_to
from services.kit.credentials.standing import STATUS_PATH, TokenStanding
from services.kit.encoding import Message
from services.kit.strict_json import StrictJsonError, loads

TOKEN_TYPE = "at+jwt"  # noqa: S105 - a media type, not a secret
MAX_LIFETIME = timedelta(minutes=5)
ALGORITHM = "Ed25519"
GUARDED_BY = "\n"
"""Between the ward's pseudonym and the thumbprint of the guardian's key, in what is sealed to the audience."""
_HEADER = {"typ", "alg", "kid"}


class TokenError(Exception):
    """The token is malformed, expired, stopped, for another audience, or not by the ID centre (`invalid_token`)."""


class Confirmation(Message):
    """RFC 7800 confirmation: the thumbprint of the DPoP key."""

    jkt: str


class StatusPlace(Message):
    """Where the token's bit is in the status list (draft-ietf-oauth-status-list, section 6.2)."""

    idx: int
    uri: str


class Status(Message):
    """The `status` claim."""

    status_list: StatusPlace


class TokenClaims(Message):
    """What every access token says."""

    iss: str
    aud: str
    exp: int
    iat: int
    jti: str
    cnf: Confirmation
    status: Status


class OperatorClaims(TokenClaims):
    """What an operator's token says."""

    client_id: TerminalId
    organisation: OrganisationId
    operator: OperatorId
    scope: str


class TerminalClaims(TokenClaims):
    """What the token of a terminal by itself says."""

    client_id: TerminalId
    organisation: OrganisationId
    scope: str


class PersonClaims(TokenClaims):
    """What a person's token says; the pseudonym is sealed to the audience, so relays cannot read it."""

    sealed_sub: str
    acr: str


Claims = OperatorClaims | PersonClaims | TerminalClaims


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """The ID centre's side: signs tokens for one issuer name. `place` is where a token's bit is in the status list."""

    issuer: str
    key: Ed25519PrivateKey = field(repr=False)
    lifetime: timedelta
    randomness: Randomness
    _head: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not timedelta(0) < self.lifetime <= MAX_LIFETIME:
            raise ValueError("token lifetime must be over zero and at most five minutes")
        kid = thumbprint(to_jwk(self.key.public_key()))
        object.__setattr__(self, "_head", part({"typ": TOKEN_TYPE, "alg": ALGORITHM, "kid": kid}))

    def for_operator(
        self,
        *,
        audience: str,
        organisation: OrganisationId,
        operator: OperatorId,
        terminal: TerminalId,
        roles: Sequence[str],
        jkt: str,
        place: int,
        now: datetime,
    ) -> str:
        """Return a token for an operator at a terminal; `scope` lists the roles."""
        subject = {"organisation": organisation, "operator": operator, "client_id": terminal}
        told = {**subject, "scope": " ".join(roles)}
        return self._issue(told, audience=audience, jkt=jkt, place=place, now=now)

    def for_terminal(
        self,
        *,
        audience: str,
        organisation: OrganisationId,
        terminal: TerminalId,
        scopes: Sequence[str],
        jkt: str,
        place: int,
        now: datetime,
    ) -> str:
        """Return a token for a terminal with nobody at it; `scope` lists the scopes."""
        told = {"organisation": organisation, "client_id": terminal, "scope": " ".join(scopes)}
        return self._issue(told, audience=audience, jkt=jkt, place=place, now=now)

    def for_person(
        self,
        *,
        audience: str,
        pseudonym: Pseudonym,
        audience_key: X25519PublicKey,
        acr: str = "card",
        jkt: str,
        place: int,
        now: datetime,
        guardian: str | None = None,
    ) -> str:
        """Return a token for a person, known to `audience` by `pseudonym`; `acr` says by what they signed in.

        `guardian` is the thumbprint of the key by which `audience` knows a guardian who acts for the person.
        """
        told = pseudonym if guardian is None else f"{pseudonym}{GUARDED_BY}{guardian}"
        sealed = base64url.encode(seal_to(audience_key, told.encode(), info="access-token"))
        claims = {"sealed_sub": sealed, "acr": acr}
        return self._issue(claims, audience=audience, jkt=jkt, place=place, now=now)

    def _issue(self, claims: dict[str, str], *, audience: str, jkt: str, place: int, now: datetime) -> str:
        issued = epoch_seconds(now)
        common = {
            "iss": self.issuer,
            "aud": audience,
            "iat": issued,
            "jti": base64url.encode(self.randomness(16)),
        }
        limits = {
            "exp": issued + int(self.lifetime.total_seconds()),
            "cnf": {"jkt": jkt},
            "status": {"status_list": {"idx": place, "uri": self.issuer + STATUS_PATH}},
        }
        return sign(self._head, {**common, **limits, **claims}, self.key)


def verify_token(token: str, *, standing: TokenStanding, audience: str, now: datetime) -> Claims:
    """A2: return the claims of a token that the ID centre made for `audience`, not expired and not stopped.

    The caller compares `cnf.jkt` with the proof's key. Raises: TokenError.
    """
    claims = read_token(token, standing=standing)
    if claims.aud != audience:
        raise TokenError("the access token is for another audience")
    if claims.exp <= epoch_seconds(now):
        raise TokenError("the access token has expired")
    if not standing.stands(claims.status.status_list.idx):
        raise TokenError("the access token was stopped; sign in again")
    return claims


def read_token(token: str, *, standing: TokenStanding) -> Claims:
    """Return what the ID centre said in a token, wherever and whenever that counts. Raises: TokenError."""
    try:
        text = UnverifiedCompact.parse(token)
        kid = text.header.get("kid")
        if not isinstance(kid, str) or kid not in standing.keys:
            raise TokenError("the access token does not verify")
        text.verify(standing.keys[kid])
        if text.header.keys() != _HEADER or text.header["typ"] != TOKEN_TYPE:
            raise TokenError("not an access token")
        claims = loads(text.payload)
        return _kind(claims).model_validate(claims)
    except (CompactError, StrictJsonError, ValidationError) as error:
        raise TokenError("the access token does not verify") from error


def _kind(claims: object) -> type[OperatorClaims] | type[PersonClaims] | type[TerminalClaims]:
    names = claims if isinstance(claims, dict) else {}
    if "sealed_sub" in names:
        return PersonClaims
    return OperatorClaims if "operator" in names else TerminalClaims
