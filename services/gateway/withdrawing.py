"""Taking a permission back and showing that it is gone: each body's signed receipt, what is left where one is down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, ValidationError

from consent.directives import (
    DeletionReceipt,
    Effect,
    RecordScope,
    UnverifiedDirective,
    verify_deletion_receipt,
)
from consent.errors import ConsentError
from consent.jwk import thumbprint
from consent.vocabulary import PROXIES, Body
from services.contracts.directives import BodyName, Jwk
from services.contracts.released import Keys
from services.gateway.errors import NotVerifiedError, RefusedError
from services.gateway.person import Person
from services.gateway.wallet_actions import (
    Copy,
    Permission,
    WithdrawalIncompleteError,
    permissions,
    roll,
    withdraw_copies,
)
from services.kit.encoding import Message
from services.kit.http import PeerUnavailableError
from services.kit.keys import write_private

FORMAT: Final = "sekisho-withdrawal/1"
UNAVAILABLE: Final = "unavailable"
SECONDS: Final = frozenset(PROXIES) - {Body.MEDICAL}


class ReceiptOf(Message):
    """One body's copy as the wallet signed it, that wallet's key for the body, and the body's receipt."""

    body: BodyName
    directive: str
    wallet: Jwk
    receipt: str


class WithdrawalFile(Message):
    """The evidence file; `seconds` is how long the bodies took, as the person's device saw it."""

    format: Literal["sekisho-withdrawal/1"]
    receipts: list[ReceiptOf]
    missing: list[BodyName] = Field(default_factory=list)
    seconds: float


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What became of a withdrawal; `missing` are bodies that gave no receipt and may still hold their fragments."""

    receipts: Mapping[Body, tuple[DeletionReceipt, ...]]
    missing: tuple[Body, ...]
    seconds: float
    file: WithdrawalFile

    @property
    def usable(self) -> bool:
        """Whether it can still be read by: two bodies must work together, and the medical centre is one of them."""
        return Body.MEDICAL in self.missing and not SECONDS.isdisjoint(self.missing)


def permissions_at_hand(person: Person) -> tuple[list[Permission], tuple[Body, ...]]:
    """Return what was laid down as those show it who answer, and which bodies do not. Raises: as `permissions`."""
    reachable, silent = [], []
    for body in (*PROXIES, Body.REGISTRY):
        try:
            person.pseudonym(body)
            reachable.append(body)
        except PeerUnavailableError:
            silent.append(body)
        except RefusedError as refused:
            if refused.code != UNAVAILABLE:
                raise
            silent.append(body)
    return permissions(person, bodies=reachable), tuple(silent)


def take_back(person: Person, permission: Permission, *, silent: Sequence[Body] = ()) -> TakenBack:
    """W1 to W4 as far as they go: deletes wherever a body answers; given again, it goes on where it stopped.

    `silent` did not answer when the permission was looked up: their copies are not known. Keys are rolled when nobody
    is missing. Raises: NotVerifiedError for a false receipt; RefusedError.
    """
    began = person.clock()
    kept: list[ReceiptOf] = []
    receipts: dict[Body, tuple[DeletionReceipt, ...]] = {}

    def keep(copy: Copy, receipt: DeletionReceipt, signed: str) -> None:
        receipts[receipt.body] = (*receipts.get(receipt.body, ()), receipt)
        wallet = _wallet(person, receipt.body, copy)
        kept.append(ReceiptOf(body=receipt.body, directive=copy.verified.jws, wallet=wallet, receipt=signed))

    missing = [body for body in silent if body in _concerned(permission)]
    try:
        withdraw_copies(person, permission.copies, keep=keep)
    except WithdrawalIncompleteError as incomplete:
        missing += incomplete.bodies
    seconds = (person.clock() - began).total_seconds()
    scope = permission.terms.scope
    if not missing and isinstance(scope, RecordScope) and permission.terms.effect is Effect.PERMIT:
        roll(person, scope)
    file = WithdrawalFile(format=FORMAT, receipts=kept, missing=missing, seconds=seconds)
    return TakenBack(receipts, tuple(missing), seconds, file)


def save_withdrawal(file: WithdrawalFile, path: Path) -> None:
    """Write the evidence file for `sekisho verify`, mode 0600; an existing file is replaced."""
    path.unlink(missing_ok=True)
    write_private(path, file.model_dump_json(indent=1).encode() + b"\n")


def read_withdrawal(raw: bytes) -> WithdrawalFile | None:
    """Read an evidence file; None where the file is of another format."""
    try:
        return WithdrawalFile.model_validate_json(raw)
    except ValidationError:
        return None


def verify_withdrawal(file: WithdrawalFile, *, keys: Keys) -> list[DeletionReceipt]:
    """Check that each body signed that the fragments of its copy of one and the same directive are deleted.

    Raises: NotVerifiedError.
    """
    receipts, said = [], set()
    for each in file.receipts:
        try:
            receipt = verify_deletion_receipt(each.receipt, keys(each.body))
            directive = UnverifiedDirective(each.directive).verify(each.wallet).directive
        except ConsentError as error:
            raise NotVerifiedError(f"the deletion receipt of {each.body.value} does not verify") from error
        if (receipt.body, receipt.directive) != (each.body, directive.id) or directive.body is not each.body:
            raise NotVerifiedError(f"the deletion receipt of {each.body.value} is for something else")
        receipts.append(receipt)
        said.add(directive.terms)
    if len(said) != 1:
        raise NotVerifiedError("the receipts are for different permissions, or there are none")
    return receipts


def _concerned(permission: Permission) -> frozenset[Body]:
    return frozenset(PROXIES if isinstance(permission.terms.scope, RecordScope) else (Body.REGISTRY,))


def _wallet(person: Person, body: Body, copy: Copy) -> Jwk:
    """Return the wallet key that signed a copy: the present one, or one before it."""
    kid = UnverifiedDirective(copy.verified.jws).kid
    known = (person.wallet.public_jwk(body), *person.former_keys(body))
    return dict(next(each for each in known if thumbprint(each) == kid))
