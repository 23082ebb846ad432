"""Messages of look-ups by officials (J1, J2, J11): what may be asked, and what is answered."""

import unicodedata
from enum import StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, Strict

from consent.identifiers import OrganisationId
from services.contracts.registry.messages import BasicItems
from services.kit.encoding import Message

MOST_HITS: Final = 50
MOST_QUERIES: Final = 500


def asked_by_number(organisation: OrganisationId) -> OrganisationId:
    """Return whom the ID centre's token for a number is for: this organisation's look-ups, and nothing else of it."""
    return OrganisationId(f"look-ups by number/{organisation}")


def _plain(text: str) -> str:
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in text):
        raise ValueError("control characters are not part of a name or an address")
    return text


Text = Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_plain)]
Task = Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
Case = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_plain)]
BatchId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]


class Match(StrEnum):
    """Whether a text is the whole item, or how it begins (前方一致)."""

    FULL = "full"
    PREFIX = "prefix"


class Sought(Message):
    """A name or an address that is looked for."""

    text: Text
    match: Annotated[Match, Strict(False)] = Match.FULL


class Query(Message):
    """What is known of somebody. `token` is the ID centre's for a number; part of a birth date is refused by rule."""

    token: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    name: Sought | None = None
    address: Sought | None = None
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")] | None = None


class LookUp(Message):
    """POST /look-ups: one question, for a task of the closed list, with the official's own case number."""

    query: Query
    task: Task
    case: Case


class LookedUp(Message):
    """Everybody whom the question fits, at most 50; nobody is an empty list."""

    residents: Annotated[list[BasicItems], Field(max_length=MOST_HITS)]


class LookUpBatch(Message):
    """POST /look-ups/batch: a part of a file; `batch` is common to all parts of it."""

    queries: Annotated[list[Query], Field(min_length=1, max_length=MOST_QUERIES)]
    task: Task
    case: Case
    batch: BatchId


class BatchResult(Message):
    """What became of one row: a refusal's code, or whom it fits."""

    refused: str | None = None
    residents: Annotated[list[BasicItems], Field(max_length=MOST_HITS)] = Field(default_factory=list)


class BatchLookedUp(Message):
    """One result for each query, in order."""

    results: list[BatchResult]


class LookUpRefusal(StrEnum):
    """Why nothing is answered; the codes are stable."""

    ROLE_MISSING = "role_missing"
    TASK_NOT_LISTED = "task_not_listed"
    CARD_STOPPED = "look_ups_stopped"
    TOO_MANY = "too_many_hits"
    NUMBER_ALONE = "look_up_number_alone"
    NAME_MISSING = "look_up_name_missing"
    NAME_ALONE = "look_up_name_alone"
    ONE_FORM = "look_up_one_form"
    NAME_EMPTY = "look_up_name_empty"
    BIRTH_DATE_INCOMPLETE = "look_up_birth_date_incomplete"
    TWO_PREFIXES = "look_up_two_prefixes"
    MUNICIPALITY_MISSING = "look_up_municipality_missing"
    BEHIND_MUNICIPALITY = "look_up_behind_municipality"
