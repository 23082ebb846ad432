"""Who acts in the tests: participants with their keys, people with their cards."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from consent import base64url, pin
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.identity.messages import (
    Application,
    EnrolledPerson,
    IssueCard,
    IssuedCard,
    NewApplication,
    UnlockCard,
)
from services.contracts.registry.messages import BasicItems, Sex
from services.kit import certificates

IDENTITY = "https://identity.test"
REGISTRY = "https://registry.test"
OVERSIGHT = "https://oversight.test"
NOBODY = "https://127.0.0.1:1"
"""The witness is out of reach here; what is logged is looked at directly."""
MEDICAL = "https://medical.test"
URLS = {
    Body.IDENTITY: IDENTITY,
    Body.REGISTRY: REGISTRY,
    Body.OVERSIGHT: OVERSIGHT,
    Body.MEDICAL: MEDICAL,
    Body.PRODUCT_SAFETY: "https://product-safety.test",
    Body.RESEARCH: "https://research.test",
    Body.PORTAL: "https://portal.test",
}
PIN = "2468"
ITERATIONS = 1000


@dataclass(frozen=True)
class Participant:
    """An operator at a terminal of an organisation."""

    organisation: OrganisationId
    operator: OperatorId
    terminal: TerminalId
    card_key: EllipticCurvePrivateKey
    terminal_key: EllipticCurvePrivateKey
    certificate: bytes


@dataclass(frozen=True)
class Holder:
    """A person with a card."""

    enrolled: EnrolledPerson
    issued: IssuedCard
    keys: Mapping[Application, EllipticCurvePrivateKey]
    file_secret: bytes

    @property
    def kid(self) -> str:
        """How the authentication application's signatures name their key."""
        return self.kid_of(Application.AUTHENTICATION)

    def kid_of(self, application: Application) -> str:
        """How an application's signatures name their key."""
        told = self.issued.applications[application].certificate
        return f"{certificates.from_pem(told.encode()).serial_number:x}"

    def attempt(self, digits: str, application: Application = Application.AUTHENTICATION) -> UnlockCard:
        """Return one try of a PIN, as the card file makes it."""
        proof = pin.derive(digits, self.file_secret, application.value, ITERATIONS).proof()
        return UnlockCard(card=self.issued.card, application=application, pin_proof=base64url.encode(proof))


@dataclass(frozen=True)
class StrangerKeys:
    """The keys of a body that is in the register, but not up."""

    signing: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    sealing: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)


def card_request(
    reference: str, keys: Mapping[Application, EllipticCurvePrivateKey], file_secret: bytes
) -> IssueCard:
    """Return the request for a card with the PIN `PIN` for each application."""
    return IssueCard(
        reference=reference,
        applications={
            name: NewApplication(
                public_key=to_jwk(key.public_key()),
                pin_verifier=base64url.encode(
                    pin.proof_digest(pin.derive(PIN, file_secret, name.value, ITERATIONS).proof())
                ),
            )
            for name, key in keys.items()
        },
    )


def some_items() -> BasicItems:
    """Return the items of somebody."""
    return BasicItems(
        name="山田 花子", address="東京都千代田区一番町1", sex=Sex.FEMALE, birth_date="1984-02-29"
    )


def thumbprint(certificate: bytes) -> str:
    """Return what the register knows a certificate by."""
    return sha256(certificate).hexdigest()
