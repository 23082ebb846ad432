"""Having many people named at once, as a bank does that asks about a file of customers."""

from typing import Annotated, Final

from pydantic import Field

from consent.vocabulary import Body
from services.contracts.identity.messages import BodyName, PseudonymTokens, Reference
from services.kit.encoding import Message

MOST_REFERENCES: Final = 1000
"""In one message; a centre may take fewer."""
ALWAYS_TAKEN: Final = 8
"""So many every centre takes."""


class RequestPeopleNamed(Message):
    """POST /pseudonym-tokens/batch: tokens that name each of these people to the given bodies."""

    references: Annotated[list[Reference], Field(min_length=1, max_length=MOST_REFERENCES)]
    bodies: Annotated[list[BodyName], Field(min_length=1, max_length=len(Body))]


class PeopleNamed(Message):
    """One entry for each reference, in order; null where the organisation has nobody under it."""

    people: list[PseudonymTokens | None]
