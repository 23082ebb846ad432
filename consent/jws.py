"""Signed texts: compact JWS over canonical JSON, with one accepted spelling of every byte.

Source: RFC 7515, RFC 8785, RFC 9864 (algorithm name `Ed25519`).
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from consent import base64url, canonical
from consent.canonical import JsonObject
from consent.errors import MalformedError, SignatureError
from consent.jwk import PublicJwk, PublicKey, from_jwk, thumbprint

PrivateKey: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey

LONGEST_TOKEN: Final = 1 << 20
"""Characters; a longer text is refused before any work is spent on it."""

_ES256: Final = ECDSA(SHA256())
_SCALAR: Final = 32
_HEADER: Final = {"alg", "kid", "typ"}


@dataclass(frozen=True, slots=True)
class VerifiedJws:
    """A signed text whose signature, type and canonical form have been checked.

    Shape: `payload` is the canonical JSON; `digest` 32 bytes, SHA-256 of the signed part (header and
    payload), the same for every valid signature over it.
    """

    kid: str
    payload: bytes
    digest: bytes


def algorithm(key: PrivateKey | PublicKey) -> str:
    """Return the one algorithm that a key is for. Raises: MalformedError for a key of another kind."""
    if isinstance(key, Ed25519PrivateKey | Ed25519PublicKey):
        return "Ed25519"
    if not isinstance(key.curve, SECP256R1):
        raise MalformedError("Signing keys are Ed25519 or P-256.")
    return "ES256"


@lru_cache(maxsize=1024)
def _header(alg: str, typ: str, kid: str) -> str:
    return base64url.encode(canonical.encode({"alg": alg, "kid": kid, "typ": typ}))


def sign(payload: JsonObject, *, typ: str, key: PrivateKey, kid: str) -> str:
    """Sign an object; the key decides the algorithm (Ed25519, or ES256 for P-256).

    Raises: MalformedError if the payload has no canonical form.
    """
    raw = canonical.encode(payload)
    canonical.decode(raw)
    text = f"{_header(algorithm(key), typ, kid)}.{base64url.encode(raw)}"
    return f"{text}.{base64url.encode(signature(key, text))}"


def signature(key: PrivateKey, text: str) -> bytes:
    """Sign the first two parts of a compact JWS; the key only ever signs, so that it may be on a token.

    Shape: 64 bytes. Source: RFC 7518 section 3.4, RFC 8037 section 3.1.
    """
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(text.encode("ascii"))
    r, s = decode_dss_signature(key.sign(text.encode("ascii"), _ES256))
    return r.to_bytes(_SCALAR, "big") + s.to_bytes(_SCALAR, "big")


def check_signature(key: PublicKey, signature: bytes, text: bytes) -> None:
    """Check what `signature` returned for the first two parts of a compact JWS. Raises: SignatureError."""
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, text)
            return
        if len(signature) != 2 * _SCALAR:
            raise SignatureError
        r, s = int.from_bytes(signature[:_SCALAR]), int.from_bytes(signature[_SCALAR:])
        key.verify(encode_dss_signature(r, s), text, _ES256)
    except (InvalidSignature, ValueError):
        raise SignatureError from None


def _split(token: str) -> tuple[str, str, str]:
    parts = token.split(".") if len(token) <= LONGEST_TOKEN else []
    if len(parts) != 3:
        raise MalformedError("A compact JWS of three parts is expected.")
    return parts[0], parts[1], parts[2]


def _read_kid(header: str) -> str:
    members = canonical.decode(base64url.decode(header))
    if members.keys() != _HEADER or not isinstance(kid := members["kid"], str):
        raise MalformedError("A JWS header of alg, kid and typ is expected.")
    return kid


def peek_kid(token: str) -> str:
    """Read which key a text claims to be signed with, to look that key up; proves nothing.

    Raises: SignatureError if the text is not even of the right form.
    """
    try:
        return _read_kid(_split(token)[0])
    except MalformedError:
        raise SignatureError from None


def verify(token: str, *, typ: str, key: PublicKey) -> VerifiedJws:
    """Check a signed text completely.

    Guarantees: the header is exactly the key's own algorithm, `typ` and a kid; header and payload are
    canonical JSON without duplicate names; every base64url part has its only spelling.
    Raises: SignatureError for anything else.
    """
    try:
        header, payload, signature = _split(token)
        kid = _read_kid(header)
        # Comparing with the header we would have written refuses alg=none, HMAC with the public key,
        # another type and unknown or critical members in one step.
        if header != _header(algorithm(key), typ, kid):
            raise SignatureError
        text = f"{header}.{payload}".encode("ascii")
        check_signature(key, base64url.decode(signature), text)
        raw = base64url.decode(payload)
        canonical.decode(raw)
    except (MalformedError, UnicodeEncodeError, ValueError):
        raise SignatureError from None
    return VerifiedJws(kid=kid, payload=raw, digest=sha256(text).digest())


def verify_with_jwk(token: str, *, typ: str, jwk: PublicJwk) -> VerifiedJws:
    """Check a signed text whose kid must be the thumbprint of the given public key.

    Raises: SignatureError as `verify`; MalformedError if the JWK is not one.
    """
    verified = verify(token, typ=typ, key=from_jwk(jwk))
    if verified.kid != thumbprint(jwk):
        raise SignatureError
    return verified
