"""What a bank keeps of an account that was opened, and how anybody verifies it offline.

V1 the agreement is signed by the key that it names (the person's key for this bank);
V2 the ID centre vouches that a good card's signature application signed this text, for this bank, in time;
V3 the registry vouches for exactly the items agreed to, for this text and this bank, in time;
V4 each value shown is the one that the registry's digest stands for; values may be left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field

from consent import jws
from consent.accounts import Agreement, item_digest, verify_agreement
from consent.canonical import JsonObject
from consent.errors import ConsentError, MalformedError, SignatureError
from consent.identifiers import OrganisationId
from consent.instants import write
from consent.jwk import PublicJwk
from consent.vocabulary import BasicItem, Body
from consent.wire import Identifier, Instant, WireModel, parse

STANDING: Final = "sekisho-card-standing+jws"
CONFIRMATION: Final = "sekisho-account-confirmation+jws"
SKEW: Final = timedelta(seconds=5)
"""How far the clocks of person and bodies may be apart."""


class AccountProofError(ConsentError):
    """The proof of an opened account is false; the message says which part."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The ID centre's word: at this moment the card that signed this agreement for this bank was good."""

    organisation: OrganisationId
    account: str
    agreement: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The registry's word: these digests stand for the items' values at this moment."""

    organisation: OrganisationId
    agreement: str
    items: Mapping[BasicItem, str]
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownItem:
    """A value with the salt of its digest."""

    value: str = field(repr=False)
    salt: str


@dataclass(frozen=True, slots=True)
class AccountProof:
    """Everything that was signed, and the values that are shown."""

    agreement: str
    key: PublicJwk
    standing: str
    confirmation: str | None
    shown: Mapping[BasicItem, ShownItem] = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """What a verified proof says. `account` is how this bank, and no other, names the person."""

    agreement: Agreement
    account: str
    checked_at: datetime
    items: Mapping[BasicItem, str] = field(repr=False)


class _StandingWire(WireModel):
    organisation: Identifier
    account: Identifier
    agreement: Identifier
    status: str = Field(pattern="^good$")
    at: Instant


class _ConfirmationWire(WireModel):
    organisation: Identifier
    agreement: Identifier
    items: dict[BasicItem, Identifier]
    at: Instant


def standing_payload(standing: Standing) -> JsonObject:
    """Write a standing for signing; a card that is not good gets none."""
    return {
        "organisation": standing.organisation,
        "account": standing.account,
        "agreement": standing.agreement,
        "status": "good",
        "at": write(standing.at),
    }


def confirmation_payload(confirmation: Confirmation) -> JsonObject:
    """Write a confirmation for signing."""
    return {
        "organisation": confirmation.organisation,
        "agreement": confirmation.agreement,
        "items": {str(item): digest for item, digest in confirmation.items.items()},
        "at": write(confirmation.at),
    }


def verify_standing(token: str, agreement: Agreement, identity: Ed25519PublicKey) -> Standing:
    """V2. Raises: AccountProofError."""
    try:
        wire = parse(_StandingWire, jws.verify(token, typ=STANDING, key=identity).payload)
    except (SignatureError, MalformedError) as error:
        raise AccountProofError("The ID centre did not sign this statement about the card.") from error
    _require_about(agreement, Body.IDENTITY, organisation=wire.organisation, named=wire.agreement, at=wire.at)
    return Standing(OrganisationId(wire.organisation), wire.account, wire.agreement, wire.at)


def verify_confirmation(token: str, agreement: Agreement, registry: Ed25519PublicKey) -> Confirmation:
    """V3. Raises: AccountProofError."""
    try:
        wire = parse(_ConfirmationWire, jws.verify(token, typ=CONFIRMATION, key=registry).payload)
    except (SignatureError, MalformedError) as error:
        raise AccountProofError("The registry did not sign this confirmation of the items.") from error
    _require_about(agreement, Body.REGISTRY, organisation=wire.organisation, named=wire.agreement, at=wire.at)
    if wire.items.keys() != agreement.items:
        raise AccountProofError("The registry confirmed other items than those agreed to.")
    return Confirmation(OrganisationId(wire.organisation), wire.agreement, wire.items, wire.at)


def verify_account(
    proof: AccountProof, *, identity: Ed25519PublicKey, registry: Ed25519PublicKey
) -> OpenedAccount:
    """V1 to V4, with nothing but the two bodies' keys. Raises: AccountProofError saying which part is false."""
    try:
        agreement = verify_agreement(proof.agreement, proof.key)  # V1
    except (SignatureError, MalformedError) as error:
        raise AccountProofError("The agreement is not signed by the key that it names.") from error
    standing = verify_standing(proof.standing, agreement, identity)  # V2
    digests: Mapping[BasicItem, str] = {}
    if proof.confirmation is not None:
        digests = verify_confirmation(proof.confirmation, agreement, registry).items  # V3
    elif agreement.items:
        raise AccountProofError("The registry's confirmation of the items agreed to is missing.")
    for item, shown in proof.shown.items():  # V4
        if digests.get(item) != item_digest(item, shown.value, shown.salt):
            raise AccountProofError(f"The value shown for {item} is not the one that the registry confirmed.")
    values = {item: shown.value for item, shown in proof.shown.items()}
    return OpenedAccount(agreement, standing.account, standing.at, values)


def _require_about(agreement: Agreement, body: Body, *, organisation: str, named: str, at: datetime) -> None:
    if (organisation, named) != (agreement.organisation, agreement.named_to(body)):
        raise AccountProofError(f"What {body} signed is about another agreement.")
    if not agreement.agreed_at - SKEW <= at <= agreement.until + SKEW:
        raise AccountProofError(f"What {body} signed is from another time than the agreement.")
