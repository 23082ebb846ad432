"""Messages about the life of a card after it was issued: PINs, unlocking, renewal, suspension by telephone."""

from hashlib import sha256
from typing import Annotated, Final, Literal

from pydantic import Field

from consent import base64url, canonical
from consent.canonical import JsonObject
from services.contracts.identity.messages import (
    Application,
    ApplicationName,
    CardId,
    CardState,
    NewApplication,
    Reference,
)
from services.kit.encoding import Base64Url, Message

PRESENCE_TYPE: Final = "sekisho-card-presence+jws"
"""What the other application of a card signs at the counter: the holder is here and wants this."""

PaperCode = Annotated[str, Field(min_length=1, max_length=100)]


class ChangePin(Message):
    """POST /cards/pin-changes: one try of the present PIN, and what is to be stored for the next one."""

    card: CardId
    application: ApplicationName
    pin_proof: Base64Url
    pin_verifier: Base64Url


class PinChange(Message):
    """The next share; it is in force from the first try with the next PIN on, until then both PINs open."""

    share: Base64Url


class UnlockApplication(Message):
    """POST /cards/unlockings: give a locked application its tries back; the PIN stays."""

    reference: Reference
    card: CardId
    application: ApplicationName
    presence: str


class UnlockedApplication(Message):
    """How many tries there are again."""

    application: ApplicationName
    tries: int


class RenewApplication(Message):
    """POST /cards/renewals: another key, certificate and PIN for an application whose PIN is forgotten."""

    reference: Reference
    card: CardId
    application: ApplicationName
    new: NewApplication
    presence: str


class ApplicationStanding(Message):
    """Where one application stands: tries left, and the serial number of its certificate."""

    tries_left: int
    kid: str


class CardStanding(Message):
    """GET /cards/own, POST /cards/standings: the card that the person has now. Units: `expires` epoch seconds."""

    card: CardId
    state: Annotated[CardState, Field(strict=False)]
    expires: int
    applications: dict[ApplicationName, ApplicationStanding]


class LookUpCard(Message):
    """POST /cards/standings: which card somebody known here has now, whose card file is lost."""

    reference: Reference


class MakeSuspensionCode(Message):
    """POST /cards/suspension-codes: another telephone code; the one before counts no more."""


class SuspensionCode(Message):
    """The code for the telephone, told this once."""

    suspension_code: str


class AskAttributeToken(Message):
    """POST /cards/attribute-tokens: a word for the registry about the person's signature certificate."""


class AttributeToken(Message):
    """The serial number of the certificate, and the ID centre's word for the registry, good once."""

    certificate: str
    token: str


class SuspendByCode(Message):
    """POST /cards/suspensions: what somebody said on the telephone."""

    code: PaperCode


class SuspensionReceived(Message):
    """The same answer for every code, so that nobody learns which codes exist."""

    state: Literal["received"]


def presence_content(application: Application, new: NewApplication | None) -> str:
    """Return what the presence of a card's holder is about: unlocking an application, or renewing it as `new` says."""
    told: JsonObject = {"action": "unlock", "application": application.value}
    if new is not None:
        told = {
            "action": "renew",
            "application": application.value,
            "public_key": dict(new.public_key),
            "pin_verifier": new.pin_verifier,
        }
    return base64url.encode(sha256(canonical.encode(told)).digest())
