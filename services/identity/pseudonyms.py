"""Keyed names of people: one for each body, one for each organisation, none computable without the key."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from consent import base64url
from consent.identifiers import OrganisationId, Pseudonym
from consent.vocabulary import Body
from services.kit.keys import KeyFolder
from services.kit.people import FIRST_VERSION, versioned

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

    sector: Callable[[Body, int], bytes] = field(repr=False)
    organisations: bytes = field(repr=False)
    operators: bytes = field(repr=False)

    def pseudonym(self, body: Body, linkage: LinkageCode, version: int = FIRST_VERSION) -> Pseudonym:
        """Return what the person is called towards `body` under a sector key.

        Shape: 43 characters, base64url of 32 bytes; under a later key than the first its number and a dot come first.
        """
        return versioned(version, _prf(self.sector(body, version), linkage))

    def reference(self, organisation: OrganisationId, linkage: LinkageCode) -> str:
        """Return how an organisation knows the person. Shape: 43 characters, base64url of 32 bytes."""
        return _prf(hmac.digest(self.organisations, organisation.encode(), "sha256"), linkage)

    def operator_tag(self, linkage: LinkageCode) -> str:
        """Return what tells one operator's human from another's. Shape: 43 characters, base64url of 32 bytes."""
        return _prf(self.operators, linkage)


def open_namer(keys: KeyFolder) -> Namer:
    """Return the namer with the keys of a folder, each a file of its own."""

    @cache
    def sector(body: Body, version: int) -> bytes:
        return keys.secret(f"sector-{body.value}" + (f"-{version}" if version > FIRST_VERSION else ""))

    for body in Body:
        sector(body, FIRST_VERSION)
    return Namer(sector, keys.secret("references"), keys.secret("operators"))


def _prf(key: bytes, linkage: LinkageCode) -> str:
    return base64url.encode(hmac.digest(key, linkage.secret, "sha256"))
