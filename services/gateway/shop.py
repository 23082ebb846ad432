"""The retailer's and the maker's side: articles, purchases, recalls."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from consent.vocabulary import Body
from services.contracts.product_safety.client import ProductSafetyClient
from services.contracts.product_safety.messages import (
    ProductRequest,
    PurchaseRequest,
    RecallProgress,
    RecallRecord,
    RecallRequest,
    SerialList,
    SerialRange,
    TradeItemRequest,
)
from services.gateway.errors import RecallFileError
from services.gateway.organisation import Organisation
from services.kit.clock import epoch_seconds
from services.kit.http import Token
from services.kit.strict_json import StrictJsonError, loads

Answer = TypeVar("Answer")


def register_trade_item(maker: Organisation, gtin: str, name: str) -> None:
    """Name a trade item as the maker's own: nobody else can recall it. Raises: RefusedError."""
    message = TradeItemRequest(gtin=gtin, name=name)
    _ask(maker, lambda centre, token: centre.register_trade_item(message, token=token))


def register_product(
    organisation: Organisation, gtin: str, serial: str, *, name: str | None = None, lot: str | None = None
) -> None:
    """Register one article of a trade item. Raises: RefusedError."""
    message = ProductRequest(gtin=gtin, serial=serial, name=name, lot=lot)
    _ask(organisation, lambda centre, token: centre.register_product(message, token=token))


def register_purchase(
    retailer: Organisation, reference: str, gtin: str, *, serial: str, lot: str | None = None
) -> str:
    """Register that a person who presented the card here owns the article from now on; return the ownership's id.

    A later purchase of the same article by somebody else ends it. Raises: RefusedError.
    """
    token = retailer.name_person(reference, Body.PRODUCT_SAFETY).tokens[Body.PRODUCT_SAFETY]
    at = epoch_seconds(retailer.clock())
    message = PurchaseRequest(token=token, gtin=gtin, serial=serial, lot=lot, purchased_at=at)
    return _ask(retailer, lambda centre, token: centre.register_purchase(message, token=token)).ownership


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
    return _ask(maker, lambda centre, token: centre.start_recall(message, token=token)).recall


def recall_progress(maker: Organisation, recall: str) -> RecallProgress:
    """Return how far a recall is: counts, never who. Raises: RefusedError."""
    return _ask(maker, lambda centre, token: centre.recall_progress(recall, token=token))


def _ask(organisation: Organisation, call: Callable[[ProductSafetyClient, Token], Answer]) -> Answer:
    return organisation.ask(Body.PRODUCT_SAFETY, lambda http, token: call(ProductSafetyClient(http), token))


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
