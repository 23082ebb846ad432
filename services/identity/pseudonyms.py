"""Keyed names of people: one for each body, one for each organisation, none computable without the key."""

import hmac
from dataclasses import dataclass

from consent import base64url
from consent.identifiers import OrganisationId, Pseudonym
from consent.vocabulary import Body
from services.kit.keys import KeyFolder

LINKAGE_BYTES = 32


@dataclass(frozen=True, slots=True)
class LinkageCode:
    """The secret from which all names of one person come. Shape: 32 random bytes; leaves the ID centre never."""

    secret: bytes

    def __repr__(self) -> str:
        return "LinkageCode(...)"


@dataclass(frozen=True, slots=True)
class Namer:
    """HMAC-SHA-256 over the linkage code, with a key for each body and for each organisation."""

    keys: KeyFolder

    def pseudonym(self, body: Body, linkage: LinkageCode) -> Pseudonym:
        """Return how `body` knows the person. Shape: 43 characters, base64url of 32 bytes."""
        return Pseudonym(_prf(self.keys.secret(f"sector-{body.value}"), linkage))

    def reference(self, organisation: OrganisationId, linkage: LinkageCode) -> str:
        """Return how an organisation knows the person. Shape: 43 characters, base64url of 32 bytes."""
        key = hmac.digest(self.keys.secret("references"), organisation.encode(), "sha256")
        return _prf(key, linkage)


def _prf(key: bytes, linkage: LinkageCode) -> str:
    return base64url.encode(hmac.digest(key, linkage.secret, "sha256"))
