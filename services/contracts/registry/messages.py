"""Messages of the resident registry: the four basic items, confirmations, presence."""

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, Strict

from consent.guardians import LegalState
from consent.identifiers import OrganisationId
from consent.vocabulary import BasicItem, ConfirmationReason, Purpose
from consent.wire import ContractName
from services.contracts.registry.change_reasons import ChangeReason
from services.kit.encoding import Base64Url, Message

ASKED_BY: Final = OrganisationId("body:identity")
"""Whom the ID centre's own questions come from, as its tokens and the register call it."""

ItemName = Annotated[BasicItem, Strict(False)]
ItemValue = Annotated[str, Field(min_length=1, max_length=300)]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]


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
    birth_date: Day


class RegisterResident(Message):
    """POST or PUT /residents: the items of the person whom the ID centre's token names, and why they are entered."""

    token: str
    items: BasicItems
    reason: Annotated[ChangeReason, Strict(False)] | None = None


class RegisteredResident(Message):
    """What became of it."""

    resident: Literal["registered", "changed", "unchanged", "departed"]


class Depart(Message):
    """POST /residents/departures: why the person whom the ID centre's token names is no resident any more."""

    token: str
    reason: Annotated[ChangeReason, Strict(False)]


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
    """Whether they are, and how far their age lets them act alone; no birth date."""

    registered: bool
    state: Annotated[LegalState, Strict(False)] | None = None


MATCH_INFO: Final = "identity-match"
"""What the answer of POST /matches is sealed for."""
ELIGIBILITY_TYPE: Final = "sekisho-eligibility+jws"


class CompareIdentity(Message):
    """POST /comparisons: the ID centre asks whether an organisation's own patient is the person of its token."""

    token: str
    organisation: str
    name: ItemValue
    birth_date: Day


class ComparedIdentity(Message):
    """Yes or no for each item, and no value."""

    name: bool
    birth_date: bool


class MatchIdentity(Message):
    """POST /matches: the ID centre asks whether name and birth date are those of exactly one resident."""

    organisation: str
    name: ItemValue
    birth_date: Day


class MatchedIdentity(Message):
    """The ID centre's handle of that one resident, sealed to it; null for none and for several."""

    person: Base64Url | None


class Membership(Message):
    """Insured by the municipality (National Health Insurance): insurer, symbol and number, first and last day."""

    insurer_number: Annotated[str, Field(pattern=r"^[0-9]{8}$")]
    symbol: Annotated[str, Field(min_length=1, max_length=40)]
    number: Annotated[str, Field(min_length=1, max_length=40)]
    valid_from: Day
    valid_until: Day


class RegisterMembership(Message):
    """PUT /insurances: the insurer's entry about the person whom the ID centre's token names."""

    token: str
    membership: Membership


class RegisteredMembership(Message):
    """What became of it."""

    insurance: Literal["registered"]


class AskEligibility(Message):
    """POST /eligibilities: is the person who was identified at this organisation just now insured today?"""

    token: str


class Eligibility(Message):
    """The registry's signed answer (JWS of type ELIGIBILITY_TYPE over `EligibilityClaims`)."""

    eligibility: str


class EligibilityClaims(Message):
    """What is signed: for whom, to which question (SHA-256 of its token), the answer, and the membership if insured."""

    organisation: str
    question: Base64Url
    at: int
    eligible: bool
    membership: Membership | None
