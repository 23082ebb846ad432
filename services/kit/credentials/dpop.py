"""DPoP proofs (RFC 9449): a token is worth nothing without the key it was issued to, nor with a proof of long ago."""

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from consent import base64url
from consent.jwk import thumbprint, to_jwk
from services.kit.clock import Randomness, epoch_seconds
from services.kit.credentials.compact import CompactError, UnverifiedCompact, es256_key, part, sign
from services.kit.strict_json import StrictJsonError, loads

PROOF_TYPE = "dpop+jwt"
PROOF_AGE_SECONDS = 60
CONTENT_CLAIM = "content_sha256"
NONCE_HEADER = "DPoP-Nonce"
NONCE_BYTES = 16
_HEADER = {"typ", "alg", "jwk"}


class DpopError(Exception):
    """The proof is missing, malformed, for another request, too old or by another key (`invalid_dpop_proof`)."""


class NonceNeededError(DpopError):
    """The proof does not carry a nonce that this server gave out lately (`use_dpop_nonce`)."""


@dataclass(frozen=True, slots=True)
class DpopNonces:
    """A server's nonces: the present one follows from its secret and the time, so nothing is stored.

    Units: `seconds` is how long one is given out; it counts as long again. Source: RFC 9449, section 8.
    """

    secret: bytes = field(repr=False)
    seconds: int

    def present(self, now: datetime) -> str:
        """Return the nonce that is given out at `now`."""
        return self._nonce(epoch_seconds(now) // self.seconds)

    def counts(self, nonce: object, now: datetime) -> bool:
        """Tell whether a proof's nonce is the present one or the one before."""
        step = epoch_seconds(now) // self.seconds
        told = nonce.encode() if isinstance(nonce, str) else b""
        # both are compared, whichever it is: how long it takes tells nothing
        known = [hmac.compare_digest(told, self._nonce(each).encode()) for each in (step, step - 1)]
        return any(known)

    def _nonce(self, step: int) -> str:
        return base64url.encode(hmac.digest(self.secret, b"dpop nonce %d" % step, "sha256")[:NONCE_BYTES])


class DpopKey:
    """A client's proof key, the proofs made with it, and the nonces that servers asked it to put in."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        self._nonces: dict[str, str] = {}
        public = to_jwk(key.public_key())
        self._key = key
        self._head = part({"typ": PROOF_TYPE, "alg": "ES256", "jwk": public})
        self.thumbprint = thumbprint(public)

    def __repr__(self) -> str:
        return "DpopKey(...)"

    def learn(self, url: str, nonce: str) -> None:
        """Put this nonce into further proofs for the server of `url`."""
        self._nonces[_origin(url)] = nonce

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
        if (nonce := self._nonces.get(_origin(url))) is not None:
            claims["nonce"] = nonce
        if content:
            claims[CONTENT_CLAIM] = content_hash(content)
        return sign(self._head, claims, self._key)


def verify_proof(
    proof: str, *, method: str, url: str, now: datetime, token: str | None, nonces: DpopNonces
) -> tuple[str, str]:
    """Return (key thumbprint, jti) of a proof that is for exactly this request.

    The caller refuses a jti seen before. Raises: DpopError; NonceNeededError when all but the nonce is right.
    Source: RFC 9449, section 4.3.
    """
    try:
        unverified = UnverifiedCompact.parse(proof)
        header = unverified.header
        if header.keys() != _HEADER or header["typ"] != PROOF_TYPE or header["alg"] != "ES256":
            raise DpopError("the proof's header is not a DPoP header with ES256")
        sender = es256_key(header["jwk"])
        unverified.verify(sender.key)
        claims = loads(unverified.payload)
    except (CompactError, StrictJsonError) as error:
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
    if not nonces.counts(claims.get("nonce"), now):
        raise NonceNeededError("the proof must carry the nonce of the header DPoP-Nonce")
    return sender.thumbprint, jti


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


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
