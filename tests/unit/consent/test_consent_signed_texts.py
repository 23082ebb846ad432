"""Signed texts: one spelling, one algorithm per key, and agreement with an independent implementation."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as oracle
from joserfc.jwk import ECKey, OctKey, OKPKey

from consent import base64url, canonical, jws
from consent.canonical import JsonObject
from consent.errors import MalformedError, SignatureError
from consent.jwk import from_jwk, thumbprint, to_jwk
from consent.jws import PrivateKey

TYP = "example+jws"
ED25519: PrivateKey = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
P256: PrivateKey = ec.derive_private_key(2026, ec.SECP256R1())
KEYS = [ED25519, P256]
PAYLOAD: JsonObject = {"b": ["関所", True, None], "a": {"n": -7}}

scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)
names = st.text(st.characters(max_codepoint=127), max_size=5)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner), max_leaves=12
)
objects = st.dictionaries(names, values, max_size=5)


def oracle_key(key: PrivateKey) -> OKPKey | ECKey:
    jwk: dict[str, str | list[str]] = {**to_jwk(key.public_key())}
    return OKPKey.import_key(jwk) if isinstance(key, Ed25519PrivateKey) else ECKey.import_key(jwk)


def rewritten(
    token: str, *, header: bytes | None = None, payload: bytes | None = None, key: PrivateKey
) -> str:
    """Sign arbitrary header and payload bytes, as a malicious holder of a good key can."""
    parts = token.split(".")
    head = parts[0] if header is None else base64url.encode(header)
    body = parts[1] if payload is None else base64url.encode(payload)
    assert isinstance(key, Ed25519PrivateKey)
    return f"{head}.{body}.{base64url.encode(key.sign(f'{head}.{body}'.encode()))}"


@given(objects)
def test_canonical_form_equals_rfc_8785(value: dict[str, canonical.JsonValue]) -> None:
    raw = canonical.encode(value)
    assert raw == rfc8785.dumps(value)
    assert canonical.decode(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a": 1}',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":1e400}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":9007199254740992}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\ud800"}',
        b'{"a":"\\u0041"}',
        b'{"a":"\xff"}',
        b'{"\xc3\xa9":1}',
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"[]",
        b'"text"',
        b"",
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1}\n',
    ],
)
def test_text_with_a_second_reading_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        canonical.decode(raw)


@pytest.mark.parametrize("key", KEYS)
def test_signed_text_verifies_and_says_what_was_signed(key: PrivateKey) -> None:
    token = jws.sign(PAYLOAD, typ=TYP, key=key, kid="k1")
    verified = jws.verify(token, typ=TYP, key=key.public_key())
    assert verified.kid == jws.peek_kid(token) == "k1"
    assert canonical.decode(verified.payload) == PAYLOAD


@pytest.mark.parametrize("key", KEYS)
def test_another_implementation_verifies_what_we_sign(key: PrivateKey) -> None:
    token = jws.sign(PAYLOAD, typ=TYP, key=key, kid="k1")
    found = oracle.deserialize_compact(token, oracle_key(key), algorithms=["Ed25519", "ES256"])
    assert json.loads(found.payload) == PAYLOAD
    assert found.headers() == {"alg": found.headers()["alg"], "kid": "k1", "typ": TYP}


def test_digest_is_the_same_for_two_signatures_of_one_text() -> None:
    first, second = (jws.sign(PAYLOAD, typ=TYP, key=P256, kid="k") for _ in range(2))
    assert first != second
    digests = {jws.verify(token, typ=TYP, key=P256.public_key()).digest for token in (first, second)}
    assert len(digests) == 1


@given(st.sampled_from(KEYS), st.integers(min_value=0), st.integers(1, 63))
def test_any_changed_character_is_refused(key: PrivateKey, position: int, step: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = jws.sign(PAYLOAD, typ=TYP, key=key, kid="k1")
    place = position % len(token)
    old = token[place]
    new = "A" if old == "." else alphabet[(alphabet.index(old) + step) % 64]
    with pytest.raises(SignatureError):
        jws.verify(token[:place] + new + token[place + 1 :], typ=TYP, key=key.public_key())


def test_other_key_type_or_kid_is_refused() -> None:
    token = jws.sign(PAYLOAD, typ=TYP, key=ED25519, kid="k1")
    with pytest.raises(SignatureError):
        jws.verify(token, typ="other+jws", key=ED25519.public_key())
    with pytest.raises(SignatureError):
        jws.verify(token, typ=TYP, key=P256.public_key())
    with pytest.raises(SignatureError):
        jws.verify(token, typ=TYP, key=Ed25519PrivateKey.generate().public_key())
    with pytest.raises(SignatureError):
        jws.verify_with_jwk(token, typ=TYP, jwk=to_jwk(ED25519.public_key()))


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none","kid":"k1","typ":"example+jws"}',
        b'{"alg":"HS256","kid":"k1","typ":"example+jws"}',
        b'{"alg":"EdDSA","kid":"k1","typ":"example+jws"}',
        b'{"alg":"ES256","kid":"k1","typ":"example+jws"}',
        b'{"alg":"Ed25519","typ":"example+jws"}',
        b'{"alg":"Ed25519","kid":1,"typ":"example+jws"}',
        b'{"alg":"Ed25519","crit":["b64"],"b64":false,"kid":"k1","typ":"example+jws"}',
        b'{"alg":"Ed25519","jwk":{},"kid":"k1","typ":"example+jws"}',
        b'{"typ":"example+jws","alg":"Ed25519","kid":"k1"}',
        b'{"alg":"Ed25519","kid":"k1","typ":"EXAMPLE+JWS"}',
        b"[]",
    ],
)
def test_any_other_header_is_refused_although_the_signature_is_good(header: bytes) -> None:
    token = jws.sign(PAYLOAD, typ=TYP, key=ED25519, kid="k1")
    with pytest.raises(SignatureError):
        jws.verify(rewritten(token, header=header, key=ED25519), typ=TYP, key=ED25519.public_key())


@pytest.mark.parametrize("payload", [b'{"a":1,"a":2}', b'{"a": 1}', b'{"a":1.5}', b"[]", b"", b"\xff"])
def test_any_other_payload_is_refused_although_the_signature_is_good(payload: bytes) -> None:
    token = jws.sign(PAYLOAD, typ=TYP, key=ED25519, kid="k1")
    assert jws.verify(rewritten(token, key=ED25519), typ=TYP, key=ED25519.public_key())
    with pytest.raises(SignatureError):
        jws.verify(rewritten(token, payload=payload, key=ED25519), typ=TYP, key=ED25519.public_key())


def test_hmac_with_the_public_key_is_refused() -> None:
    public = to_jwk(P256.public_key())
    header = {"alg": "HS256", "kid": "k1", "typ": TYP}
    secret = OctKey.import_key(json.dumps(public).encode())
    token = oracle.serialize_compact(header, canonical.encode(PAYLOAD), secret, algorithms=["HS256"])
    with pytest.raises(SignatureError):
        jws.verify(token, typ=TYP, key=P256.public_key())


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c.d", "é.é.é", "a" * (jws.LONGEST_TOKEN + 1)])
def test_text_that_is_no_jws_is_refused(token: str) -> None:
    with pytest.raises(SignatureError):
        jws.verify(token, typ=TYP, key=ED25519.public_key())
    with pytest.raises(SignatureError):
        jws.peek_kid(token)


def test_payload_without_canonical_form_is_not_signed() -> None:
    fraction: dict[str, canonical.JsonValue] = {"a": 1.5}  # type: ignore[dict-item]  # what an untyped caller does
    for payload in (fraction, {"a": "\ud800"}, {"é": 1}, {"a": 2**53}):
        with pytest.raises(MalformedError):
            jws.sign(payload, typ=TYP, key=ED25519, kid="k")


@given(st.binary(max_size=40))
def test_base64url_has_one_spelling(raw: bytes) -> None:
    text = base64url.encode(raw)
    assert base64url.decode(text) == raw
    assert text == urlsafe_b64encode(raw).decode().rstrip("=")
    for other in (text + "=", text + "\n", " " + text, text.replace("-", "+")):
        if other != text:
            with pytest.raises(MalformedError):
                base64url.decode(other)


def test_stray_bits_in_the_last_character_are_refused() -> None:
    assert urlsafe_b64decode("QUJ=") == urlsafe_b64decode("QUI=")
    assert base64url.decode("QUI") == b"AB"
    with pytest.raises(MalformedError):
        base64url.decode("QUJ")


def test_thumbprint_is_that_of_the_standards_example() -> None:
    """RFC 8037 appendix A.3."""
    example = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(example) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


@pytest.mark.parametrize("key", KEYS)
def test_jwk_is_read_back_and_has_the_usual_thumbprint(key: PrivateKey) -> None:
    jwk = to_jwk(key.public_key())
    assert to_jwk(from_jwk(jwk)) == jwk
    assert thumbprint(jwk) == oracle_key(key).thumbprint()


@pytest.mark.parametrize(
    "change",
    [{"d": "AA"}, {"kty": "EC"}, {"crv": "X25519"}, {"x": "AA"}, {"x": "!"}, {"use": "sig"}],
)
def test_jwk_with_anything_else_in_it_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(MalformedError):
        from_jwk(to_jwk(ED25519.public_key()) | change)


def test_point_off_the_curve_is_refused() -> None:
    good = to_jwk(P256.public_key())
    with pytest.raises(MalformedError):
        from_jwk(good | {"y": good["x"]})
    with pytest.raises(MalformedError):
        to_jwk(ec.derive_private_key(5, ec.SECP384R1()).public_key())
