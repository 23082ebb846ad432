"""Taking a permission back, and the proof that a body has deleted its fragments."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consent import jws
from consent.canonical import JsonObject, JsonValue
from consent.identifiers import DirectiveId, Pseudonym
from consent.instants import whole_second, write
from consent.jwk import PublicJwk, PublicKey
from consent.jws import PrivateKey
from consent.vocabulary import Body
from consent.wire import Count, Identifier, Instant, WireModel, parse

WITHDRAWAL: Final = "sekisho-withdrawal+jws"
DELETION_RECEIPT: Final = "sekisho-deletion-receipt+jws"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The person's order to one body to stop using its copy of a directive."""

    directive: DirectiveId
    body: Body
    person: Pseudonym
    at: datetime


@dataclass(frozen=True, slots=True)
class VerifiedWithdrawal:
    """A withdrawal signed by the wallet; made by `UnverifiedWithdrawal.verify` only."""

    withdrawal: Withdrawal
    jws: str


class _WithdrawalWire(WireModel):
    directive: Identifier
    body: Body
    person: Identifier
    at: Instant


def withdrawal_payload(withdrawal: Withdrawal) -> JsonObject:
    """Write a withdrawal for signing."""
    return {
        "directive": withdrawal.directive,
        "body": withdrawal.body,
        "person": withdrawal.person,
        "at": write(withdrawal.at),
    }


@dataclass(frozen=True, slots=True)
class UnverifiedWithdrawal:
    """A withdrawal as it arrives."""

    jws: str

    @property
    def kid(self) -> str:
        """The key it claims to be signed with; proves nothing."""
        return jws.peek_kid(self.jws)

    def verify(self, public_jwk: PublicJwk) -> VerifiedWithdrawal:
        """Check the signature of the person's key for this body; the caller compares body and person.

        Raises: SignatureError, or MalformedError if a signed payload has the wrong shape.
        """
        verified = jws.verify_with_jwk(self.jws, typ=WITHDRAWAL, jwk=public_jwk)
        wire = parse(_WithdrawalWire, verified.payload)
        withdrawal = Withdrawal(DirectiveId(wire.directive), wire.body, Pseudonym(wire.person), wire.at)
        return VerifiedWithdrawal(withdrawal, self.jws)


@dataclass(frozen=True, slots=True)
class LogPosition:
    """Where the deletion stands in the body's transparency log; `leaf` is the leaf hash in base64url."""

    index: int
    size: int | None = None
    leaf: str | None = None


@dataclass(frozen=True, slots=True)
class DeletionReceipt:
    """A body's word that it holds no fragment of this directive any more."""

    body: Body
    directive: DirectiveId
    withdrawn_at: datetime
    fragments_deleted: int
    log: LogPosition


class _LogWire(WireModel):
    index: Count
    size: Count | None = None
    leaf: Identifier | None = None


class _ReceiptWire(WireModel):
    body: Body
    directive: Identifier
    withdrawn_at: Instant
    fragments_deleted: Count
    log: _LogWire


def deletion_receipt(receipt: DeletionReceipt, *, key: PrivateKey, kid: str) -> str:
    """W3: sign, with the body's own key, that the fragments of a withdrawn directive are deleted."""
    log: dict[str, JsonValue] = {"index": receipt.log.index}
    if receipt.log.size is not None:
        log["size"] = receipt.log.size
    if receipt.log.leaf is not None:
        log["leaf"] = receipt.log.leaf
    payload: JsonObject = {
        "body": receipt.body,
        "directive": receipt.directive,
        "withdrawn_at": write(receipt.withdrawn_at),
        "fragments_deleted": receipt.fragments_deleted,
        "log": log,
    }
    return jws.sign(payload, typ=DELETION_RECEIPT, key=key, kid=kid)


def verify_deletion_receipt(token: str, key: PublicKey) -> DeletionReceipt:
    """Check a receipt with the public key of the body that the reader expects it from.

    Raises: SignatureError, or MalformedError if a signed payload has the wrong shape.
    """
    wire = parse(_ReceiptWire, jws.verify(token, typ=DELETION_RECEIPT, key=key).payload)
    return DeletionReceipt(
        body=wire.body,
        directive=DirectiveId(wire.directive),
        withdrawn_at=whole_second(wire.withdrawn_at),
        fragments_deleted=wire.fragments_deleted,
        log=LogPosition(wire.log.index, wire.log.size, wire.log.leaf),
    )
