"""JWT assertions of cards and terminals (RFC 7521, RFC 7523): ES256 only, one audience, short-lived, used once.

An `UnverifiedAssertion` only says which key to look up; `verify` alone makes a `VerifiedAssertion`.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.contracts.identity.messages import Jwk
from services.kit.credentials.tokens import Confirmation
from services.kit.strict_json import StrictJsonError, loads

ALGORITHM: Final = "ES256"
LONGEST_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 5
LONGEST_TEXT: Final = 4096
WRONG_SIGNATURE: Final = "the assertion's signature does not verify"
_HEADER: Final = frozenset({"alg", "typ", "kid"})


class AssertionRefusedError(Exception):
    """The assertion does not count; the message says which rule, never what was in it."""


class _Claims(BaseModel):
    # RFC 7519, section 4: claims that are not understood are ignored
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    iss: str = Field(min_length=1, max_length=128)
    sub: str
    aud: str
    exp: int
    jti: str = Field(min_length=8, max_length=128)
    nbf: int | None = None
    organisation: str | None = None
    nonce: str | None = None
    cnf: Confirmation | None = None


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """An assertion by the key it was verified with. Units: `expires` epoch seconds. `jti` is single use."""

    issuer: str
    jti: str
    expires: int


@dataclass(frozen=True, slots=True)
class UnverifiedAssertion:
    """What an assertion claims; proves nothing."""

    token: str
    kid: str | None
    claims: _Claims

    @classmethod
    def parse(cls, token: str) -> "UnverifiedAssertion":
        """Read an assertion. Raises: AssertionRefusedError."""
        if len(token) > LONGEST_TEXT:
            raise AssertionRefusedError("the assertion is too long")
        try:
            unverified = jws.extract_compact(token.encode("ascii"))
            header = unverified.headers()
            claims = _Claims.model_validate(loads(unverified.payload))
        except (JoseError, StrictJsonError, ValidationError, ValueError) as error:
            raise AssertionRefusedError(
                "the assertion is not a JWT with the claims that RFC 7523 asks for"
            ) from error
        kid = header.get("kid")
        if (
            not _HEADER.issuperset(header)
            or header.get("typ", "JWT") != "JWT"
            or header.get("alg") != ALGORITHM
        ):
            raise AssertionRefusedError("the assertion's header must be that of a JWT with ES256")
        if kid is not None and not isinstance(kid, str):
            raise AssertionRefusedError("the assertion's kid is not a text")
        return cls(token, kid, claims)

    def verify(self, key: Jwk, *, audience: str, now: int) -> VerifiedAssertion:
        """Check the assertion completely, but for its single use, which the caller's database knows.

        Units: `now` epoch seconds. Raises: AssertionRefusedError.
        """
        try:
            jws.deserialize_compact(self.token, _import(tuple(sorted(key.items()))), algorithms=[ALGORITHM])
        except (JoseError, ValueError) as error:
            raise AssertionRefusedError(WRONG_SIGNATURE) from error
        claims = self.claims
        if claims.sub != claims.iss:
            raise AssertionRefusedError("the assertion must be about its issuer (iss = sub)")
        if claims.aud != audience:
            raise AssertionRefusedError("the assertion is for another audience")
        if claims.exp <= now or (claims.nbf is not None and claims.nbf > now + LEEWAY_SECONDS):
            raise AssertionRefusedError("the assertion is not valid now; check this machine's clock")
        if claims.exp > now + LONGEST_SECONDS + LEEWAY_SECONDS:
            raise AssertionRefusedError(f"the assertion must expire within {LONGEST_SECONDS} seconds")
        return VerifiedAssertion(claims.iss, claims.jti, claims.exp)


@lru_cache(maxsize=4096)
def _import(members: tuple[tuple[str, str], ...]) -> ECKey:
    return ECKey.import_key(dict(members))
