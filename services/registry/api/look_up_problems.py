"""How the wire words refused look-ups: one problem for each rule."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from services.contracts.registry.look_ups import MOST_HITS, LookUpRefusal
from services.kit.problems import ForbiddenError, Problem
from services.registry.errors import LookUpRefusedError

_FORMS: Final = "Ask by number, by name and address, or by name and birth date."
_WORDS: Final[Mapping[LookUpRefusal, tuple[str, str]]] = {
    LookUpRefusal.ROLE_MISSING: (
        "A role is missing",
        "Ask the organisation's administrator for the role inquirer.",
    ),
    LookUpRefusal.TASK_NOT_LISTED: (
        "This task is not on the list of your organisation",
        "Name one of the listed tasks; for any other there is no look-up.",
    ),
    LookUpRefusal.CARD_STOPPED: (
        "This operator's card is stopped: it asked too often",
        "Tell your supervisor; two people together lift the stop.",
    ),
    LookUpRefusal.TOO_MANY: (
        "Too many people fit",
        f"Say more about the person; more than {MOST_HITS} are never told.",
    ),
    LookUpRefusal.NUMBER_ALONE: ("A number is asked for alone", "Leave out name, address and birth date."),
    LookUpRefusal.NAME_MISSING: ("The name is missing", _FORMS),
    LookUpRefusal.NAME_ALONE: ("A name alone is not enough", "Add the address or the birth date."),
    LookUpRefusal.ONE_FORM: (
        "Address and birth date are not asked for together",
        "Send the name with one of them.",
    ),
    LookUpRefusal.NAME_EMPTY: ("The name has no character", "Give at least its first character."),
    LookUpRefusal.BIRTH_DATE_INCOMPLETE: (
        "The birth date is not a whole one",
        "Give year, month and day as YYYY-MM-DD.",
    ),
    LookUpRefusal.TWO_PREFIXES: (
        "Only one item may be given by its beginning",
        "Give the full name or the full address.",
    ),
    LookUpRefusal.MUNICIPALITY_MISSING: (
        "The beginning of the address names no municipality",
        "Begin with the prefecture and the municipality.",
    ),
    LookUpRefusal.BEHIND_MUNICIPALITY: (
        "The beginning of the address ends with the municipality",
        "Give at least the first character behind it.",
    ),
}


class LookUpProblemError(ForbiddenError):
    """See `LookUpRefusedError`; the code names the rule."""

    def __init__(self, code: LookUpRefusal) -> None:
        super().__init__()
        title, next_step = _WORDS[code]
        self.problem = Problem(403, code.value, title, next_step)


@contextmanager
def refusals() -> Iterator[None]:
    """Give refused look-ups their words."""
    try:
        yield
    except LookUpRefusedError as refusal:
        raise LookUpProblemError(refusal.code) from refusal
