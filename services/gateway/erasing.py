"""Having records of one's own erased: the wallet orders it, and the medical centre's receipt is checked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256

from pydantic import ValidationError

from consent import base64url, jws
from consent.canonical import JsonObject
from consent.errors import ConsentError
from consent.vocabulary import Body
from services.contracts.medical.erasing import (
    ORDER_TYPE,
    RECEIPT_TYPE,
    EraseRecords,
    ErasureReceipt,
    ErasuresClient,
)
from services.gateway.errors import NotVerifiedError
from services.gateway.own_records import OwnRecord
from services.gateway.person import Person
from services.kit.clock import epoch_seconds


@dataclass(frozen=True, slots=True)
class Erased:
    """The medical centre's receipt, as text to keep and as it reads."""

    token: str
    receipt: ErasureReceipt


def with_all_under_one_key(chosen: Collection[OwnRecord], everything: Sequence[OwnRecord]) -> list[OwnRecord]:
    """Return what goes when the chosen records go: everything that was sealed together with one of them."""
    bundles = {each.bundle for each in chosen}
    return [each for each in everything if each.bundle in bundles]


def erase(person: Person, records: Collection[OwnRecord]) -> Erased:
    """Z1, Z4: have the keys of records destroyed. Raises: RefusedError, NotVerifiedError, PeerUnavailableError."""
    bundles = sorted({each.bundle for each in records})
    payload: JsonObject = {
        "body": Body.MEDICAL.value,
        "bundles": list(bundles),
        "at": epoch_seconds(person.clock()),
    }
    order = person.wallet.sign(Body.MEDICAL, ORDER_TYPE, payload)
    told = person.ask(
        Body.MEDICAL, lambda http, token: ErasuresClient(http).erase(EraseRecords(order=order), token=token)
    )
    try:
        key = person.directory().signing_key(Body.MEDICAL)
        verified = jws.verify(told.receipt, typ=RECEIPT_TYPE, key=key).payload
        receipt = ErasureReceipt.model_validate_json(verified)
    except (ConsentError, ValidationError) as error:
        raise NotVerifiedError(
            "the receipt of the erasure does not verify; ask the medical centre"
        ) from error
    digest = base64url.encode(sha256(order.encode()).digest())
    if receipt.order != digest or sorted(each.bundle for each in receipt.bundles) != bundles:
        raise NotVerifiedError("the receipt is for another erasure; ask the medical centre")
    return Erased(told.receipt, receipt)
