"""Public keys as JSON Web Keys, and their thumbprints (RFC 7517, 7638, 8037)."""

from collections.abc import Mapping
from functools import lru_cache
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
_KEPT: Final = 4096
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
            return _ed25519(jwk["x"])
        if jwk.keys() == _P256 and jwk["kty"] == "EC" and jwk["crv"] == "P-256":
            return _p256(jwk["x"], jwk["y"])
    except ValueError:
        raise MalformedError(_REFUSED) from None
    raise MalformedError(_REFUSED)


@lru_cache(maxsize=_KEPT)
def _ed25519(x: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64url.decode(x))


@lru_cache(maxsize=_KEPT)
def _p256(x: str, y: str) -> EllipticCurvePublicKey:
    # that a point is on the curve takes as long to find out as a signature's check, and cards come again
    first, second = base64url.decode(x), base64url.decode(y)
    if not len(first) == len(second) == _COORDINATE:
        raise MalformedError(_REFUSED)
    return EllipticCurvePublicNumbers(int.from_bytes(first), int.from_bytes(second), SECP256R1()).public_key()


def thumbprint(jwk: PublicJwk) -> str:
    """Name a public key by the hash of its required members.

    Shape: 43 characters, base64url of SHA-256. Source: RFC 7638 section 3.
    Raises: MalformedError if members are missing or superfluous.
    """
    if jwk.keys() not in (_ED25519, _P256):
        raise MalformedError(_REFUSED)
    return _thumbprint(tuple(sorted(jwk.items())))


@lru_cache(maxsize=_KEPT)
def _thumbprint(members: tuple[tuple[str, str], ...]) -> str:
    return base64url.encode(sha256(canonical.encode(dict(members))).digest())
