"""Messages about recovering a wallet, the same at the three bodies that keep a part of it."""

from enum import StrEnum
from typing import Annotated, Final, Protocol, TypeVar

from pydantic import Field

from consent.wire import Count, Identifier, Octets, WireModel
from services.kit.encoding import Base64Url, Message
from services.kit.http import Http, Token

DEPOSIT: Final = "sekisho-recovery-deposit+jws"
RETIREMENT: Final = "sekisho-recovery-retirement+jws"
CONFIRMATION: Final = "sekisho-recovery-confirmation+jws"
PART_INFO: Final = "recovery-part"
RELEASE_INFO: Final = "recovery-release"

Answer = TypeVar("Answer", bound=Message)


class RecoveryFault(StrEnum):
    """Why a part was not kept or not released."""

    NOT_SIGNED_BY_WALLET = "not_signed_by_wallet"
    NO_RECOVERY = "no_recovery"
    NOT_CONFIRMED = "recovery_not_confirmed"
    WRONG_PAPER = "wrong_paper_code"
    SECOND_REGISTRAR_MISSING = "second_registrar_missing"
    NOT_THE_NEW_CARD = "not_the_new_card"
    REGISTRAR_NOT_PRESENTED = "registrar_not_presented"
    ONE_HUMAN_TWICE = "one_human_twice"


FAULTS: Final = {
    RecoveryFault.NOT_SIGNED_BY_WALLET: "The wallet that is registered here must sign this, now.",
    RecoveryFault.NO_RECOVERY: "Nothing was laid down here for recovering a wallet.",
    RecoveryFault.NOT_CONFIRMED: "A registrar must confirm, now, who is at the counter and for which key.",
    RecoveryFault.WRONG_PAPER: "The paper code is not the one that belongs to what is kept here.",
    RecoveryFault.SECOND_REGISTRAR_MISSING: "Without the paper code a second registrar must confirm, too.",
    RecoveryFault.NOT_THE_NEW_CARD: "The registrar's confirmation is for another card than the one in force.",
    RecoveryFault.REGISTRAR_NOT_PRESENTED: "Without the paper code both registrars must have presented their own "
    "card when they were accredited; have them accredited anew with --presentation.",
    RecoveryFault.ONE_HUMAN_TWICE: "Both confirmations are one human's; another human must confirm, too.",
}


class DepositClaims(WireModel):
    """What the wallet signs about a part; `part` is sealed to the body, so that a relay reads nothing."""

    id: Identifier
    part: Octets
    paper_digest: Octets
    at: Count


class RetirementClaims(WireModel):
    """What the wallet signs to have all other parts forgotten."""

    keep: Identifier
    at: Count


class ConfirmationClaims(WireModel):
    """What a registrar signs with the operator's card: for this key, at this body, somebody is here with a new card."""

    body: Identifier
    recovery_key: Identifier
    card: Identifier
    at: Count


class DepositPart(Message):
    """PUT /recovery: one part, signed by the wallet (`DEPOSIT`)."""

    deposit: str


class RetireParts(Message):
    """POST /recovery/retirements: forget all parts but one, signed by the wallet (`RETIREMENT`)."""

    retirement: str


class KeptParts(Message):
    """How many parts are kept now."""

    parts: int


class ReleaseParts(Message):
    """POST /recovery/releases: confirmed by registrars (`CONFIRMATION`), with the paper's proof if there is paper."""

    recovery_key: Base64Url
    confirmations: Annotated[list[str], Field(min_length=1, max_length=2)]
    paper_proof: Base64Url | None = None


class ReleasedParts(Message):
    """The parts, each sealed to the recovery key."""

    parts: list[Base64Url]


class RecoveryKeeper(Protocol):
    """What the client and the fake both do. Raises from every method: RemoteProblemError, PeerUnavailableError."""

    def deposit(self, message: DepositPart, *, token: Token) -> KeptParts:
        """Lay one part down (person)."""

    def retire(self, message: RetireParts, *, token: Token) -> KeptParts:
        """Have all parts but one forgotten (person)."""

    def release(self, message: ReleaseParts, *, token: Token) -> ReleasedParts:
        """Get the parts back (person, with registrars)."""


class RecoveryClient:
    """See `RecoveryKeeper`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def deposit(self, message: DepositPart, *, token: Token) -> KeptParts:
        """See `RecoveryKeeper`."""
        return self._ask("PUT", "/recovery", KeptParts, message=message, token=token)

    def retire(self, message: RetireParts, *, token: Token) -> KeptParts:
        """See `RecoveryKeeper`."""
        return self._ask("POST", "/recovery/retirements", KeptParts, message=message, token=token)

    def release(self, message: ReleaseParts, *, token: Token) -> ReleasedParts:
        """See `RecoveryKeeper`."""
        return self._ask("POST", "/recovery/releases", ReleasedParts, message=message, token=token)

    def _ask(self, method: str, path: str, kind: type[Answer], *, message: Message, token: Token) -> Answer:
        content = message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send(method, path, token=token, content=content).content)
