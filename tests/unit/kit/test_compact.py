"""Texts that other people's libraries signed; joserfc is the other library."""

import base64
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as oracle
from joserfc.jwk import ECKey, OctKey, OKPKey

from consent.jwk import PublicJwk, thumbprint, to_jwk
from services.kit.credentials.compact import (
    LONGEST,
    CompactError,
    UnverifiedCompact,
    es256_key,
    part,
    sign,
)

CARD, BODY = generate_private_key(SECP256R1()), Ed25519PrivateKey.generate()
OTHER = generate_private_key(SECP256R1())
TWICE = b'{"alg":"ES256","alg":"ES256"}'
CLAIMS = {"iss": "somebody", "exp": 1}
TEXT = st.dictionaries(st.text(max_size=8), st.integers(-(2**31), 2**31) | st.text(max_size=8), max_size=4)


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _signed() -> str:
    return sign(part({"alg": "ES256"}), CLAIMS, CARD)


@given(TEXT, st.sampled_from(["ES256", "Ed25519"]))
def test_each_library_reads_what_the_other_signed(claims: dict[str, object], alg: str) -> None:
    key = ECKey.import_key(CARD) if alg == "ES256" else OKPKey.import_key(BODY)
    own = CARD if alg == "ES256" else BODY
    theirs = oracle.serialize_compact({"alg": alg}, json.dumps(claims).encode(), key, algorithms=[alg])
    read = UnverifiedCompact.parse(theirs)
    read.verify(own.public_key())
    assert json.loads(read.payload) == claims

    ours = sign(part({"alg": alg}), claims, own)
    assert json.loads(oracle.deserialize_compact(ours, key, algorithms=[alg]).payload or b"") == claims


def _by_another(_text: str) -> str:
    return sign(part({"alg": "ES256"}), CLAIMS, OTHER)


def _unsigned(text: str) -> str:
    return f"{part({'alg': 'none'})}.{text.split('.')[1]}."


def _with_the_public_key_as_a_secret(_text: str) -> str:
    secret = OctKey.import_key(json.dumps(to_jwk(CARD.public_key())).encode())
    return oracle.serialize_compact(
        {"alg": "HS256"}, json.dumps(CLAIMS).encode(), secret, algorithms=["HS256"]
    )


def _other_claims(text: str) -> str:
    head, _, signature = text.split(".")
    return f"{head}.{part({**CLAIMS, 'exp': 2})}.{signature}"


def _other_header(text: str) -> str:
    _, claims, signature = text.split(".")
    return f"{part({'alg': 'ES256', 'typ': 'JWT'})}.{claims}.{signature}"


def _named_for_another_key(_text: str) -> str:
    return sign(part({"alg": "Ed25519"}), CLAIMS, CARD)


def _shorter_signature(text: str) -> str:
    return text[:-6]


@pytest.mark.parametrize(
    "forge",
    [
        _by_another,
        _unsigned,
        _with_the_public_key_as_a_secret,
        _other_claims,
        _other_header,
        _named_for_another_key,
        _shorter_signature,
    ],
)
def test_forged_text_does_not_verify(forge: Callable[[str], str]) -> None:
    UnverifiedCompact.parse(_signed()).verify(CARD.public_key())
    with pytest.raises(CompactError):
        UnverifiedCompact.parse(forge(_signed())).verify(CARD.public_key())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "one.two",
        "a.b.c.d",
        _signed() + "=",
        _signed().replace(".", " .", 1),
        _signed().replace(".", "é.", 1),
        f"{_b64(b'[]')}.{_signed().partition('.')[2]}",
        f"{_b64(TWICE)}.{_signed().partition('.')[2]}",
        sign(part({"alg": "ES256", "crit": ["exp"], "exp": 1}), CLAIMS, CARD),
        sign(part({"alg": "ES256"}), {"long": "x" * LONGEST}, CARD),
    ],
    ids=lambda text: text[:12],
)
def test_text_that_can_be_read_in_two_ways_or_not_at_all_is_refused(text: str) -> None:
    with pytest.raises(CompactError):
        UnverifiedCompact.parse(text)


def test_key_is_that_of_its_required_members_whatever_else_is_told() -> None:
    public = to_jwk(CARD.public_key())
    told = es256_key({**public, "kid": "mine", "use": "sig"})
    assert told.thumbprint == thumbprint(public)
    UnverifiedCompact.parse(_signed()).verify(told.key)


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "text",
        {},
        {**to_jwk(CARD.public_key()), "d": "AA"},
        {**to_jwk(CARD.public_key()), "crv": "P-384"},
        {**to_jwk(CARD.public_key()), "y": to_jwk(CARD.public_key())["x"]},
        {**to_jwk(CARD.public_key()), "x": 1},
        to_jwk(BODY.public_key()),
        ECKey.import_key(generate_private_key(SECP384R1()).public_key()).as_dict(),
    ],
)
def test_what_is_no_public_p256_key_is_refused(jwk: PublicJwk | None) -> None:
    with pytest.raises(CompactError):
        es256_key(jwk)
