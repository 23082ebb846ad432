"""Messages of the resident registry: the four basic items, confirmations, presence."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, Strict

from consent.identifiers import OrganisationId
from consent.vocabulary import BasicItem, ConfirmationReason, Purpose
from consent.wire import ContractName
from services.kit.encoding import Message

ASKED_BY: Final = OrganisationId("body:identity")
"""Whom the ID centre's own questions come from, as its tokens and the register call it."""

ItemName = Annotated[BasicItem, Strict(False)]
ItemValue = Annotated[str, Field(min_length=1, max_length=300)]


class Sex(StrEnum):
    """As the resident register writes it."""

    MALE = "male"
    FEMALE = "female"
    OTHER = "other"
    UNKNOWN = "unknown"


class BasicItems(Message):
    """The four basic items of one person; the birth date as YYYY-MM-DD."""

    name: ItemValue
    address: ItemValue
    sex: Annotated[Sex, Strict(False)]
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


class RegisterResident(Message):
    """POST or PUT /residents: the items of the person whom the ID centre's token names."""

    token: str
    items: BasicItems


class RegisteredResident(Message):
    """What became of it."""

    resident: Literal["registered", "changed", "unchanged"]


class Confirm(Message):
    """POST /confirmations: is what the organisation knows still right? By which contract, and why it asks now."""

    token: str
    items: Annotated[dict[ItemName, ItemValue], Field(min_length=1)]
    purpose: Annotated[Purpose, Strict(False)]
    contract: ContractName
    reason: Annotated[ConfirmationReason, Strict(False)]


class Unchanged(Message):
    """The item is as the organisation knows it."""

    status: Literal["unchanged"] = "unchanged"


class Changed(Message):
    """The item has another value now."""

    status: Literal["changed"] = "changed"
    value: str


ItemResult = Annotated[Unchanged | Changed, Field(discriminator="status")]


class Confirmed(Message):
    """One result for each item asked about."""

    results: dict[ItemName, ItemResult]


class AskPresence(Message):
    """POST /presence: the ID centre asks whether the person is in the register."""

    token: str


class Presence(Message):
    """Whether they are, and nothing else."""

    registered: bool
