"""Keyed names of people: one for each body, one for each organisation, none computable without the key."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from consent import base64url
from consent.identifiers import OrganisationId, Pseudonym
from consent.vocabulary import Body
from services.kit.keys import KeyFolder

LINKAGE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class LinkageCode:
    """The secret from which all names of one person come. Shape: 32 random bytes; leaves the ID centre never."""

    secret: bytes

    def __repr__(self) -> str:
        return "LinkageCode(...)"


@dataclass(frozen=True, slots=True)
class Namer:
    """HMAC-SHA-256 over the linkage code, with a key for each body and for each organisation."""

    sectors: Mapping[Body, bytes] = field(repr=False)
    organisations: bytes = field(repr=False)

    def pseudonym(self, body: Body, linkage: LinkageCode) -> Pseudonym:
        """Return how `body` knows the person. Shape: 43 characters, base64url of 32 bytes."""
        return Pseudonym(_prf(self.sectors[body], linkage))

    def reference(self, organisation: OrganisationId, linkage: LinkageCode) -> str:
        """Return how an organisation knows the person. Shape: 43 characters, base64url of 32 bytes."""
        return _prf(hmac.digest(self.organisations, organisation.encode(), "sha256"), linkage)


def open_namer(keys: KeyFolder) -> Namer:
    """Return the namer with the keys of a folder, each a file of its own."""
    sectors = {body: keys.secret(f"sector-{body.value}") for body in Body}
    return Namer(sectors, keys.secret("references"))


def _prf(key: bytes, linkage: LinkageCode) -> str:
    return base64url.encode(hmac.digest(key, linkage.secret, "sha256"))
