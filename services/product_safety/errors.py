"""Errors of the product safety centre; `code` is what the wire and the journal call them."""

from typing import ClassVar


class ProductSafetyError(Exception):
    """Base of what is refused here."""

    code: ClassVar[str] = "refused"


class TradeItemTakenError(ProductSafetyError):
    """Another maker has registered the GTIN."""

    code = "trade_item_taken"


class NotOwnTradeItemError(ProductSafetyError):
    """The organisation is not the maker of the GTIN."""

    code = "not_own_trade_item"


class ProductConflictError(ProductSafetyError):
    """The article is registered with another name or lot."""

    code = "product_conflict"


class PurchaseDateError(ProductSafetyError):
    """The purchase lies in the future."""

    code = "purchase_date"


class LaterPurchaseError(ProductSafetyError):
    """Somebody registered the article after the moment that is now named as the purchase."""

    code = "later_purchase"


class RecallConflictError(ProductSafetyError):
    """The recall number stands for another recall of the same trade item."""

    code = "recall_conflict"


class UnknownPersonError(ProductSafetyError):
    """The pseudonym token names nobody to this body."""

    code = "pseudonym_token"


class UnknownRecallError(ProductSafetyError):
    """This organisation has no such recall."""

    code = "not_found"


class UnknownNoticeError(ProductSafetyError):
    """This person has no such notice."""

    code = "not_found"


class RecallStateError(ProductSafetyError):
    """A recall cannot go from one state to another."""

    code = "recall_state"


class DispatcherError(ProductSafetyError):
    """The workflow engine of this process is already in use, or not started."""

    code = "unavailable"
