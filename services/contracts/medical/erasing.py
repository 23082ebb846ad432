"""Erasure of records at the medical centre: the person's order, the centre's receipt, and the client."""

from typing import Annotated, Final, Protocol

from pydantic import Field

from consent.vocabulary import Body
from services.contracts.medical.messages import LogIndex, Name, SignedText
from services.kit.encoding import Message
from services.kit.http import Http, Token

ORDER_TYPE: Final = "sekisho-erasure+jws"
RECEIPT_TYPE: Final = "sekisho-erasure-receipt+jws"
FAULT: Final = "erased_by_person"
"""What notices to who wrote or read the records call it."""
MOST_BUNDLES: Final = 1000


class ErasureOrder(Message):
    """Payload of the order, signed by the wallet: which bundles of the person's, at this body. Units: epoch seconds."""

    body: Annotated[Body, Field(strict=False)]
    bundles: Annotated[list[Name], Field(min_length=1, max_length=MOST_BUNDLES)]
    at: int


class EraseRecords(Message):
    """POST /erasures (the person): the order, a JWS of type `ORDER_TYPE`."""

    order: SignedText


class ErasureAnswer(Message):
    """Answer of POST /erasures: the receipt, a JWS of type `RECEIPT_TYPE` by the medical centre."""

    receipt: str


class ErasedBundle(Message):
    """One bundle whose content key was destroyed, and the documents that only it opened."""

    bundle: str
    author: str
    documents: list[str]


class ErasureReceipt(Message):
    """Payload of the receipt: what was destroyed, by which order (SHA-256, base64url), when, and where it is logged."""

    order: str
    at: int
    bundles: list[ErasedBundle]
    log: LogIndex


class Erasures(Protocol):
    """What the client and the fake both do. Raises: RemoteProblemError, PeerUnavailableError."""

    def erase(self, message: EraseRecords, *, token: Token) -> ErasureAnswer:
        """Destroy the content keys of the person's own bundles, and their ciphertext (the person)."""


class ErasuresClient:
    """See `Erasures`."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def erase(self, message: EraseRecords, *, token: Token) -> ErasureAnswer:
        """See `Erasures`."""
        content = message.model_dump_json().encode()
        return ErasureAnswer.model_validate_json(
            self._http.send("POST", "/erasures", token=token, content=content).content
        )
