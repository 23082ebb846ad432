"""Codes that are written on paper and said on the telephone."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import MalformedError
from consent.paper_code import RECOVERY_SIGNS, SUSPENSION_SIGNS, canonical, random_code, read, spell

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@given(st.integers(0, 2**128 - 1))
def test_what_is_spelt_is_read_again(value: int) -> None:
    assert read(spell(value, RECOVERY_SIGNS), RECOVERY_SIGNS) == value


@given(st.integers(0, 2**75 - 1), st.integers(0, 15), st.sampled_from(ALPHABET))
def test_every_single_wrong_sign_is_noticed(value: int, place: int, other: str) -> None:
    signs = list(spell(value, SUSPENSION_SIGNS).replace("-", ""))
    if signs[place] == other:
        return
    signs[place] = other
    with pytest.raises(MalformedError):
        read("".join(signs), SUSPENSION_SIGNS)


def test_a_code_is_four_groups_of_four_and_random() -> None:
    codes = {random_code(secrets.token_bytes) for _ in range(50)}
    assert len(codes) == 50
    assert all([len(group) for group in code.split("-")] == [4] * 4 for code in codes)


def test_what_is_misheard_is_taken_as_meant() -> None:
    code = spell(1, SUSPENSION_SIGNS)
    spoken = code.replace("0", "o").replace("1", "l").replace("-", " ").lower()
    assert canonical(spoken, SUSPENSION_SIGNS) == code
    wide = "".join(chr(ord(sign) + 0xFEE0) if sign.isalnum() else "－" for sign in code)
    assert canonical(wide, SUSPENSION_SIGNS) == code


@pytest.mark.parametrize("text", ["", "----", "0000-0000-0000", "U" * 16, "é" * 16])
def test_other_texts_are_no_codes(text: str) -> None:
    with pytest.raises(MalformedError):
        read(text, SUSPENSION_SIGNS)
