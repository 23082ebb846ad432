"""Publication of compartment keys: under which keys a writer may seal records of a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from consent import jws
from consent.base64url import encode
from consent.canonical import JsonObject
from consent.compartments import Compartment
from consent.errors import MalformedError, SignatureError
from consent.identifiers import SubjectKeyId
from consent.instants import write
from consent.jwk import PublicJwk, thumbprint
from consent.wire import Identifier, Instant, Octets, WireModel, parse

COMPARTMENT_KEYS: Final = "sekisho-compartment-keys+jws"

_COMPRESSED: Final = 33
_KEPT: Final = 512


@dataclass(frozen=True, slots=True)
class VerifiedPublication:
    """Compartment keys that the person's wallet has signed; made by `verify_publication` only.

    Shape: each key 33 bytes, compressed. A later `issued_at` of the same subject replaces this one.
    """

    subject: SubjectKeyId
    keys: Mapping[Compartment, bytes]
    issued_at: datetime


class _PublicationWire(WireModel):
    subject: Identifier
    keys: dict[str, Octets]
    issued_at: Instant


def publication_payload(
    subject: SubjectKeyId, keys: Mapping[Compartment, bytes], issued_at: datetime
) -> JsonObject:
    """Write compartment keys for signing."""
    return {
        "subject": subject,
        "keys": {compartment.label: encode(key) for compartment, key in keys.items()},
        "issued_at": write(issued_at),
    }


def verify_publication(
    token: str, wallet_public_jwk: PublicJwk, expected_subject: SubjectKeyId
) -> VerifiedPublication:
    """Check that the wallet which `expected_subject` names has published these keys for itself.

    A text that was verified is remembered by all of its bytes.
    Raises: SignatureError, or MalformedError if a signed payload has the wrong shape.
    """
    return _verified(token, tuple(sorted(wallet_public_jwk.items())), expected_subject)


@lru_cache(maxsize=_KEPT)
def _verified(
    token: str, wallet: tuple[tuple[str, str], ...], expected_subject: SubjectKeyId
) -> VerifiedPublication:
    wallet_public_jwk = dict(wallet)
    verified = jws.verify_with_jwk(token, typ=COMPARTMENT_KEYS, jwk=wallet_public_jwk)
    wire = parse(_PublicationWire, verified.payload)
    if not wire.subject == expected_subject == thumbprint(wallet_public_jwk):
        raise SignatureError
    if any(len(key) != _COMPRESSED for key in wire.keys.values()):
        raise MalformedError("A compartment key has 33 bytes.")
    keys = {Compartment.parse(label): key for label, key in wire.keys.items()}
    return VerifiedPublication(expected_subject, MappingProxyType(keys), wire.issued_at)
