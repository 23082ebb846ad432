"""The software card file: two applications, each with a key pair of its own, each under a PIN of its own.

The file alone is not enough to try PINs on, and neither is the ID centre's database (see `consent.pin`). A real card
would keep the keys to itself; this file stands in for one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509 import load_pem_x509_certificate
from pydantic import Field, Strict, ValidationError

from consent import base64url, pin
from consent.errors import ConsentError, MalformedError, SealError
from consent.jwk import to_jwk
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.identity.messages import (
    Application,
    CardId,
    IssuedCard,
    NewApplication,
    UnlockCard,
    UnlockedCard,
)
from services.gateway.errors import CardFileError, CardLockedError, RefusedError, WrongPinError
from services.gateway.exchange import answers
from services.kit.clock import Randomness
from services.kit.encoding import Base64Url, Message
from services.kit.keys import write_private
from services.kit.log.evidence import TrustFile

FORMAT: Final = "sekisho-card/1"
ITERATIONS: Final = 10_000
SHORTEST_PIN: Final = 4

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
    """One application: its certificate (PEM) and its secrets, wrapped."""

    certificate: str
    wrapped: Base64Url

    @property
    def kid(self) -> str:
        """How the application's signatures name its key: the certificate's serial number, hexadecimal."""
        return f"{load_pem_x509_certificate(self.certificate.encode()).serial_number:x}"


class CardFile(Message):
    """The file as it lies on disk."""

    format: Literal["sekisho-card/1"]
    card: CardId
    file_secret: Base64Url = Field(repr=False)
    iterations: int = Field(ge=pin.FEWEST_ITERATIONS, le=10_000_000)
    applications: dict[ApplicationName, CardApplication]
    trust: CardTrust


class _Secrets(Message):
    """What is wrapped: the private key (PKCS#8 DER), and with the signature application the wallet's seed."""

    key: Base64Url = Field(repr=False)
    seed: Base64Url | None = Field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unlocked:
    """One application, unlocked; the other one stays closed."""

    application: Application
    card: str
    kid: str
    key: EllipticCurvePrivateKey = field(repr=False)
    wallet: Wallet | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardDraft:
    """A card in the making: keys exist on the person's side, the ID centre has not issued it yet."""

    file_secret: bytes = field(repr=False)
    keys: Mapping[Application, EllipticCurvePrivateKey] = field(repr=False)
    pins: Mapping[Application, pin.PinKey] = field(repr=False)
    wallet: Wallet = field(repr=False)

    def request(self) -> dict[Application, NewApplication]:
        """What the ID centre is told: public keys, and the hash of each PIN's proof."""
        return {
            application: NewApplication(
                public_key=to_jwk(key.public_key()),
                pin_verifier=base64url.encode(pin.proof_digest(self.pins[application].proof())),
            )
            for application, key in self.keys.items()
        }

    def complete(self, issued: IssuedCard, *, trust: CardTrust, randomness: Randomness) -> CardFile:
        """Wrap the secrets under PIN and the ID centre's shares."""
        return CardFile(
            format=FORMAT,
            card=issued.card,
            file_secret=base64url.encode(self.file_secret),
            iterations=ITERATIONS,
            applications={
                application: CardApplication(
                    certificate=issued.applications[application].certificate,
                    wrapped=base64url.encode(self._wrap(application, issued, randomness)),
                )
                for application in self.keys
            },
            trust=trust,
        )

    def unlocked(self, application: Application, card: CardFile) -> Unlocked:
        """Return an application of the card just made, without asking for the PIN again."""
        wallet = self.wallet if application is Application.SIGNATURE else None
        kid = card.applications[application].kid
        return Unlocked(application, card.card, kid, self.keys[application], wallet)

    def _wrap(self, application: Application, issued: IssuedCard, randomness: Randomness) -> bytes:
        der = self.keys[application].private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        holds_seed = application is Application.SIGNATURE
        seed = base64url.encode(self.wallet.to_secret_bytes()) if holds_seed else None
        secrets = _Secrets(key=base64url.encode(der), seed=seed)
        share = base64url.decode(issued.applications[application].share)
        return pin.wrap(
            self.pins[application].wrapping_key(share),
            secrets.model_dump_json().encode(),
            randomness=randomness,
            context=_context(issued.card, application),
        )


def draft(pins: Mapping[Application, str], *, randomness: Randomness) -> CardDraft:
    """Make the keys of a new card and its wallet. Raises: CardFileError for a PIN that is too short."""
    if pins.keys() != set(Application) or any(len(each) < SHORTEST_PIN for each in pins.values()):
        raise CardFileError(f"a card needs a PIN of {SHORTEST_PIN} or more signs for each application")
    file_secret = randomness(pin.SECRET_SIZE)
    return CardDraft(
        file_secret=file_secret,
        keys={application: generate_private_key(SECP256R1()) for application in Application},
        pins={name: pin.derive(each, file_secret, name.value, ITERATIONS) for name, each in pins.items()},
        wallet=Wallet.create(randomness),
    )


def save_card(card: CardFile, file: Path) -> None:
    """Write a card file, mode 0600. Raises: CardFileError when the file exists."""
    if file.exists():
        raise CardFileError(f"{file} exists already; choose another name")
    write_private(file, card.model_dump_json(indent=1).encode() + b"\n")


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
    share = _share(card, application, key.proof(), identity)
    try:
        context = _context(card.card, application)
        opened = pin.unwrap(key.wrapping_key(share), base64url.decode(held.wrapped), context=context)
        return _unlocked(card.card, application, held.kid, _Secrets.model_validate_json(opened))
    except (SealError, MalformedError, ValidationError, ValueError, ConsentError) as error:
        raise CardFileError("the card file was changed; use a good copy or have the card reissued") from error


def _share(card: CardFile, application: Application, proof: bytes, identity: PinOffice) -> bytes:
    message = UnlockCard(card=card.card, application=application, pin_proof=base64url.encode(proof))
    try:
        with answers():
            told = identity.unlock(message)
    except RefusedError as refused:
        if refused.code == "wrong_pin":
            left = refused.members.get("tries_left")
            raise WrongPinError(left if isinstance(left, int) else None) from refused
        if refused.code == "pin_locked":
            raise CardLockedError from refused
        raise
    return base64url.decode(told.share)


def _unlocked(card: str, application: Application, kid: str, secrets: _Secrets) -> Unlocked:
    key = load_der_private_key(base64url.decode(secrets.key), password=None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise CardFileError("the card file holds another kind of key; have the card reissued")
    wallet = None if secrets.seed is None else Wallet.from_secret_bytes(base64url.decode(secrets.seed))
    return Unlocked(application, card, kid, key, wallet)


def _context(card: str, application: Application) -> bytes:
    return f"{FORMAT} {card} {application.value}".encode()
