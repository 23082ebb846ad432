"""The rules of the product safety centre, pure."""

from consent.identifiers import OrganisationId
from services.contracts.product_safety.messages import RecallRequest, SerialList, SerialRange
from services.product_safety.errors import (
    LaterPurchaseError,
    NotOwnTradeItemError,
    ProductConflictError,
    PurchaseDateError,
    TradeItemTakenError,
)
from services.product_safety.model import Ownership, Product, TradeItem

RANK_DIGITS = 20
CLOCK_SKEW_SECONDS = 300


def serial_rank(serial: str) -> str | None:
    """Return a text that orders serials as the numbers they are; None for a serial that is not a plain number."""
    return serial.zfill(RANK_DIGITS) if serial.isascii() and serial.isdigit() else None


def covers(request: RecallRequest, *, serial: str, lot: str | None) -> bool:
    """Tell whether a recall of its trade item concerns an article.

    An article whose lot nobody registered is concerned: a needless notice harms less than a missing one.
    """
    return _covers_serial(request.serials, serial) and (
        request.lots is None or lot is None or lot in request.lots
    )


def _covers_serial(serials: SerialRange | SerialList | None, serial: str) -> bool:
    match serials:
        case None:
            return True
        case SerialList(listed=listed):
            return serial in listed
        case SerialRange(first=first, last=last):
            return serial_rank(serial) is not None and int(first) <= int(serial) <= int(last)


def check_maker(item: TradeItem | None, organisation: OrganisationId) -> TradeItem:
    """Return the trade item if it is the organisation's own. Raises: NotOwnTradeItemError, also when unknown."""
    if item is None or item.maker != organisation:
        raise NotOwnTradeItemError("register the GTIN as this maker's own before recalling it")
    return item


def check_registrant(item: TradeItem | None, organisation: OrganisationId) -> None:
    """Let a maker register a GTIN that is free or its own. Raises: TradeItemTakenError."""
    if item is not None and item.maker != organisation:
        raise TradeItemTakenError("another maker registered this GTIN; ask the oversight body to settle it")


def merge(known: Product, told: Product) -> Product:
    """Return the known article with what was not known before. Raises: ProductConflictError."""
    for before, now in ((known.lot, told.lot), (known.name, told.name)):
        if before is not None and now is not None and before != now:
            raise ProductConflictError(
                "this article is registered with another lot or name; check the serial"
            )
    return Product(
        known.gtin, known.serial, known.serial_rank, known.lot or told.lot, known.name or told.name
    )


def check_purchase_date(purchased_at: int, *, now: int) -> None:
    """Raise PurchaseDateError for a purchase that has not happened yet."""
    if purchased_at > now + CLOCK_SKEW_SECONDS:
        raise PurchaseDateError("the purchase lies in the future; check the date and this machine's clock")


def check_succession(present: Ownership, *, purchased_at: int) -> None:
    """Let a later purchase end an ownership. Raises: LaterPurchaseError."""
    if purchased_at < present.purchased_at:
        raise LaterPurchaseError(
            "somebody bought this article later than that; an earlier owner is not needed"
        )
