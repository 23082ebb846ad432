"""The PIN protocol from both sides, and personal numbers."""

from secrets import token_bytes

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from hypothesis import given
from hypothesis import strategies as st

from consent.errors import MalformedError, SealError
from consent.personal_number import generate, validate
from consent.pin import PinKey, check_proof, derive, proof_digest, unwrap, wrap

SECRET, SHARE, ROUNDS = bytes(range(32)), bytes(range(32, 64)), 1_000
RIGHT = derive("1234", SECRET, "authentication", ROUNDS)


def other_keys() -> dict[str, PinKey]:
    return {
        "another PIN": derive("1235", SECRET, "authentication", ROUNDS),
        "another file": derive("1234", bytes(32), "authentication", ROUNDS),
        "another application": derive("1234", SECRET, "signature", ROUNDS),
    }


def test_right_pin_proves_itself_and_unwraps() -> None:
    again = derive("1234", SECRET, "authentication", ROUNDS)
    assert check_proof(again.proof(), proof_digest(RIGHT.proof()))
    wrapped = wrap(RIGHT.wrapping_key(SHARE), b"card key", randomness=token_bytes, context=b"card 1")
    assert unwrap(again.wrapping_key(SHARE), wrapped, context=b"card 1") == b"card key"


@pytest.mark.parametrize("which", list(other_keys()))
def test_anything_else_neither_proves_nor_unwraps(which: str) -> None:
    wrong = other_keys()[which]
    assert not check_proof(wrong.proof(), proof_digest(RIGHT.proof()))
    wrapped = wrap(RIGHT.wrapping_key(SHARE), b"card key", randomness=token_bytes, context=b"card 1")
    with pytest.raises(SealError):
        unwrap(wrong.wrapping_key(SHARE), wrapped, context=b"card 1")


def test_right_pin_without_the_id_centres_share_unwraps_nothing() -> None:
    wrapped = wrap(RIGHT.wrapping_key(SHARE), b"card key", randomness=token_bytes, context=b"card 1")
    with pytest.raises(SealError):
        unwrap(RIGHT.wrapping_key(bytes(32)), wrapped, context=b"card 1")


def test_right_share_without_the_file_secret_proves_nothing_for_any_pin() -> None:
    stored = proof_digest(RIGHT.proof())
    guesses = (derive(f"{pin:04d}", bytes(32), "authentication", ROUNDS) for pin in (0, 1234, 9999))
    assert not any(check_proof(guess.proof(), stored) for guess in guesses)


@given(st.binary(max_size=60), st.binary(max_size=10), st.integers(min_value=0))
def test_wrapped_secret_opens_unchanged_and_in_its_context_only(
    secret: bytes, context: bytes, position: int
) -> None:
    key = RIGHT.wrapping_key(SHARE)
    wrapped = wrap(key, secret, randomness=token_bytes, context=context)
    assert unwrap(key, wrapped, context=context) == secret
    changed = bytearray(wrapped)
    changed[position % len(changed)] ^= 1
    for raw, bound in ((bytes(changed), context), (wrapped, context + b"x"), (wrapped[:11], context)):
        with pytest.raises(SealError):
            unwrap(key, raw, context=bound)


def test_pin_key_matches_the_documented_construction() -> None:
    """The same computation as a browser makes it, from the primitives that WebCrypto has."""
    salt = SECRET + b"authentication"
    stretched = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=ROUNDS).derive(b"1234")
    mac = HMAC(stretched, SHA256())
    mac.update(b"proof")
    assert RIGHT.proof() == mac.finalize()
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=bytes(32), info=b"sekisho-pin-wrapping-key/1")
    assert RIGHT.wrapping_key(SHARE) == hkdf.derive(stretched + SHARE + SECRET)


def test_pin_key_hides_itself() -> None:
    assert repr(RIGHT) == "PinKey(...)"
    with pytest.raises(TypeError):
        hash(RIGHT)


@pytest.mark.parametrize(
    ("pin", "secret", "application", "rounds"),
    [
        ("", SECRET, "a", ROUNDS),
        ("1", SECRET[1:], "a", ROUNDS),
        ("1", SECRET, "", ROUNDS),
        ("1", SECRET, "a", 1),
    ],
)
def test_weak_derivation_is_refused(pin: str, secret: bytes, application: str, rounds: int) -> None:
    with pytest.raises(MalformedError):
        derive(pin, secret, application, rounds)
    with pytest.raises(MalformedError):
        RIGHT.wrapping_key(SHARE[1:])


@given(st.binary(min_size=8, max_size=8))
def test_generated_number_is_valid_and_one_changed_digit_mostly_is_not(raw: bytes) -> None:
    drawn = iter([raw])
    number = generate(lambda size: next(drawn, bytes(size)))
    assert validate(number) == number
    wrong = [f"{number[:11]}{digit}" for digit in "0123456789" if digit != number[11]]
    for other in wrong:
        with pytest.raises(MalformedError):
            validate(other)


def test_draw_beyond_the_last_full_stretch_is_thrown_away() -> None:
    drawn = iter([b"\xff" * 8, bytes(7) + b"\x07"])
    assert generate(lambda _size: next(drawn)).startswith("00000000007")


@pytest.mark.parametrize("number", ["１２３４５６７８９０１８", "1234-5678-9018", "12345678901 ", "0" * 13])
def test_other_spellings_of_a_number_are_refused(number: str) -> None:
    with pytest.raises(MalformedError):
        validate(number)
