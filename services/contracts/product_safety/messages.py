"""The wire forms of the product safety centre.

A recall record keeps the field names of the CPSC recall API, so that a maker can send what was published.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from services.kit.encoding import Message

GTIN_LENGTHS = (8, 12, 13, 14)
MAX_LISTED = 10_000


def normalise_gtin(text: str) -> str:
    """Return a GTIN-8, -12, -13 or -14 as 14 digits.

    Raises: ValueError for another length or a wrong check digit. Source: GS1 General Specifications, section 7.9.
    """
    if len(text) not in GTIN_LENGTHS or not (text.isascii() and text.isdigit()):
        raise ValueError("a GTIN has 8, 12, 13 or 14 digits; copy the number under the bar code")
    padded = text.zfill(14)
    weighted = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(padded))
    if weighted % 10:
        raise ValueError("the GTIN's check digit is wrong; copy the number under the bar code again")
    return padded


Gtin = Annotated[str, AfterValidator(normalise_gtin)]
Serial = Annotated[str, Field(pattern=r"^[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]{1,20}$")]
"""A serial number or lot as GS1 writes it: application identifiers 21 and 10, character set 82."""
Name = Annotated[str, Field(min_length=1, max_length=300)]
Url = Annotated[str, Field(pattern=r"^https?://[!-~]{1,500}$")]
Date = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2})?$")]
Seconds = Annotated[int, Field(ge=0, le=2**40)]
Digits = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]


class RecallStatusName(StrEnum):
    """Where a recall stands."""

    DISPATCHING = "dispatching"
    COMPLETED = "completed"


class TradeItemRequest(Message):
    """POST /gtins: a maker names a trade item as its own."""

    gtin: Gtin
    name: Name


class TradeItemAnswer(Message):
    """The trade item as it is now registered."""

    gtin: Gtin
    name: Name


class ProductRequest(Message):
    """POST /products: one article of a trade item."""

    gtin: Gtin
    serial: Serial
    name: Name | None = None
    lot: Serial | None = None


class ProductAnswer(Message):
    """The article as it is now registered."""

    gtin: Gtin
    serial: Serial
    name: Name | None
    lot: Serial | None


class PurchaseRequest(Message):
    """POST /purchases: the person of the pseudonym token owns the article from `purchased_at` (epoch seconds).

    `disclosure`: the owner agreed at registration that the maker may be given their address in a recall.
    """

    token: Annotated[str, Field(min_length=1, max_length=4000)]
    gtin: Gtin
    serial: Serial
    lot: Serial | None = None
    purchased_at: Seconds
    disclosure: bool = False


class PurchaseAnswer(Message):
    """The ownership, by a random id that stands for nobody elsewhere."""

    ownership: str


class RecalledProduct(Message):
    """One entry of `Products`."""

    name: Annotated[str, Field(alias="Name", max_length=1000)]
    model: Annotated[str | None, Field(alias="Model", max_length=4000)] = None


class Named(Message):
    """One entry of `Hazards` or `Remedies`."""

    name: Annotated[str, Field(alias="Name", min_length=1, max_length=4000)]


class RecallRecord(Message):
    """A recall as published; what is not listed here is not taken."""

    recall_number: Annotated[str, Field(alias="RecallNumber", min_length=1, max_length=40)]
    recall_date: Annotated[Date, Field(alias="RecallDate")]
    title: Annotated[str, Field(alias="Title", min_length=1, max_length=1000)]
    description: Annotated[str, Field(alias="Description", min_length=1, max_length=20_000)]
    url: Annotated[Url, Field(alias="URL")]
    consumer_contact: Annotated[str | None, Field(alias="ConsumerContact", max_length=4000)] = None
    products: Annotated[list[RecalledProduct], Field(alias="Products", min_length=1, max_length=100)]
    hazards: Annotated[list[Named], Field(alias="Hazards", min_length=1, max_length=20)]
    remedies: Annotated[list[Named], Field(alias="Remedies", max_length=20)]

    @classmethod
    def from_cpsc(cls, published: Mapping[str, Any]) -> Self:
        """Return the record of a published one with its further fields left out. Raises: pydantic's ValidationError."""
        inner: dict[str, type[Message]] = {"Products": RecalledProduct, "Hazards": Named, "Remedies": Named}
        kept = _known(cls, published)
        for name, kind in inner.items():
            entries = published.get(name)
            if isinstance(entries, list):
                kept[name] = [_known(kind, each) if isinstance(each, Mapping) else each for each in entries]
        return cls.model_validate(kept)


def _known(kind: type[Message], published: Mapping[str, Any]) -> dict[str, Any]:
    names = {each.alias for each in kind.model_fields.values()}
    return {name: value for name, value in published.items() if name in names}


class SerialRange(Message):
    """Serial numbers from `first` to `last`, both included, compared as numbers."""

    first: Digits
    last: Digits

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if int(self.first) > int(self.last):
            raise ValueError("`first` is greater than `last`")
        return self


class SerialList(Message):
    """Serial numbers one by one; the only way where they are not plain numbers."""

    listed: Annotated[list[Serial], Field(min_length=1, max_length=MAX_LISTED)]


class RecallRequest(Message):
    """POST /recalls: which articles of the trade item; neither serials nor lots named means all of them."""

    recall: RecallRecord
    gtin: Gtin
    serials: SerialRange | SerialList | None = None
    lots: Annotated[list[Serial], Field(min_length=1, max_length=1000)] | None = None


class RecallAnswer(Message):
    """The recall as started; the same request sent again gets the same recall."""

    recall: str
    status: RecallStatusName


class RecallProgress(Message):
    """GET /recalls/{id}: counts, and nothing that tells one owner from another."""

    status: RecallStatusName
    owners: int
    notified: int
    read: int


class Notice(Message):
    """One notice in an owner's inbox; times are epoch seconds."""

    id: str
    recall: str
    title: str
    hazard: str
    remedy: str
    product: str
    contact: str
    url: str
    created_at: int
    read_at: int | None


class Inbox(Message):
    """GET /inbox: the person's notices, newest first."""

    notices: list[Notice]


class ReadRequest(Message):
    """POST /inbox/read: the person has read this notice."""

    notice: Annotated[str, Field(min_length=1, max_length=100)]


class ReadAnswer(Message):
    """When the notice was first marked as read (epoch seconds)."""

    notice: str
    read_at: int
