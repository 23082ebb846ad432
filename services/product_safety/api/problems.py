"""The one table from this centre's errors to problem documents."""

from services.kit.problems import NotFoundError, Problem
from services.product_safety import errors

PROBLEMS: dict[type[Exception], Problem] = {
    errors.TradeItemTakenError: Problem(
        409,
        errors.TradeItemTakenError.code,
        "Another maker has this GTIN",
        "Check the GTIN; if it is yours, write to the oversight body.",
    ),
    errors.NotOwnTradeItemError: Problem(
        403,
        errors.NotOwnTradeItemError.code,
        "Only the maker of a GTIN may recall it",
        "Register the GTIN first (POST /gtins).",
    ),
    errors.ProductConflictError: Problem(
        409,
        errors.ProductConflictError.code,
        "The article is registered differently",
        "Check serial and lot on the article; leave out what you do not know.",
    ),
    errors.PurchaseDateError: Problem(
        400,
        errors.PurchaseDateError.code,
        "The purchase lies in the future",
        "Send the moment of the purchase in epoch seconds.",
    ),
    errors.LaterPurchaseError: Problem(
        409,
        errors.LaterPurchaseError.code,
        "A later purchase of this article is registered",
        "Do not register this purchase; the present owner is known.",
    ),
    errors.RecallConflictError: Problem(
        409,
        errors.RecallConflictError.code,
        "The recall number is in use for another recall",
        "Send the first request unchanged, or use a new number.",
    ),
    errors.UnknownPersonError: Problem(
        400,
        errors.UnknownPersonError.code,
        "The pseudonym token cannot be used",
        "Ask the ID centre for a new token for this body.",
    ),
    errors.UnknownRecallError: NotFoundError.problem,
    errors.UnknownNoticeError: NotFoundError.problem,
    errors.DispatcherError: Problem(
        503,
        errors.DispatcherError.code,
        "The product safety centre is stopping",
        "Send the same request again in a moment; a recall that was stored goes on by itself.",
    ),
}
