"""JWT assertions of cards and terminals (RFC 7521, RFC 7523): ES256 only, one audience, short-lived, used once.

An `UnverifiedAssertion` only says which key to look up; `verify` alone makes a `VerifiedAssertion`.
"""

from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.contracts.identity.messages import Jwk
from services.kit.credentials.compact import CompactError, UnverifiedCompact, es256_key
from services.kit.credentials.tokens import Confirmation
from services.kit.strict_json import StrictJsonError, loads

ALGORITHM: Final = "ES256"
LONGEST_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 5
LONGEST_TEXT: Final = 4096
WRONG_SIGNATURE: Final = "the assertion's signature does not verify, or its issuer does not count now"
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
    guardianship: str | None = Field(None, max_length=128)


@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """An assertion by the key it was verified with. Units: `expires` epoch seconds. `jti` is single use."""

    issuer: str
    jti: str
    expires: int


@dataclass(frozen=True, slots=True)
class UnverifiedAssertion:
    """What an assertion claims; proves nothing."""

    text: UnverifiedCompact
    kid: str | None
    claims: _Claims

    @classmethod
    def parse(cls, token: str) -> "UnverifiedAssertion":
        """Read an assertion. Raises: AssertionRefusedError."""
        if len(token) > LONGEST_TEXT:
            raise AssertionRefusedError("the assertion is too long")
        try:
            text = UnverifiedCompact.parse(token)
            claims = _Claims.model_validate(loads(text.payload))
        except (CompactError, StrictJsonError, ValidationError) as error:
            raise AssertionRefusedError(
                "the assertion is not a JWT with the claims that RFC 7523 asks for"
            ) from error
        header = text.header
        kid = header.get("kid")
        if (
            not _HEADER.issuperset(header)
            or header.get("typ", "JWT") != "JWT"
            or header.get("alg") != ALGORITHM
        ):
            raise AssertionRefusedError("the assertion's header must be that of a JWT with ES256")
        if kid is not None and not isinstance(kid, str):
            raise AssertionRefusedError("the assertion's kid is not a text")
        return cls(text, kid, claims)

    def verify(self, key: Jwk, *, audience: str, now: int) -> VerifiedAssertion:
        """Check the assertion completely, but for its single use, which the caller's database knows.

        Units: `now` epoch seconds. Raises: AssertionRefusedError.
        """
        try:
            self.text.verify(es256_key(key).key)
        except CompactError as error:
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
