"""Compact JWS as anybody's library writes them (RFC 7515): access tokens, DPoP proofs, assertions.

Signed texts of our own have one accepted spelling and are read by `consent.jws`, whose signatures these are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from consent import base64url, jws
from consent.errors import MalformedError, SignatureError
from consent.jwk import PublicKey, from_jwk, thumbprint
from services.kit.strict_json import StrictJsonError, loads

LONGEST: Final = 8192
"""Characters; a longer text is refused before any work is spent on it."""
HEADERS_KEPT: Final = 1024
KEYS_KEPT: Final = 4096


@dataclass(frozen=True, slots=True)
class NamedKey:
    """A public key with its RFC 7638 thumbprint."""

    key: PublicKey
    thumbprint: str


class CompactError(Exception):
    """The text is no compact JWS, or not signed by this key with the key's own algorithm."""


@dataclass(frozen=True, slots=True)
class UnverifiedCompact:
    """The parts of a text that proves nothing yet. Shape: `head` is the first part as it was sent."""

    head: str
    header: Mapping[str, object]
    payload: bytes = field(repr=False)
    _signed: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "UnverifiedCompact":
        """Take a text apart. Raises: CompactError."""
        parts = text.split(".") if len(text) <= LONGEST else []
        if len(parts) != 3:
            raise CompactError("a compact JWS of three parts is expected")
        head, payload, signature = parts
        try:
            raw, signed = base64url.decode(payload), base64url.decode(signature)
            return cls(head, _header(head), raw, f"{head}.{payload}".encode("ascii"), signed)
        except (MalformedError, StrictJsonError, UnicodeEncodeError) as error:
            raise CompactError("a compact JWS of three parts is expected") from error

    def verify(self, key: PublicKey) -> None:
        """Check the signature, with the one algorithm that the key is for. Raises: CompactError."""
        # the header never chooses: alg=none and HMAC with the public key end here
        if self.header.get("alg") != jws.algorithm(key):
            raise CompactError("signed with another algorithm than the key's")
        try:
            jws.check_signature(key, self._signature, self._signed)
        except SignatureError as error:
            raise CompactError("the signature does not verify") from error


def part(members: Mapping[str, object]) -> str:
    """Return an object as the first or second part of a text."""
    return base64url.encode(json.dumps(members, separators=(",", ":")).encode())


def sign(head: str, claims: Mapping[str, object], key: jws.PrivateKey) -> str:
    """Return the signed text; `head` is the `part` that names the key's algorithm."""
    text = f"{head}.{part(claims)}"
    return f"{text}.{base64url.encode(jws.signature(key, text))}"


@lru_cache(maxsize=HEADERS_KEPT)
def _header(head: str) -> Mapping[str, object]:
    # kept: all texts of one key begin alike
    header = loads(base64url.decode(head))
    if (
        not isinstance(header, dict) or "crit" in header
    ):  # RFC 7515, section 4.1.11: we understand no extension
        raise MalformedError("a JWS header without critical extensions is expected")
    return header


def es256_key(jwk: object) -> NamedKey:
    """Return the key of a P-256 JWK, whatever members it has beside those of the key. Raises: CompactError."""
    if not isinstance(jwk, Mapping) or "d" in jwk or (jwk.get("kty"), jwk.get("crv")) != ("EC", "P-256"):
        raise CompactError("a public P-256 key is expected")
    x, y = jwk.get("x"), jwk.get("y")
    if not isinstance(x, str) or not isinstance(y, str):
        raise CompactError("a public P-256 key is expected")
    return _es256_key(x, y)


@lru_cache(maxsize=KEYS_KEPT)
def _es256_key(x: str, y: str) -> NamedKey:
    public = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    try:
        return NamedKey(from_jwk(public), thumbprint(public))
    except MalformedError as error:
        raise CompactError("a public P-256 key is expected") from error
