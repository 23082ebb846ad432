"""Messages by which officials have people named to the registry by their numbers (J1)."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from consent import personal_number
from consent.errors import MalformedError
from services.contracts.registry.look_ups import Case, Task
from services.kit.encoding import Message

MOST_NUMBERS: Final = 500


def _valid(number: str) -> str:
    try:
        return personal_number.validate(number)
    except MalformedError as error:
        raise ValueError(str(error)) from error


Number = Annotated[str, AfterValidator(_valid)]


class LookUpNumbers(Message):
    """POST /number-look-ups: tokens that name people to the registry, for look-ups and nothing else."""

    numbers: Annotated[list[Number], Field(min_length=1, max_length=MOST_NUMBERS, repr=False)]
    task: Task
    case: Case


class NumberTokens(Message):
    """One token for each number, in order; a number that nobody has gives one that names nobody."""

    tokens: list[str]
