"""Transient pseudonym tokens: how a body learns whom a participant means, and the participant does not.

The ID centre signs (organisation, pseudonym, expiry) and seals that to the one body that may read it (HPKE,
RFC 9180). All tokens have one length, and two tokens of one person share no bytes.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from pydantic import JsonValue, ValidationError

from consent import base64url
from consent.errors import MalformedError
from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from consent.vocabulary import Body
from services.kit.canonical import canonical
from services.kit.clock import Randomness, epoch_seconds
from services.kit.encoding import Message
from services.kit.strict_json import loads

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
SIGNATURE_BYTES = 64
PADDED_BYTES = 512
OPERATOR_BYTES = 16
DOMAIN = b"sekisho/pseudonym-token/1\n"


class PseudonymTokenError(Exception):
    """The token is not readable here, not by the ID centre, for another caller, or expired."""


class _Claims(Message):
    body: str
    organisation: str
    pseudonym: str
    expires: int
    jti: str
    handle: str | None = None
    asker: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class VerifiedPseudonym:
    """A person as the ID centre names them to this body, for one request of one organisation; `jti` is single use.

    `handle` is what this body can name to the ID centre again: to the medical centre the link that the organisation
    knows the person by, to the registry the person; unlike the pseudonym it does not change with the sector key.
    `asker` says what the operator who asked for the token is to the person, where the ID centre knows and tells it;
    `by` is which operator that was.
    """

    pseudonym: Pseudonym
    jti: str
    expires: int
    handle: str | None = None
    asker: str | None = None
    by: str | None = None

    def asked_by(self, operator: OperatorId) -> bool:
        """Tell whether this operator of the organisation asked for the token."""
        return self.by is not None and hmac.compare_digest(self.by, _short(operator))


@dataclass(frozen=True, slots=True)
class PseudonymTokenIssuer:
    """The ID centre's side."""

    key: Ed25519PrivateKey
    lifetime_seconds: int
    randomness: Randomness

    def issue(
        self,
        *,
        body: Body,
        body_key: X25519PublicKey,
        organisation: OrganisationId,
        pseudonym: Pseudonym,
        now: datetime,
        handle: str | None = None,
        asker: str | None = None,
        by: OperatorId | None = None,
    ) -> str:
        """Return a token that only `body` can open and only `organisation` can use; `by` asked for it."""
        claims: dict[str, JsonValue] = {
            "body": body.value,
            "organisation": organisation,
            "pseudonym": pseudonym,
            "expires": epoch_seconds(now) + self.lifetime_seconds,
            "jti": base64url.encode(self.randomness(16)),
            "handle": handle,
            "asker": asker,
            "by": None if by is None else _short(by),
        }
        payload = canonical(claims)
        if len(payload) > PADDED_BYTES:
            raise PseudonymTokenError("the organisation's name is too long for a token")
        signature = self.key.sign(DOMAIN + payload)
        return base64url.encode(
            seal_to(body_key, signature + payload.ljust(PADDED_BYTES), info="pseudonym-token")
        )


def open_pseudonym_token(
    token: str,
    *,
    key: X25519PrivateKey,
    issuer: Ed25519PublicKey,
    body: Body,
    organisation: OrganisationId,
    now: datetime,
) -> VerifiedPseudonym:
    """Return whom the token names. The caller refuses a jti seen before. Raises: PseudonymTokenError."""
    try:
        opened = open_sealed(key, base64url.decode(token), info="pseudonym-token")
        payload = opened[SIGNATURE_BYTES:].rstrip(b" ")
        issuer.verify(opened[:SIGNATURE_BYTES], DOMAIN + payload)
        claims = _Claims.model_validate(loads(payload))
    except (InvalidTag, InvalidSignature, ValidationError, MalformedError, ValueError) as error:
        raise PseudonymTokenError(
            "the pseudonym token does not verify; ask the ID centre for a new one"
        ) from error
    if claims.body != body.value or claims.organisation != organisation:
        raise PseudonymTokenError("the pseudonym token is for another body or organisation")
    if claims.expires <= epoch_seconds(now):
        raise PseudonymTokenError("the pseudonym token has expired; ask the ID centre for a new one")
    return VerifiedPseudonym(
        Pseudonym(claims.pseudonym), claims.jti, claims.expires, claims.handle, claims.asker, claims.by
    )


def _short(operator: OperatorId) -> str:
    """Name an operator in as much room as every name has."""
    return base64url.encode(sha256(operator.encode()).digest()[:OPERATOR_BYTES])


def seal_to(key: X25519PublicKey, plain: bytes, *, info: str) -> bytes:
    """Return `plain` sealed to a body's sealing key for one use, named by `info`."""
    return _SUITE.encrypt(plain, key, info=b"sekisho/" + info.encode())


def open_sealed(key: X25519PrivateKey, sealed: bytes, *, info: str) -> bytes:
    """Return what was sealed to us. Raises: cryptography's InvalidTag or ValueError."""
    return _SUITE.decrypt(sealed, key, info=b"sekisho/" + info.encode())
