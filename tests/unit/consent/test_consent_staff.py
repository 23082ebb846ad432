"""Masks of staff: what a person sees, what opens, and what does not."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import MalformedError, SealError
from consent.staff import (
    LONGEST_NAME,
    PSEUDONYM_PATTERN,
    SEALED_BYTES,
    StaffMask,
    StaffMember,
    mask,
    open_mask,
)

OVERSIGHT = X25519PrivateKey.from_private_bytes(bytes(range(32)))
texts = st.text("abcdefghij-0123456789", min_size=1, max_size=40)
members = st.builds(
    StaffMember, texts, texts, texts, st.text(min_size=1, max_size=LONGEST_NAME).filter(str.isprintable)
)
DOCTOR = StaffMember("clinic-b", "doctor", "desk", "佐藤 花子")


def masked(member: StaffMember = DOCTOR, person: str = "hanako", key: bytes = bytes(32)) -> StaffMask:
    return mask(member, person=person, key=key, oversight=OVERSIGHT.public_key())


@given(member=members, person=texts, key=st.binary(min_size=32, max_size=32))
def test_what_is_sealed_opens_to_what_the_log_commits_to(
    member: StaffMember, person: str, key: bytes
) -> None:
    made = masked(member, person, key)
    found = open_mask(OVERSIGHT, made.sealed, organisation=member.organisation, pseudonym=made.pseudonym)
    assert (found.opening.operator, found.opening.terminal, found.name) == (
        member.operator,
        member.terminal,
        member.name,
    )
    assert found.fits(replace(found.opening, salt=made.salt).commitment())
    assert StaffMask.read(made.payload()) == made
    assert len(made.sealed) == SEALED_BYTES


@given(one=st.tuples(texts, texts), other=st.tuples(texts, texts))
def test_pseudonym_is_of_one_operator_and_one_person(one: tuple[str, str], other: tuple[str, str]) -> None:
    names = [
        masked(replace(DOCTOR, operator=operator), person).pseudonym for operator, person in (one, other)
    ]
    assert (names[0] == names[1]) == (one == other)
    assert all(len(name) == 16 and name.islower() | name.isdecimal() for name in names)


def test_terminal_and_name_leave_the_pseudonym_as_it_is() -> None:
    names = {
        masked(each).pseudonym for each in (DOCTOR, replace(DOCTOR, terminal="x"), replace(DOCTOR, name="x"))
    }
    assert len(names) == 1


@pytest.mark.parametrize(
    ("organisation", "pseudonym"), [("clinic-c", None), ("clinic-b", "abcdefghijklmnop")]
)
def test_what_was_sealed_for_another_entry_does_not_open(organisation: str, pseudonym: str | None) -> None:
    made = masked()
    with pytest.raises(SealError):
        open_mask(OVERSIGHT, made.sealed, organisation=organisation, pseudonym=pseudonym or made.pseudonym)


def test_nobody_but_the_oversight_body_opens() -> None:
    made = masked()
    with pytest.raises(SealError):
        open_mask(X25519PrivateKey.generate(), made.sealed, organisation="clinic-b", pseudonym=made.pseudonym)


@pytest.mark.parametrize(
    ("member", "value"),
    [("pseudonym", "A" * 16), ("pseudonym", "abc"), ("salt", "AA"), ("sealed", "AA"), ("more", "x")],
)
def test_mask_of_another_form_is_refused(member: str, value: str) -> None:
    with pytest.raises(MalformedError):
        StaffMask.read({**masked().payload(), member: value})


@pytest.mark.parametrize("name", ["", "x" * (LONGEST_NAME + 1)])
def test_name_that_is_none_or_too_long_is_refused(name: str) -> None:
    with pytest.raises(MalformedError):
        replace(DOCTOR, name=name)


def test_identifiers_that_would_show_by_their_length_are_refused() -> None:
    assert PSEUDONYM_PATTERN
    with pytest.raises(MalformedError):
        masked(replace(DOCTOR, operator="x" * 600))
