"""The closed list of what a look-up may ask (J1), and whom a question fits.

1. by number, alone;
2. name and full address;  3. name and full birth date;
4. beginning of the name and full address;
5. full name and how the address begins, at least one character behind the municipality;
6. beginning of the name and full birth date.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from consent.vocabulary import BasicItem
from services.contracts.registry.look_ups import LookUpRefusal, Match, Query, Sought
from services.contracts.registry.municipalities import split_address
from services.contracts.registry.spelling import fold_address, fold_address_start, fold_name


class Form(StrEnum):
    """Which of the six."""

    NUMBER = "number"
    NAME_ADDRESS = "name_address"
    NAME_BIRTH_DATE = "name_birth_date"
    NAME_START_ADDRESS = "name_start_address"
    NAME_ADDRESS_START = "name_address_start"
    NAME_START_BIRTH_DATE = "name_start_birth_date"


@dataclass(frozen=True, slots=True)
class Question:
    """An allowed question in the searched spelling; what its form does not use is empty."""

    form: Form
    name: str = ""
    address: str = ""
    birth_date: str = ""

    def __repr__(self) -> str:
        return f"Question({self.form.value}, ...)"

    def fits(self, items: Mapping[BasicItem, str]) -> bool:
        """Tell whether the question is about somebody with these items."""
        name = fold_name(items[BasicItem.NAME])
        match self.form:
            case Form.NUMBER:
                return False
            case Form.NAME_BIRTH_DATE:
                return (name, items[BasicItem.BIRTH_DATE]) == (self.name, self.birth_date)
            case Form.NAME_START_BIRTH_DATE:
                return name.startswith(self.name) and items[BasicItem.BIRTH_DATE] == self.birth_date
        address = fold_address(items[BasicItem.ADDRESS])
        match self.form:
            case Form.NAME_ADDRESS:
                return (name, address) == (self.name, self.address)
            case Form.NAME_START_ADDRESS:
                return name.startswith(self.name) and address == self.address
            case Form.NAME_ADDRESS_START:
                return name == self.name and f"{address}-".startswith(self.address)


def question_of(query: Query) -> Question | LookUpRefusal:
    """Return the question in the searched spelling, or the rule that it breaks."""
    if query.token is not None:
        alone = (query.name, query.address, query.birth_date) == (None, None, None)
        return Question(Form.NUMBER) if alone else LookUpRefusal.NUMBER_ALONE
    if query.name is None:
        return LookUpRefusal.NAME_MISSING
    if query.address is not None and query.birth_date is not None:
        return LookUpRefusal.ONE_FORM
    name = fold_name(query.name.text)
    if not name:
        return LookUpRefusal.NAME_EMPTY
    if query.birth_date is not None:
        return _by_birth_date(name, query.name.match, query.birth_date)
    if query.address is None:
        return LookUpRefusal.NAME_ALONE
    return _by_address(name, query.name.match, query.address)


def _by_birth_date(name: str, match: Match, birth_date: str) -> Question | LookUpRefusal:
    try:
        date.fromisoformat(birth_date)
    except ValueError:
        return LookUpRefusal.BIRTH_DATE_INCOMPLETE
    form = Form.NAME_BIRTH_DATE if match is Match.FULL else Form.NAME_START_BIRTH_DATE
    return Question(form, name, birth_date=birth_date)


def _by_address(name: str, match: Match, sought: Sought) -> Question | LookUpRefusal:
    if sought.match is Match.FULL:
        form = Form.NAME_ADDRESS if match is Match.FULL else Form.NAME_START_ADDRESS
        return Question(form, name, fold_address(sought.text))
    if match is Match.PREFIX:
        return LookUpRefusal.TWO_PREFIXES
    start = fold_address_start(sought.text)
    parts = split_address(start)
    if parts is None:
        return LookUpRefusal.MUNICIPALITY_MISSING
    if not parts[1]:
        return LookUpRefusal.BEHIND_MUNICIPALITY
    return Question(Form.NAME_ADDRESS_START, name, start)
