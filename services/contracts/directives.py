"""Messages about directives, the same for every body that keeps them, and about a second proxy's release.

Permitting: P3 `DirectiveSubmission`, P7 `DirectiveAccepted`. Withdrawing: W1 `WithdrawalOrder`, W3
`WithdrawalReceipt`. Reading: R7 `ReleaseRequest`, `ReleaseAnswer`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from pydantic import Field

from consent import base64url
from consent.canonical import JsonObject
from consent.compartments import Compartment
from consent.delegation import FragmentPackage
from consent.directives import DirectiveCopy
from consent.guardians import RuleFault
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.kit.clock import epoch_seconds
from services.kit.encoding import Base64Url, Message
from services.kit.http import Http, RemoteProblemError, Token
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.errors import CheckpointConflictError

WALLET_PROOF: Final = "sekisho-wallet+jws"
CHECKPOINT_CONFLICT: Final = "checkpoint_conflict"
WITNESS_MEDIA_TYPE: Final = "text/plain; charset=utf-8"
WITNESS_SIZE_MEDIA_TYPE: Final = "text/x.tlog.size"

Jwk = dict[str, str]
BodyName = Annotated[Body, Field(strict=False)]
"""A body on the wire: JSON has no enumerations, so its name is taken as text."""

Answer = TypeVar("Answer", bound=Message)


class WalletRegistration(Message):
    """PUT /wallet: the wallet's public key for this body and a JWS by it (typ `WALLET_PROOF`)."""

    signing_key: Jwk
    proof: str


class WalletRegistered(Message):
    """The person's pseudonym here and the thumbprint of the registered key."""

    pseudonym: str
    subject: str


class FragmentMessage(Message):
    """One key fragment of a grant."""

    compartment: str
    kfrag: Base64Url
    delegating_key: Base64Url
    verifying_key: Base64Url
    receiving_key: Base64Url

    def to_package(self) -> FragmentPackage:
        """Return the fragment, not verified. Raises: MalformedError."""
        return FragmentPackage(
            Compartment.parse(self.compartment),
            base64url.decode(self.kfrag),
            base64url.decode(self.delegating_key),
            base64url.decode(self.verifying_key),
            base64url.decode(self.receiving_key),
        )


class DirectiveSubmission(Message):
    """POST /directives: one body's copy; handles and reader's notice are the medical centre's only."""

    directive: str
    fragments: list[FragmentMessage] = Field(max_length=4096)
    handles: dict[BodyName, Base64Url]
    reader_notice: str | None


class DirectiveAccepted(Message):
    """P7: the copy is in force; where the log says so."""

    directive: str
    state: str
    log_index: int


class DirectiveItem(Message):
    """One directive as the person finds it again; of a withdrawn one the person's order, and W3's receipt."""

    id: str
    jws: str
    state: str
    withdrawal: str | None = None
    receipt: str | None = None


class DirectiveList(Message):
    """GET /directives."""

    directives: list[DirectiveItem]


class WithdrawalOrder(Message):
    """POST /withdrawals: the JWS by the wallet."""

    withdrawal: str


class WithdrawalReceipt(Message):
    """W3: the body's JWS that its fragments are deleted."""

    receipt: str


class LogProof(Message):
    """That this very access is in the medical centre's log: leaf (64 bytes), its proof, the checkpoint and its.

    `checkpoint` is the log-signed note; `consistency` leads to it from `old_size`, the size that the
    asked body co-signed last.
    """

    origin: str
    old_size: int = Field(ge=0)
    consistency: list[Base64Url] = Field(max_length=63)
    checkpoint: str
    index: int = Field(ge=0)
    inclusion: list[Base64Url] = Field(max_length=63)
    leaf: Base64Url


class CapsuleMessage(Message):
    """The capsule of one bundle."""

    bundle: str
    compartment: str
    capsule: Base64Url


class ReleaseRequest(Message):
    """POST /releases: everything that the second proxy needs to check for itself."""

    statement: str
    subject_token: str | None
    handle: Base64Url
    log: LogProof
    capsules: list[CapsuleMessage] = Field(min_length=1, max_length=4096)


class ReleasedFragment(Message):
    """The capsule fragment for one bundle."""

    bundle: str
    cfrag: Base64Url


class ReleaseAnswer(Message):
    """The fragments, the witness's signature line for the checkpoint that was shown, and what the body signs of it.

    `signed`: `contracts.released`, over the fragments in the order in which they were asked for.
    """

    fragments: list[ReleasedFragment]
    cosignature: str
    signed: str


class ReleaseFault(StrEnum):
    """Why a second proxy releases nothing, where the reason is not one of consent's refusal codes."""

    STATEMENT_REFUSED = "statement_refused"
    STATEMENT_REPLAYED = "statement_replayed"
    OTHER_PERSON = "other_person"
    NOT_LOGGED = "access_not_logged"
    LOG_REFUSED = "log_refused"
    CAPSULE_REFUSED = "capsule_refused"


class SubmissionFault(StrEnum):
    """Why a directive, wallet or withdrawal is not taken (checks of P4 and P5)."""

    WALLET_UNKNOWN = "wallet_unknown"
    OTHER_WALLET = "other_wallet"
    NOT_SIGNED_BY_WALLET = "not_signed_by_wallet"
    OTHER_BODY_OR_PERSON = "other_body_or_person"
    RECIPIENT_NOT_ACCREDITED = "recipient_not_accredited"
    RECIPIENT_IS_PROXY = "recipient_is_proxy"
    DIRECTIVE_EXPIRED = "directive_expired"
    OTHER_SCOPE = "other_scope"
    FRAGMENTS_DO_NOT_MATCH = "fragments_do_not_match"
    FRAGMENT_REFUSED = "fragment_refused"
    NOTICE_REFUSED = "notice_refused"
    DIRECTIVE_KNOWN = "directive_known"
    DIRECTIVE_MALFORMED = "directive_malformed"
    UNKNOWN_PURPOSE = "unknown_purpose"
    PERIOD_REVERSED = "period_reversed"
    ISSUED_AT_ANOTHER_TIME = "issued_at_another_time"
    GUARDIAN_REQUIRED = RuleFault.GUARDIAN_REQUIRED.value
    ASSENT_REQUIRED = RuleFault.ASSENT_REQUIRED.value
    PERSON_DECIDES = RuleFault.PERSON_DECIDES.value
    GUARDIANSHIP_ENDED = RuleFault.GUARDIANSHIP_ENDED.value
    GUARDIAN_UNKNOWN = RuleFault.GUARDIAN_UNKNOWN.value
    PERSON_DECEASED = RuleFault.PERSON_DECEASED.value


def wallet_proof_payload(body: Body, at: datetime) -> JsonObject:
    """Write what the wallet signs to be registered with `body`."""
    return {"body": body.value, "at": epoch_seconds(at)}


def wallet_registration(wallet: Wallet, body: Body, now: datetime) -> WalletRegistration:
    """Return the registration of `wallet` with `body`."""
    proof = wallet.sign(body, WALLET_PROOF, wallet_proof_payload(body, now))
    return WalletRegistration(signing_key=wallet.public_jwk(body), proof=proof)


def submission(copy: DirectiveCopy) -> DirectiveSubmission:
    """Return one body's copy of a grant as its message."""
    fragments = [
        FragmentMessage(
            compartment=label,
            kfrag=base64url.encode(package.kfrag),
            delegating_key=base64url.encode(package.delegating_key),
            verifying_key=base64url.encode(package.verifying_key),
            receiving_key=base64url.encode(package.receiving_key),
        )
        for label, package in copy.fragments.items()
    ]
    handles = {body: base64url.encode(handle) for body, handle in copy.handles.items()}
    return DirectiveSubmission(
        directive=copy.jws, fragments=fragments, handles=handles, reader_notice=copy.reader_notice
    )


class DirectivesClient:
    """A person's calls about directives at one body.

    Raises from every method: RemoteProblemError, PeerUnavailableError.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def register_wallet(self, registration: WalletRegistration, *, token: Token) -> WalletRegistered:
        """Register the wallet; the first key stays."""
        return self._ask("PUT", "/wallet", WalletRegistered, message=registration, token=token)

    def wallet(self, *, token: Token) -> WalletRegistered:
        """Return what is registered."""
        return self._ask("GET", "/wallet", WalletRegistered, message=None, token=token)

    def submit(self, copy: DirectiveSubmission, *, token: Token) -> DirectiveAccepted:
        """P3: hand over this body's copy."""
        return self._ask("POST", "/directives", DirectiveAccepted, message=copy, token=token)

    def directives(self, *, token: Token) -> list[DirectiveItem]:
        """Return the person's own directives."""
        return self._ask("GET", "/directives", DirectiveList, message=None, token=token).directives

    def withdraw(self, order: WithdrawalOrder, *, token: Token) -> WithdrawalReceipt:
        """W1: withdraw; the same directive may be withdrawn again and gives the same receipt."""
        return self._ask("POST", "/withdrawals", WithdrawalReceipt, message=order, token=token)

    def _ask(
        self, method: str, path: str, kind: type[Answer], *, message: Message | None, token: Token
    ) -> Answer:
        content = None if message is None else message.model_dump_json().encode()
        return kind.model_validate_json(self._http.send(method, path, token=token, content=content).content)


class SecondProxyClient:
    """Another body's calls to a second proxy and witness, by its own certificate."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """R7: ask for fragments.

        Raises: CheckpointConflictError with the size to start from; RemoteProblemError with status 403 and the
        refusal as its code; PeerUnavailableError.
        """
        content = request.model_dump_json().encode()
        try:
            return ReleaseAnswer.model_validate_json(
                self._http.send("POST", "/releases", content=content).content
            )
        except RemoteProblemError as problem:
            raise _conflict(problem) from problem

    def add_checkpoint(self, request: AddCheckpoint) -> str:
        """Return the witness's signature lines. Raises: as `release`. Source: C2SP tlog-witness."""
        try:
            answer = self._http.send(
                "POST", "/witness/add-checkpoint", content=request.format(), media_type=WITNESS_MEDIA_TYPE
            )
        except RemoteProblemError as problem:
            raise _conflict(problem) from problem
        return answer.text


def _conflict(problem: RemoteProblemError) -> RemoteProblemError | CheckpointConflictError:
    size = problem.members.get("size", problem.members.get("answer"))
    if problem.status == 409 and isinstance(size, int):
        return CheckpointConflictError(size)
    return problem
