"""A card in the making for tests of the gateway, and an office that keeps its shares and counts tries."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent import base64url, pin
from consent.paper_code import SUSPENSION_SIGNS, spell
from consent.vocabulary import Body
from services.contracts.identity.messages import (
    Application,
    IssuedApplication,
    IssuedCard,
    NewApplication,
    UnlockCard,
    UnlockedCard,
)
from services.contracts.oversight.register import p256
from services.gateway.card_making import CardDraft, draft
from services.gateway.cards import CardFile, CardTrust
from services.kit.certificates import Authority, Usage, create_authority, issue, to_pem
from services.kit.clock import system_randomness
from services.kit.http import RemoteProblemError
from services.kit.log.evidence import TrustFile
from services.kit.log.note import Cosigner, NoteSigner

NOW = datetime(2026, 11, 21, tzinfo=UTC)
PINS = {Application.AUTHENTICATION: "4711", Application.SIGNATURE: "kaki2026"}
TRIES = 3


@dataclass
class _Kept:
    verifier: bytes
    share: bytes
    tries_left: int = TRIES


@dataclass
class FakeOffice:
    """Issues cards and hands out shares, as the ID centre does: a try is counted before it is compared."""

    authority: Authority = field(default_factory=lambda: create_authority("Test", days=10, now=NOW))
    kept: dict[tuple[str, Application], _Kept] = field(default_factory=dict)

    def issue(self, applications: dict[Application, NewApplication]) -> IssuedCard:
        """Issue a card."""
        card = base64url.encode(system_randomness(16))
        issued = {name: self._issue(card, name, asked) for name, asked in applications.items()}
        return IssuedCard(card=card, applications=issued, suspension_code=spell(1, SUSPENSION_SIGNS))

    def unlock(self, message: UnlockCard) -> UnlockedCard:
        """Count a try, and hand out the share for the right PIN."""
        kept = self.kept[message.card, message.application]
        if kept.tries_left == 0:
            raise _problem("pin_locked")
        kept.tries_left -= 1
        if not pin.check_proof(base64url.decode(message.pin_proof), kept.verifier):
            raise _problem("wrong_pin", tries_left=kept.tries_left)
        kept.tries_left = TRIES
        return UnlockedCard(share=base64url.encode(kept.share))

    def _issue(self, card: str, application: Application, asked: NewApplication) -> IssuedApplication:
        share = system_randomness(pin.SECRET_SIZE)
        self.kept[card, application] = _Kept(base64url.decode(asked.pin_verifier), share)
        certificate = issue(
            self.authority,
            p256(asked.public_key),
            common_name=card,
            sans=[],
            usages=[Usage.CARD_AUTHENTICATION],
            days=5,
            now=NOW,
        )
        return IssuedApplication(
            certificate=to_pem(certificate), share=base64url.encode(share), retries=TRIES
        )


def new_card(office: FakeOffice) -> tuple[CardFile, CardDraft]:
    """Return a card file made with `office`, and the draft that still has its keys in the clear."""
    making = draft(PINS, randomness=system_randomness)
    issued = office.issue(making.request())
    return making.complete(issued, trust=trust(office), randomness=system_randomness), making


def trust(office: FakeOffice) -> CardTrust:
    """Return trust anchors of bodies that do not exist."""
    log = NoteSigner("sekisho/medical", Ed25519PrivateKey.generate()).verifier.vkey()
    witness = Cosigner("sekisho/oversight/witness", Ed25519PrivateKey.generate()).verifier
    return CardTrust(
        urls={body.value: f"https://{body.value.replace('_', '-')}.example" for body in Body},
        authority=to_pem(office.authority.certificate),
        register_key=base64url.encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()),
        evidence=TrustFile(logs={"sekisho/medical": log}, witnesses={witness.name: witness.vkey()}),
    )


def _problem(code: str, **members: object) -> RemoteProblemError:
    return RemoteProblemError(status=403, code=code, title=code, detail="", members={"code": code, **members})
