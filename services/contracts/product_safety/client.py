"""What the product safety centre offers, and the client that asks it over HTTP."""

from typing import Protocol

from services.contracts.product_safety.messages import (
    Inbox,
    ProductAnswer,
    ProductRequest,
    PurchaseAnswer,
    PurchaseRequest,
    ReadAnswer,
    ReadRequest,
    RecallAnswer,
    RecallProgress,
    RecallRequest,
    TradeItemAnswer,
    TradeItemRequest,
)
from services.kit.encoding import Message
from services.kit.http import Http, Token


class ProductSafety(Protocol):
    """The centre as sellers, makers and owners see it.

    Raises: RemoteProblemError with the code of the problem document, from every method.
    """

    def register_trade_item(self, message: TradeItemRequest, *, token: Token) -> TradeItemAnswer:
        """Name a trade item as the maker's own (operator with role recaller)."""

    def register_product(self, message: ProductRequest, *, token: Token) -> ProductAnswer:
        """Register one article (role seller or recaller)."""

    def register_purchase(self, message: PurchaseRequest, *, token: Token) -> PurchaseAnswer:
        """Register who owns an article from now on (role seller)."""

    def start_recall(self, message: RecallRequest, *, token: Token) -> RecallAnswer:
        """Start a recall of one's own trade item (role recaller); the same request again finds it."""

    def recall_progress(self, recall: str, *, token: Token) -> RecallProgress:
        """Count owners, notices and readings of one's own recall (role recaller)."""

    def inbox(self, *, token: Token) -> Inbox:
        """Return the person's notices, newest first."""

    def mark_read(self, message: ReadRequest, *, token: Token) -> ReadAnswer:
        """Say that the person read a notice."""


class ProductSafetyClient:
    """The centre over HTTP. Raises besides: PeerUnavailableError."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def register_trade_item(self, message: TradeItemRequest, *, token: Token) -> TradeItemAnswer:
        """See `ProductSafety`."""
        return TradeItemAnswer.model_validate_json(self._post("/gtins", message, token))

    def register_product(self, message: ProductRequest, *, token: Token) -> ProductAnswer:
        """See `ProductSafety`."""
        return ProductAnswer.model_validate_json(self._post("/products", message, token))

    def register_purchase(self, message: PurchaseRequest, *, token: Token) -> PurchaseAnswer:
        """See `ProductSafety`."""
        return PurchaseAnswer.model_validate_json(self._post("/purchases", message, token))

    def start_recall(self, message: RecallRequest, *, token: Token) -> RecallAnswer:
        """See `ProductSafety`."""
        return RecallAnswer.model_validate_json(self._post("/recalls", message, token))

    def recall_progress(self, recall: str, *, token: Token) -> RecallProgress:
        """See `ProductSafety`."""
        return RecallProgress.model_validate_json(self._get(f"/recalls/{recall}", token))

    def inbox(self, *, token: Token) -> Inbox:
        """See `ProductSafety`."""
        return Inbox.model_validate_json(self._get("/inbox", token))

    def mark_read(self, message: ReadRequest, *, token: Token) -> ReadAnswer:
        """See `ProductSafety`."""
        return ReadAnswer.model_validate_json(self._post("/inbox/read", message, token))

    def _post(self, path: str, message: Message, token: Token) -> bytes:
        content = message.model_dump_json(by_alias=True).encode()
        return self._http.send("POST", path, token=token, content=content).content

    def _get(self, path: str, token: Token) -> bytes:
        return self._http.send("GET", path, token=token).content
