"""Erasure at the fake medical centre, in memory; see `fake`."""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from consent import base64url, jws
from consent.errors import ConsentError
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import Body
from services.contracts.medical.erasing import (
    ORDER_TYPE,
    RECEIPT_TYPE,
    ErasedBundle,
    EraseRecords,
    ErasureAnswer,
    ErasureOrder,
    ErasureReceipt,
)
from services.contracts.medical.fake_rules import FakePerson, refusal
from services.contracts.medical.messages import LogIndex
from services.kit.clock import epoch_seconds
from services.kit.http import Token

ORDER_SECONDS = 300


class FakeErasures:
    """Serves `Erasures`; `whose` is the person of an access token."""

    def __init__(
        self,
        whose: Callable[[Token], FakePerson],
        clock: Callable[[], datetime],
        *,
        key: Ed25519PrivateKey,
        index: Callable[[], int],
    ) -> None:
        self._whose = whose
        self._clock = clock
        self._key = key
        self._index = index
        self._used: set[str] = set()

    def erase(self, message: EraseRecords, *, token: Token) -> ErasureAnswer:
        """See `Erasures`."""
        person, now = self._whose(token), epoch_seconds(self._clock())
        try:
            payload = jws.verify_with_jwk(message.order, typ=ORDER_TYPE, jwk=person.wallet).payload
            order = ErasureOrder.model_validate_json(payload)
        except (ConsentError, ValidationError):
            raise refusal(403, "erasure_refused") from None
        if order.body is not Body.MEDICAL or abs(now - order.at) > ORDER_SECONDS:
            raise refusal(403, "erasure_refused")
        if message.order in self._used:
            raise refusal(409, "replayed")
        going = [each for each in person.bundles if each.id in order.bundles]
        if {each.id for each in going} != set(order.bundles) or len(going) != len(order.bundles):
            raise refusal(404, "bundle_unknown")
        self._used.add(message.order)
        person.bundles = [each for each in person.bundles if each not in going]
        person.erased |= {one.id for each in going for one in each.documents}
        receipt = ErasureReceipt(
            order=base64url.encode(sha256(message.order.encode()).digest()),
            at=now,
            bundles=[
                ErasedBundle(
                    bundle=each.id, author=each.author, documents=sorted({one.id for one in each.documents})
                )
                for each in going
            ],
            log=LogIndex(index=self._index()),
        )
        kid = thumbprint(to_jwk(self._key.public_key()))
        signed = jws.sign(receipt.model_dump(mode="json"), typ=RECEIPT_TYPE, key=self._key, kid=kid)
        return ErasureAnswer(receipt=signed)
