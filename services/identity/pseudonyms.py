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
    handles: bytes = field(repr=False)

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

    def person_handle(self, body: Body, linkage: LinkageCode) -> str:
        """Return what a body can mean the person by towards the ID centre, whatever its sector key.

        Shape: 43 characters, base64url of 32 bytes.
        """
        return _prf(self._handles_of(body, b"person"), linkage)

    def link_handle(self, body: Body, organisation: OrganisationId, reference: str) -> str:
        """Return how a body knows one organisation's link to a person. Shape: 43 characters, as above."""
        told = f"{organisation}\n{reference}".encode()
        return base64url.encode(hmac.digest(self._handles_of(body, b"link"), told, "sha256"))

    def _handles_of(self, body: Body, kind: bytes) -> bytes:
        return hmac.digest(self.handles, kind + b" " + body.value.encode(), "sha256")


def open_namer(keys: KeyFolder) -> Namer:
    """Return the namer with the keys of a folder, each a file of its own."""

    @cache
    def sector(body: Body, version: int) -> bytes:
        return keys.secret(f"sector-{body.value}" + (f"-{version}" if version > FIRST_VERSION else ""))

    for body in Body:
        sector(body, FIRST_VERSION)
    return Namer(
        sector, keys.secret("references"), operators=keys.secret("operators"), handles=keys.secret("handles")
    )


def _prf(key: bytes, linkage: LinkageCode) -> str:
    return base64url.encode(hmac.digest(key, linkage.secret, "sha256"))
