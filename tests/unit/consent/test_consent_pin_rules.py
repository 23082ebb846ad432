"""Which PINs and hints a person may choose."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.pin_rules import PinRuleError, check_authentication_pin, check_hint, check_signature_pin

BORN = date(1984, 2, 29)
DIGITS = st.text("0123456789", min_size=4, max_size=4)
NOISE = st.text("-._ かな", max_size=3)


@pytest.mark.parametrize("pin", ["2583", "0741", "9090"])
def test_four_digits_that_are_not_trivial_are_taken(pin: str) -> None:
    check_authentication_pin(pin, birth_date=BORN)


@pytest.mark.parametrize(
    "pin",
    ["", "258", "25833", "25a3", "２５８３", "0000", "1234", "9876", "1984", "0229", "2902", "8402", "0284"],
)
def test_four_digits_of_another_form_runs_and_birth_dates_are_refused(pin: str) -> None:
    with pytest.raises(PinRuleError) as refusal:
        check_authentication_pin(pin, birth_date=BORN)
    assert not pin or pin not in str(refusal.value)


def test_birth_date_is_no_rule_where_it_is_not_known() -> None:
    check_authentication_pin("0229")


@pytest.mark.parametrize("pin", ["kaki5678", "KAKI2026", "a1b2c3", "z123456789012345"])
def test_letters_with_digits_are_taken(pin: str) -> None:
    check_signature_pin(pin, birth_date=BORN)


@pytest.mark.parametrize(
    "pin",
    ["", "kak12", "kaki-5678", "柿kaki5678", "kakinoki", "25832583", "abc123", "AAA111", "x840229", "k1" * 9],
)
def test_signing_pins_of_another_form_and_trivial_ones_are_refused(pin: str) -> None:
    with pytest.raises(PinRuleError):
        check_signature_pin(pin, birth_date=BORN)


@given(
    DIGITS,
    NOISE,
    st.sampled_from(["0123456789", "０１２３４５６７８９", "〇一二三四五六七八九"]),
    st.booleans(),
)
def test_no_hint_tells_the_pin_however_it_is_written(
    pin: str, noise: str, script: str, backwards: bool
) -> None:
    told = noise.join(script[int(digit)] for digit in (reversed(pin) if backwards else pin))
    with pytest.raises(PinRuleError):
        check_hint(f"my number {told} !", pin)


@pytest.mark.parametrize("hint", ["the house by the sea", "祖母の電話番号の終わり", "bus line 25, then 38"])
def test_other_hints_are_taken(hint: str) -> None:
    check_hint(hint, "2583")


@pytest.mark.parametrize("hint", ["", "   ", "long " * 20])
def test_hint_has_a_length(hint: str) -> None:
    with pytest.raises(PinRuleError, match="1 to 60"):
        check_hint(hint, "2583")
