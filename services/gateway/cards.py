"""The software card file: two applications, each with a key pair of its own, each under a PIN of its own.

The file alone is not enough to try PINs on, and neither is the ID centre's database (see `consent.pin`). A real card
would keep the keys to itself; this file stands in for one.
"""

import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509 import load_pem_x509_certificate
from pydantic import Field, Strict, ValidationError

from consent import base64url, pin
from consent.errors import ConsentError, MalformedError, SealError
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.identity.messages import (
    Application,
    CardId,
    UnlockCard,
    UnlockedCard,
)
from services.gateway.card_backends import HeldKey, open_key
from services.gateway.card_tokens import usual_tokens
from services.gateway.errors import CardFileError, CardLockedError, RefusedError, WrongPinError
from services.gateway.exchange import answers
from services.kit.certificates import from_pem
from services.kit.encoding import Base64Url, Message
from services.kit.keys import write_private
from services.kit.log.evidence import TrustFile

FORMAT: Final = "sekisho-card/1"

ApplicationName = Annotated[Application, Strict(False)]


class PinOffice(Protocol):
    """What of the ID centre unlocking needs."""

    def unlock(self, message: UnlockCard) -> UnlockedCard:
        """Count a try, and hand out the share for the right PIN. Raises: RemoteProblemError."""


class CardTrust(Message):
    """What the holder trusts: where the bodies are, the accreditation CA, the register's key, the logs' keys."""

    urls: dict[str, str]
    authority: str
    register_key: Base64Url
    evidence: TrustFile

    def url(self, body: Body) -> str:
        """Return a body's address. Raises: CardFileError."""
        if body.value not in self.urls:
            raise CardFileError(f"the card file does not name the body {body.value}; have the card reissued")
        return self.urls[body.value]


class CardApplication(Message):
    """One application: its certificate (PEM), its secrets, wrapped, and the hint that its holder chose for the PIN."""

    certificate: str
    wrapped: Base64Url
    hint: str | None = None

    @property
    def kid(self) -> str:
        """How the application's signatures name its key."""
        return kid_of(self.certificate)


def kid_of(certificate: str) -> str:
    """Return how signatures name a certificate's key: its serial number, hexadecimal."""
    return f"{load_pem_x509_certificate(certificate.encode()).serial_number:x}"


class CardFile(Message):
    """The file as it lies on disk."""

    format: Literal["sekisho-card/1"]
    card: CardId
    file_secret: Base64Url = Field(repr=False)
    iterations: int = Field(ge=pin.FEWEST_ITERATIONS, le=10_000_000)
    applications: dict[ApplicationName, CardApplication]
    trust: CardTrust
    attributes: Base64Url | None = None
    """What the registry stated about the signature certificate, sealed so that only the wallet opens it."""


class CardSecrets(HeldKey):
    """What is wrapped: how to get at the private key, and with the signature application the wallet's seed."""

    seed: Base64Url | None = Field(default=None, repr=False)
    successor: Base64Url | None = Field(default=None, repr=False)
    """The seed that is to follow, from the moment it is drawn until it is the only one (Y1, Y9)."""


@dataclass(frozen=True, slots=True)
class Unlocked:
    """One application, unlocked; the other one stays closed."""

    application: Application
    card: str
    kid: str
    key: EllipticCurvePrivateKey = field(repr=False)
    held: HeldKey = field(repr=False)
    wallet: Wallet | None = field(repr=False)
    successor: Wallet | None = field(default=None, repr=False)


def save_card(card: CardFile, file: Path) -> None:
    """Write a card file, mode 0600. Raises: CardFileError when the file exists."""
    if file.exists():
        raise CardFileError(f"{file} exists already; choose another name")
    write_private(file, card.model_dump_json(indent=1).encode() + b"\n")


def replace_card(card: CardFile, file: Path) -> None:
    """Put a card file in place of the one that is there, at once and durably: a crash leaves one or the other."""
    handle, unfinished = tempfile.mkstemp(dir=file.parent, prefix=".unfinished-")
    with os.fdopen(handle, "wb") as opened:
        opened.write(card.model_dump_json(indent=1).encode() + b"\n")
        opened.flush()
        os.fsync(opened.fileno())
    Path(unfinished).replace(file)


def read_card(file: Path) -> CardFile:
    """Read a card file. Raises: CardFileError."""
    try:
        return CardFile.model_validate_json(file.read_bytes())
    except FileNotFoundError as error:
        raise CardFileError(f"{file} does not exist; name a card file") from error
    except (OSError, ValidationError) as error:
        raise CardFileError(f"{file} is not a readable card file of this version ({FORMAT})") from error


def unlock(card: CardFile, application: Application, digits: str, *, identity: PinOffice) -> Unlocked:
    """Open one application with its PIN and the ID centre's share.

    Raises: WrongPinError, CardLockedError, CardFileError when the file was changed, RefusedError otherwise.
    """
    held = card.applications.get(application)
    if held is None:
        raise CardFileError(f"the card file has no {application.value} application; have the card reissued")
    try:
        secret = base64url.decode(card.file_secret)
        key = pin.derive(digits, secret, application.value, card.iterations)
    except MalformedError as error:
        raise WrongPinError(None) if not digits else CardFileError("the card file was changed") from error
    share = fetch_share(card, application, key.proof(), identity)
    try:
        context = wrapping_context(card.card, application)
        opened = pin.unwrap(key.wrapping_key(share), base64url.decode(held.wrapped), context=context)
        return _unlocked(card, application, CardSecrets.model_validate_json(opened))
    except (SealError, MalformedError, ValidationError, ValueError, ConsentError) as error:
        raise CardFileError("the card file was changed; use a good copy or have the card reissued") from error


def fetch_share(card: CardFile, application: Application, proof: bytes, identity: PinOffice) -> bytes:
    """Get the ID centre's share for the right PIN; a try like any other.

    Raises: WrongPinError, CardLockedError, RefusedError otherwise.
    """
    message = UnlockCard(card=card.card, application=application, pin_proof=base64url.encode(proof))
    try:
        with answers():
            told = identity.unlock(message)
    except RefusedError as refused:
        if refused.code == "wrong_pin":
            left = refused.members.get("tries_left")
            hint = card.applications[application].hint
            raise WrongPinError(left if isinstance(left, int) else None, hint=hint) from refused
        if refused.code == "pin_locked":
            raise CardLockedError from refused
        raise
    return base64url.decode(told.share)


def _unlocked(card: CardFile, application: Application, secrets: CardSecrets) -> Unlocked:
    held, issued = HeldKey(key=secrets.key, token=secrets.token), card.applications[application]
    key = open_key(held, usual_tokens())
    if from_pem(issued.certificate.encode()).public_key() != key.public_key():
        raise CardFileError(
            "the key is not the one that the card's certificate is for; have the card reissued"
        )
    return Unlocked(
        application,
        card.card,
        issued.kid,
        key,
        held,
        _wallet(secrets.seed),
        _wallet(secrets.successor),
    )


def _wallet(seed: str | None) -> Wallet | None:
    return None if seed is None else Wallet.from_secret_bytes(base64url.decode(seed))


def wrapping_context(card: str, application: Application) -> bytes:
    """Return what the wrapped secrets of an application are bound to."""
    return f"{FORMAT} {card} {application.value}".encode()
