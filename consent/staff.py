"""How a person sees who acted for an organisation: by a pseudonym made for this person, with an opening that is kept.

The organisation names its operator to each person by a keyed function of its own, so that one person meets the same
operator again and two persons have nothing to compare. Whoever logs an access computes a commitment to the operator
whose card signed it; what opens the commitment is sealed to the oversight body, together with the name.
"""

import hmac
from base64 import b32encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from pydantic import Field

from consent import base64url, canonical
from consent.canonical import JsonObject
from consent.errors import MalformedError, SealError
from consent.wire import Octets, WireModel, parse

PSEUDONYM_PATTERN: Final = r"^[a-z2-7]{16}$"
SALT_BYTES: Final = 16
LONGEST_NAME: Final = 60
_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_PADDED: Final = 512
_DOMAIN: Final = b"sekisho-staff/1 "
SEALED_BYTES: Final = _PADDED + 48


def readable(digest: bytes) -> str:
    """Write a keyed digest as a pseudonym. Shape: 16 letters and digits, 80 bits."""
    return b32encode(digest[:10]).decode("ascii").lower()


@dataclass(frozen=True, slots=True)
class StaffOpening:
    """Who acted, under which pseudonym; `salt` keeps the commitment from being guessed."""

    organisation: str
    operator: str
    terminal: str
    pseudonym: str
    salt: bytes = field(repr=False)

    def commitment(self) -> bytes:
        """Return what a log says of it. Shape: 32 bytes."""
        told: JsonObject = {
            "organisation": self.organisation,
            "operator": self.operator,
            "terminal": self.terminal,
            "pseudonym": self.pseudonym,
            "salt": base64url.encode(self.salt),
        }
        return sha256(_DOMAIN + canonical.encode(told)).digest()


class StaffWire(WireModel):
    """A mask as a member of a signed text."""

    pseudonym: str = Field(pattern=PSEUDONYM_PATTERN)
    salt: Octets
    sealed: Octets

    def to_mask(self) -> "StaffMask":
        """Return the mask. Raises: MalformedError."""
        return StaffMask(self.pseudonym, self.salt, self.sealed)


@dataclass(frozen=True, slots=True)
class StaffMask:
    """What an organisation says of its operator where the person reads it.

    `salt` is for the bodies that log it, `sealed` for the oversight body when two of it unmask. Raises: MalformedError.
    """

    pseudonym: str
    salt: bytes = field(repr=False)
    sealed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.salt) != SALT_BYTES or len(self.sealed) != SEALED_BYTES:
            raise MalformedError("A mask has a salt of 16 bytes and an opening sealed to the oversight body.")

    @classmethod
    def read(cls, payload: JsonObject) -> Self:
        """Read what `payload` wrote. Raises: MalformedError."""
        wire = parse(StaffWire, canonical.encode(payload))
        return cls(wire.pseudonym, wire.salt, wire.sealed)

    def payload(self) -> JsonObject:
        """Write it as a member of a signed text."""
        return {
            "pseudonym": self.pseudonym,
            "salt": base64url.encode(self.salt),
            "sealed": base64url.encode(self.sealed),
        }


@dataclass(frozen=True, slots=True)
class StaffMember:
    """An operator at a terminal, with the name that the organisation knows them by."""

    organisation: str
    operator: str
    terminal: str
    name: str

    def __post_init__(self) -> None:
        if not 0 < len(self.name) <= LONGEST_NAME:
            raise MalformedError(f"A staff member's name has 1 to {LONGEST_NAME} characters.")


def mask(member: StaffMember, *, person: str, key: bytes, oversight: X25519PublicKey) -> StaffMask:
    """Mask an operator for one person, whom the organisation calls `person`; `key` is the organisation's secret.

    Guarantees: the same pseudonym for the same operator and person while the key is the same, and nothing in common for
    another person; without the key nobody computes it from a name. Raises: MalformedError.
    """
    pseudonym = readable(_keyed(key, "pseudonym", member.organisation, member.operator, person))
    salt = _keyed(key, "salt", member.organisation, member.operator, member.terminal, person)[:SALT_BYTES]
    opening = StaffOpening(member.organisation, member.operator, member.terminal, pseudonym, salt)
    return StaffMask(pseudonym, salt, seal_opening(opening, member.name, oversight=oversight))


def seal_opening(opening: StaffOpening, name: str, *, oversight: X25519PublicKey) -> bytes:
    """Seal who acted to the oversight body. Shape: `SEALED_BYTES`, whoever it was. Raises: MalformedError."""
    told: JsonObject = {
        "operator": opening.operator,
        "terminal": opening.terminal,
        "name": name,
        "salt": base64url.encode(opening.salt),
    }
    return _SUITE.encrypt(
        _pad(canonical.encode(told)), oversight, _info(opening.organisation, opening.pseudonym)
    )


class _SealedWire(WireModel):
    operator: str
    terminal: str
    name: str
    salt: Octets


@dataclass(frozen=True, slots=True)
class OpenedStaff:
    """What an organisation sealed about its operator: it counts only if it is what the log commits to (`fits`)."""

    opening: StaffOpening
    name: str

    def fits(self, commitment: bytes) -> bool:
        """Whether the log committed to this operator."""
        return hmac.compare_digest(self.opening.commitment(), commitment)


def open_mask(private: X25519PrivateKey, sealed: bytes, *, organisation: str, pseudonym: str) -> OpenedStaff:
    """Open what `seal_opening` sealed to the oversight body. Raises: SealError if it was not, or says nothing."""
    try:
        padded = _SUITE.decrypt(sealed, private, _info(organisation, pseudonym))
        size = int.from_bytes(padded[:2], "big")
        wire = parse(_SealedWire, padded[2 : 2 + size])
    except (InvalidTag, ValueError, MalformedError):
        raise SealError from None
    opening = StaffOpening(organisation, wire.operator, wire.terminal, pseudonym, wire.salt)
    return OpenedStaff(opening, wire.name)


def _keyed(key: bytes, *parts: str) -> bytes:
    return hmac.digest(key, _DOMAIN + "\n".join(parts).encode(), "sha256")


def _info(organisation: str, pseudonym: str) -> bytes:
    return _DOMAIN + f"{organisation} {pseudonym}".encode()


def _pad(told: bytes) -> bytes:
    if len(told) > _PADDED - 2:
        raise MalformedError("An operator's name and identifiers are too long.")
    return (len(told).to_bytes(2, "big") + told).ljust(_PADDED, b"\0")
