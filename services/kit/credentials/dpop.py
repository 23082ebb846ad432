"""DPoP proofs (RFC 9449): a token is worth nothing without the key it was issued to."""

import hashlib
import json
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from consent import base64url
from services.kit.clock import Randomness, epoch_seconds
from services.kit.strict_json import StrictJsonError, loads

PROOF_TYPE = "dpop+jwt"
PROOF_AGE_SECONDS = 60
CONTENT_CLAIM = "content_sha256"


class DpopError(Exception):
    """The proof is missing, malformed, for another request, too old or by another key (`invalid_dpop_proof`)."""


class DpopKey:
    """A client's proof key and the proofs made with it."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        self._key = ECKey.import_key(key)
        self._public = ECKey.import_key(key.public_key()).as_dict(private=False)
        self.thumbprint = str(self._key.thumbprint())

    def __repr__(self) -> str:
        return "DpopKey(...)"

    def proof(
        self,
        *,
        method: str,
        url: str,
        now: datetime,
        randomness: Randomness,
        token: str | None,
        content: bytes | None = None,
    ) -> str:
        """Return the value of the DPoP header for one request; with `content` it is for exactly that."""
        claims: dict[str, object] = {
            "jti": base64url.encode(randomness(16)),
            "htm": method,
            "htu": url,
            "iat": epoch_seconds(now),
        }
        if token is not None:
            claims["ath"] = token_hash(token)
        if content:
            claims[CONTENT_CLAIM] = content_hash(content)
        header = {"typ": PROOF_TYPE, "alg": "ES256", "jwk": self._public}
        return jws.serialize_compact(header, json.dumps(claims).encode(), self._key, algorithms=["ES256"])


def verify_proof(proof: str, *, method: str, url: str, now: datetime, token: str | None) -> tuple[str, str]:
    """Return (key thumbprint, jti) of a proof that is for exactly this request.

    The caller refuses a jti seen before. Raises: DpopError. Source: RFC 9449, section 4.3.
    """
    try:
        unverified = jws.extract_compact(proof.encode())
        header = unverified.headers()
        if (
            header.get("typ") != PROOF_TYPE
            or header.get("alg") != "ES256"
            or set(header) != {"typ", "alg", "jwk"}
        ):
            raise DpopError("the proof's header is not a DPoP header with ES256")
        jwk = header["jwk"]
        if not isinstance(jwk, dict) or "d" in jwk:
            raise DpopError("the proof's jwk is not a public key")
        key = ECKey.import_key(jwk)
        verified = jws.deserialize_compact(proof, key, algorithms=["ES256"])
        claims = loads(verified.payload or b"")
    except (JoseError, StrictJsonError, ValueError, UnicodeError) as error:
        raise DpopError("the proof's signature does not verify") from error
    if not isinstance(claims, dict):
        raise DpopError("the proof's claims are not an object")
    expected = {"htm": method, "htu": url} | ({"ath": token_hash(token)} if token is not None else {})
    if any(claims.get(name) != value for name, value in expected.items()):
        raise DpopError("the proof is for another request or token")
    issued, jti = claims.get("iat"), claims.get("jti")
    if not isinstance(issued, int) or abs(epoch_seconds(now) - issued) > PROOF_AGE_SECONDS:
        raise DpopError("the proof is too old or from the future; check this machine's clock")
    if not isinstance(jti, str) or not 8 <= len(jti) <= 128:
        raise DpopError("the proof has no usable jti")
    return str(key.thumbprint()), jti


def named_content(proof: str) -> object:
    """Return which content a proof that was verified is for (`content_hash`), None if it names none.

    RFC 9449 covers no content; what a person sends passes through My Portal, which must not be able to change it.
    """
    claims = loads(base64url.decode(proof.split(".")[1]))
    return claims.get(CONTENT_CLAIM)


def content_hash(content: bytes) -> str:
    """Return how a proof names a request's content: base64url of SHA-256."""
    return base64url.encode(hashlib.sha256(content).digest())


def token_hash(token: str) -> str:
    """Return the `ath` of an access token."""
    return base64url.encode(hashlib.sha256(token.encode()).digest())
