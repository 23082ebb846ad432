"""The retailer's and the maker's side: articles, purchases, recalls."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from consent.vocabulary import Body
from services.contracts.product_safety.messages import (
    ProductAnswer,
    ProductRequest,
    PurchaseAnswer,
    PurchaseRequest,
    RecallAnswer,
    RecallProgress,
    RecallRecord,
    RecallRequest,
    SerialList,
    SerialRange,
    TradeItemAnswer,
    TradeItemRequest,
)
from services.gateway.errors import RecallFileError
from services.gateway.organisation import Organisation
from services.kit.clock import epoch_seconds
from services.kit.strict_json import StrictJsonError, loads


def register_trade_item(maker: Organisation, gtin: str, name: str) -> None:
    """Name a trade item as the maker's own: nobody else can recall it. Raises: RefusedError."""
    message = TradeItemRequest(gtin=gtin, name=name)
    maker.ask(Body.PRODUCT_SAFETY, "POST", "/gtins", answer=TradeItemAnswer, message=message)


def register_product(
    organisation: Organisation, gtin: str, serial: str, *, name: str | None = None, lot: str | None = None
) -> None:
    """Register one article of a trade item. Raises: RefusedError."""
    message = ProductRequest(gtin=gtin, serial=serial, name=name, lot=lot)
    organisation.ask(Body.PRODUCT_SAFETY, "POST", "/products", answer=ProductAnswer, message=message)


def register_purchase(
    retailer: Organisation, reference: str, gtin: str, *, serial: str, lot: str | None = None
) -> str:
    """Register that a person who presented the card here owns the article from now on; return the ownership's id.

    A later purchase of the same article by somebody else ends it. Raises: RefusedError.
    """
    token = retailer.name_person(reference, Body.PRODUCT_SAFETY).tokens[Body.PRODUCT_SAFETY]
    at = epoch_seconds(retailer.clock())
    message = PurchaseRequest(token=token, gtin=gtin, serial=serial, lot=lot, purchased_at=at)
    answer = retailer.ask(Body.PRODUCT_SAFETY, "POST", "/purchases", answer=PurchaseAnswer, message=message)
    return answer.ownership


def start_recall(
    maker: Organisation,
    record: RecallRecord,
    gtin: str,
    *,
    serials: SerialRange | SerialList | None = None,
    lots: list[str] | None = None,
) -> str:
    """Start a recall of the maker's own trade item; return its id. Raises: RefusedError."""
    message = RecallRequest(recall=record, gtin=gtin, serials=serials, lots=lots)
    return maker.ask(Body.PRODUCT_SAFETY, "POST", "/recalls", answer=RecallAnswer, message=message).recall


def recall_progress(maker: Organisation, recall: str) -> RecallProgress:
    """Return how far a recall is: counts, never who. Raises: RefusedError."""
    return maker.ask(Body.PRODUCT_SAFETY, "GET", f"/recalls/{recall}", answer=RecallProgress)


def read_recall(file: Path, *, number: str | None = None) -> RecallRecord:
    """Take one recall out of a file of the CPSC recall API (one record, or a list; the first, or the one named).

    Raises: RecallFileError naming what is missing.
    """
    try:
        content = loads(file.read_bytes())
    except OSError as error:
        raise RecallFileError(f"{file.name} cannot be read; name a file with a recall record") from error
    except StrictJsonError as error:
        raise RecallFileError(f"{file.name} is not JSON: {error}") from error
    records = [
        each for each in (content if isinstance(content, list) else [content]) if isinstance(each, dict)
    ]
    chosen = [each for each in records if number in (None, each.get("RecallNumber"))]
    if not chosen:
        raise RecallFileError(f"{file.name} holds no such recall record (CPSC form, with RecallNumber)")
    return _record(file.name, chosen[0])


def _record(name: str, published: Mapping[str, Any]) -> RecallRecord:
    try:
        return RecallRecord.from_cpsc(published)
    except ValidationError as error:
        wrong = sorted(
            {".".join(str(part) for part in each["loc"]) for each in error.errors(include_input=False)}
        )
        raise RecallFileError(
            f"{name}: missing or unusable in the recall record: {', '.join(wrong)}"
        ) from error
