"""Check digits of personal numbers against published numbers."""

import json

import pytest
from support.shared_data import SHARED, needs

from consent.errors import MalformedError
from consent.personal_number import validate

IDS = SHARED / "vectors" / "ids"
pytestmark = needs(IDS)


def numbers(kind: str) -> list[str]:
    (source,) = IDS.glob("*.json")
    listed = json.loads(source.read_bytes())["mynumber_individual_12"][kind]
    assert listed
    return [str(number) for number in listed]


def test_published_valid_numbers_are_accepted() -> None:
    for number in numbers("valid"):
        assert validate(number) == number


def test_published_invalid_numbers_are_refused_without_repeating_them() -> None:
    for number in numbers("invalid"):
        with pytest.raises(MalformedError) as refusal:
            validate(number)
        assert not number or number not in str(refusal.value)


def test_every_other_check_digit_of_a_valid_number_is_refused() -> None:
    for number in numbers("valid"):
        others = [number[:-1] + digit for digit in "0123456789" if digit != number[-1]]
        for other in others:
            with pytest.raises(MalformedError):
                validate(other)
