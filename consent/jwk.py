"""Public keys as JSON Web Keys, and their thumbprints (RFC 7517, 7638, 8037)."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from consent import base64url, canonical
from consent.errors import MalformedError

PublicJwk: TypeAlias = Mapping[str, str]
PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey

_COORDINATE: Final = 32
_ED25519: Final = {"kty", "crv", "x"}
_P256: Final = {"kty", "crv", "x", "y"}
_REFUSED: Final = "A public JWK of exactly kty, crv, x (Ed25519) or kty, crv, x, y (P-256) is expected."


def to_jwk(key: PublicKey) -> dict[str, str]:
    """Write an Ed25519 or P-256 public key as a JWK with its required members only."""
    if isinstance(key, Ed25519PublicKey):
        return {"crv": "Ed25519", "kty": "OKP", "x": base64url.encode(key.public_bytes_raw())}
    if not isinstance(key.curve, SECP256R1):
        raise MalformedError(_REFUSED)
    point = key.public_numbers()
    x, y = (base64url.encode(n.to_bytes(_COORDINATE, "big")) for n in (point.x, point.y))
    return {"crv": "P-256", "kty": "EC", "x": x, "y": y}


def from_jwk(jwk: PublicJwk) -> PublicKey:
    """Read what `to_jwk` writes.

    Raises: MalformedError for other members, another curve, or a point that is not on the curve.
    """
    try:
        if jwk.keys() == _ED25519 and jwk["kty"] == "OKP" and jwk["crv"] == "Ed25519":
            return Ed25519PublicKey.from_public_bytes(base64url.decode(jwk["x"]))
        if jwk.keys() == _P256 and jwk["kty"] == "EC" and jwk["crv"] == "P-256":
            x, y = base64url.decode(jwk["x"]), base64url.decode(jwk["y"])
            if len(x) == len(y) == _COORDINATE:
                numbers = EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), SECP256R1())
                return numbers.public_key()
    except ValueError:
        raise MalformedError(_REFUSED) from None
    raise MalformedError(_REFUSED)


def thumbprint(jwk: PublicJwk) -> str:
    """Name a public key by the hash of its required members.

    Shape: 43 characters, base64url of SHA-256. Source: RFC 7638 section 3.
    Raises: MalformedError if members are missing or superfluous.
    """
    if jwk.keys() not in (_ED25519, _P256):
        raise MalformedError(_REFUSED)
    return base64url.encode(sha256(canonical.encode(dict(jwk))).digest())
