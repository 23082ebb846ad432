"""Opening an account without paper: the one text that a person agrees to, and what each body gets of it (O2 to O4).

The bank reads the whole text. The ID centre and the registry get a digest of it each, different from one another, so
that neither learns what the other was told and their rows have nothing in common. The text is signed with a key that
the wallet has for this one bank, as a card's key would name the person alike at every bank; the card's signature over
the ID centre's digest travels sealed to the ID centre.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from consent import base64url, canonical, jws
from consent.canonical import JsonObject
from consent.errors import MalformedError
from consent.identifiers import OrganisationId, Pseudonym
from consent.instants import whole_second, write
from consent.jwk import PublicJwk, thumbprint
from consent.terms import unique
from consent.vocabulary import BasicItem, Body
from consent.wire import ContractName, Identifier, Instant, WireModel, parse

AGREEMENT: Final = "sekisho-account-agreement+jws"
CARD_CONSENT: Final = "sekisho-account-consent+jws"
DISCLOSURE: Final = "sekisho-disclosure+jws"

CONSENT_SEAL: Final = "account-consent"
DISCLOSURE_SEAL: Final = "disclosure"
"""What sealing names these texts, so that one cannot be handed in as the other."""

_SHORTEST_RANDOM: Final = 16


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the person agrees to, exactly: with whom, about what, which items, in answer to which challenge, how long.

    Units: `agreed_at` and `until` rounded down to whole seconds, UTC. Shape: `challenge` and `salt` base64url of 16
    bytes or more, `key` the thumbprint of the wallet's key for this bank. No item is a contract without disclosure.
    Raises: MalformedError for shorter randomness or an empty period.
    """

    organisation: OrganisationId
    contract: str
    items: frozenset[BasicItem]
    challenge: str
    salt: str
    key: str
    agreed_at: datetime
    until: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "agreed_at", whole_second(self.agreed_at))
        object.__setattr__(self, "until", whole_second(self.until))
        if any(len(base64url.decode(each)) < _SHORTEST_RANDOM for each in (self.challenge, self.salt)):
            raise MalformedError("Challenge and salt of an agreement have at least 16 random bytes each.")
        if self.agreed_at >= self.until:
            raise MalformedError("The end of an agreement must be after its beginning.")

    def named_to(self, body: Body) -> str:
        """How one body, and no other, knows the text. Shape: 43 characters, base64url of SHA-256."""
        return _digest("agreement", body, canonical.encode(agreement_payload(self)))

    def challenge_to(self, body: Body) -> str:
        """How one body, and no other, knows the challenge. Shape: 43 characters, base64url of SHA-256."""
        return _digest("challenge", body, self.challenge.encode())


@dataclass(frozen=True, slots=True)
class CardConsent:
    """What the card's signature application signed: nothing but digests, the bank and the period."""

    organisation: OrganisationId
    challenge: str
    agreement: str
    agreed_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The person's word to the registry, good once: these items, to this bank, for this agreement, until then."""

    person: Pseudonym
    organisation: OrganisationId
    contract: str
    items: frozenset[BasicItem]
    agreement: str
    until: datetime


class _AgreementWire(WireModel):
    organisation: Identifier
    contract: ContractName
    items: list[BasicItem]
    challenge: Identifier
    salt: Identifier
    key: Identifier
    agreed_at: Instant
    until: Instant


class _CardConsentWire(WireModel):
    organisation: Identifier
    challenge: Identifier
    agreement: Identifier
    agreed_at: Instant
    until: Instant


class _DisclosureWire(WireModel):
    person: Identifier
    organisation: Identifier
    contract: ContractName
    items: list[BasicItem]
    agreement: Identifier
    until: Instant


def agreement_payload(agreement: Agreement) -> JsonObject:
    """Write an agreement for signing."""
    return {
        "organisation": agreement.organisation,
        "contract": agreement.contract,
        "items": sorted(agreement.items),
        "challenge": agreement.challenge,
        "salt": agreement.salt,
        "key": agreement.key,
        "agreed_at": write(agreement.agreed_at),
        "until": write(agreement.until),
    }


def card_consent_payload(agreement: Agreement) -> JsonObject:
    """Write what the card signs of an agreement, for the ID centre."""
    return {
        "organisation": agreement.organisation,
        "challenge": agreement.challenge_to(Body.IDENTITY),
        "agreement": agreement.named_to(Body.IDENTITY),
        "agreed_at": write(agreement.agreed_at),
        "until": write(agreement.until),
    }


def disclosure_payload(agreement: Agreement, person: Pseudonym) -> JsonObject:
    """Write what the wallet signs of an agreement, for the registry, which knows the person as `person`."""
    return {
        "person": person,
        "organisation": agreement.organisation,
        "contract": agreement.contract,
        "items": sorted(agreement.items),
        "agreement": agreement.named_to(Body.REGISTRY),
        "until": write(agreement.until),
    }


def verify_agreement(token: str, key: PublicJwk) -> Agreement:
    """Return the agreement that `key` signed and that names `key`. Raises: SignatureError, MalformedError."""
    wire = parse(_AgreementWire, jws.verify_with_jwk(token, typ=AGREEMENT, jwk=key).payload)
    if wire.key != thumbprint(key):
        raise MalformedError("The agreement names another key than the one that signed it.")
    unique(wire.items)
    return Agreement(
        organisation=OrganisationId(wire.organisation),
        contract=wire.contract,
        items=frozenset(wire.items),
        challenge=wire.challenge,
        salt=wire.salt,
        key=wire.key,
        agreed_at=wire.agreed_at,
        until=wire.until,
    )


def verify_card_consent(token: str, key: EllipticCurvePublicKey) -> CardConsent:
    """Return what a card signed; the caller has the key from the card's row. Raises: as `verify_agreement`."""
    wire = parse(_CardConsentWire, jws.verify(token, typ=CARD_CONSENT, key=key).payload)
    return CardConsent(
        OrganisationId(wire.organisation), wire.challenge, wire.agreement, wire.agreed_at, wire.until
    )


def verify_disclosure(token: str, key: PublicJwk) -> Disclosure:
    """Return what the wallet signed for the registry. Raises: as `verify_agreement`."""
    wire = parse(_DisclosureWire, jws.verify_with_jwk(token, typ=DISCLOSURE, jwk=key).payload)
    unique(wire.items)
    if not wire.items:
        raise MalformedError("Name at least one basic item.")
    return Disclosure(
        person=Pseudonym(wire.person),
        organisation=OrganisationId(wire.organisation),
        contract=wire.contract,
        items=frozenset(wire.items),
        agreement=wire.agreement,
        until=wire.until,
    )


def item_digest(item: BasicItem, value: str, salt: str) -> str:
    """Stand for an item's value without telling it. Shape: 43 characters, base64url of SHA-256; `salt` is random."""
    told: Mapping[str, str] = {"item": item, "salt": salt, "value": value}
    return base64url.encode(sha256(canonical.encode(dict(told))).digest())


def _digest(what: str, body: Body, content: bytes) -> str:
    return base64url.encode(sha256(f"sekisho-account/1 {what} {body}\n".encode() + content).digest())
