"""Messages about a wallet's successor, the same at every body that keeps wallets."""

from enum import StrEnum
from typing import Annotated, Final, Protocol

from pydantic import Field

from consent.wire import Count, Identifier, WireModel
from services.contracts.identity.messages import RegisterSubject
from services.kit.encoding import Message
from services.kit.http import Http, Token

CARD_CONSENT: Final = "sekisho-wallet-card-consent+jws"

SignedText = Annotated[str, Field(min_length=1, max_length=1 << 16)]


class SuccessionFault(StrEnum):
    """Why a wallet was not followed by another."""

    NOT_SIGNED_BY_WALLET = "not_signed_by_wallet"
    NOT_ANNOUNCED = "successor_not_announced"
    CARD_REFUSED = "card_consent_refused"


FAULTS: Final = {
    SuccessionFault.NOT_SIGNED_BY_WALLET: "The wallet registered here, and the one to come, must sign this, now.",
    SuccessionFault.NOT_ANNOUNCED: "This successor was not announced here; announce it by the present wallet first.",
    SuccessionFault.CARD_REFUSED: "The signature application of the person's own card in force must sign this, now.",
}


class CardConsentClaims(WireModel):
    """What the card's signature application signs for the ID centre: which keys follow (thumbprints)."""

    subject: Identifier
    wallet: Identifier
    at: Count


class AnnounceSuccessor(Message):
    """PUT /wallet/successor (Y3): signed by the wallet registered here (`consent.succession.SUCCESSION`)."""

    succession: SignedText


class RenewWallet(Message):
    """POST /wallet/renewals (Y5, Y6): signed by the successor (`consent.succession.RENEWAL`).

    `publication` goes to the medical centre only: the successor's compartment keys. `card` (`CARD_CONSENT`) and
    `subject` go to the ID centre only.
    """

    renewal: SignedText
    publication: Annotated[str, Field(max_length=1 << 20)] | None = None
    card: SignedText | None = None
    subject: RegisterSubject | None = None


class WalletStanding(Message):
    """Which wallet key is registered (its thumbprint), who is announced, and how the key came, oldest first."""

    pseudonym: str
    subject: str
    announced: str | None
    renewals: list[str]


class SuccessionKeeper(Protocol):
    """What the client and the fake both do. Raises from every method: RemoteProblemError, PeerUnavailableError."""

    def standing(self, *, token: Token) -> WalletStanding:
        """Return where the person's wallet stands (person)."""

    def announce(self, message: AnnounceSuccessor, *, token: Token) -> WalletStanding:
        """Name the wallet to come (person)."""

    def renew(self, message: RenewWallet, *, token: Token) -> WalletStanding:
        """Have the announced wallet take over; the same again changes nothing (person)."""


class SuccessionClient:
    """See `SuccessionKeeper`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def standing(self, *, token: Token) -> WalletStanding:
        """See `SuccessionKeeper`."""
        return self._ask("GET", "/wallet/successor", message=None, token=token)

    def announce(self, message: AnnounceSuccessor, *, token: Token) -> WalletStanding:
        """See `SuccessionKeeper`."""
        return self._ask("PUT", "/wallet/successor", message=message, token=token)

    def renew(self, message: RenewWallet, *, token: Token) -> WalletStanding:
        """See `SuccessionKeeper`."""
        return self._ask("POST", "/wallet/renewals", message=message, token=token)

    def _ask(self, method: str, path: str, *, message: Message | None, token: Token) -> WalletStanding:
        content = None if message is None else message.model_dump_json().encode()
        return WalletStanding.model_validate_json(
            self._http.send(method, path, token=token, content=content).content
        )
