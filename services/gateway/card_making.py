"""Making a card on the person's side: keys, PINs and hints, and the wrapping of what is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from consent import base64url, pin
from consent.jwk import to_jwk
from consent.pin_rules import PinRuleError, check_authentication_pin, check_hint, check_signature_pin
from consent.wallet import Wallet
from services.contracts.identity.messages import Application, IssuedCard, NewApplication
from services.gateway.card_backends import CardBackend, SoftwareCard
from services.gateway.cards import (
    FORMAT,
    CardApplication,
    CardFile,
    CardSecrets,
    CardTrust,
    Unlocked,
    kid_of,
    wrapping_context,
)
from services.gateway.errors import CardFileError
from services.kit.clock import Randomness

ITERATIONS: Final = 10_000
PIN_RULES: Final = {
    Application.AUTHENTICATION: check_authentication_pin,
    Application.SIGNATURE: check_signature_pin,
}


@dataclass(frozen=True, slots=True)
class CardDraft:
    """A card in the making: keys exist on the person's side, the ID centre has not issued it yet."""

    file_secret: bytes = field(repr=False)
    keys: Mapping[Application, EllipticCurvePrivateKey] = field(repr=False)
    pins: Mapping[Application, pin.PinKey] = field(repr=False)
    wallet: Wallet = field(repr=False)
    backend: CardBackend = field(repr=False)

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
                application: wrap_application(
                    self.unlocked(application, issued),
                    self.pins[application],
                    certificate=issued.applications[application].certificate,
                    share=issued.applications[application].share,
                    randomness=randomness,
                )
                for application in self.keys
            },
            trust=trust,
        )

    def unlocked(self, application: Application, issued: IssuedCard) -> Unlocked:
        """Return an application of the card just made, without asking for the PIN again."""
        wallet = self.wallet if application is Application.SIGNATURE else None
        kid = kid_of(issued.applications[application].certificate)
        held = self.backend.hold(application)
        return Unlocked(application, issued.card, kid, self.keys[application], held, wallet)


def wrap_application(
    opened: Unlocked, secret: pin.PinKey, *, certificate: str, share: str, randomness: Randomness
) -> CardApplication:
    """Wrap an application's secrets under its PIN and the ID centre's share."""
    held = opened.held
    wrapped = pin.wrap(
        secret.wrapping_key(base64url.decode(share)),
        CardSecrets(
            key=held.key, token=held.token, seed=_seed(opened.wallet), successor=_seed(opened.successor)
        )
        .model_dump_json()
        .encode(),
        randomness=randomness,
        context=wrapping_context(opened.card, opened.application),
    )
    return CardApplication(certificate=certificate, wrapped=base64url.encode(wrapped))


def _seed(wallet: Wallet | None) -> str | None:
    return None if wallet is None else base64url.encode(wallet.to_secret_bytes())


def check_pin(application: Application, digits: str, *, birth_date: date | None = None) -> None:
    """Raises: CardFileError, saying the rule, for a PIN that is not to be chosen."""
    try:
        PIN_RULES[application](digits, birth_date=birth_date)
    except PinRuleError as error:
        raise CardFileError(str(error)) from error


def draft(
    pins: Mapping[Application, str],
    *,
    randomness: Randomness,
    birth_date: date | None = None,
    wallet: Wallet | None = None,
    backend: CardBackend | None = None,
) -> CardDraft:
    """Make the keys of a new card, kept in the card file without a `backend`, and a wallet unless there is one.

    Raises: CardFileError for a PIN against the rules, or a token that cannot have the keys.
    """
    if pins.keys() != set(Application):
        raise CardFileError("a card needs a PIN for each of its applications")
    for application, digits in pins.items():
        check_pin(application, digits, birth_date=birth_date)
    file_secret, made = randomness(pin.SECRET_SIZE), backend or SoftwareCard()
    return CardDraft(
        file_secret=file_secret,
        keys={application: made.make(application) for application in Application},
        pins={name: pin.derive(each, file_secret, name.value, ITERATIONS) for name, each in pins.items()},
        wallet=wallet or Wallet.create(randomness),
        backend=made,
    )


def with_hint(card: CardFile, application: Application, hint: str, *, digits: str) -> CardFile:
    """Return the card file with a hint for a PIN. Raises: CardFileError for a hint that tells the PIN."""
    try:
        check_hint(hint, digits)
    except PinRuleError as error:
        raise CardFileError(str(error)) from error
    hinted = card.applications[application].model_copy(update={"hint": hint})
    return card.model_copy(update={"applications": {**card.applications, application: hinted}})
