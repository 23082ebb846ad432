"""SMART Backend Services' published assertion: its claims are read as published, its algorithm is refused by name."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from support.shared_data import SHARED, needs

from consent.jwk import to_jwk
from services.identity.assertions import AssertionRefusedError, UnverifiedAssertion

FOLDER = SHARED / "vectors" / "smart"
pytestmark = needs(FOLDER)


@pytest.fixture(scope="module")
def published() -> str:
    return (FOLDER / "example-assertion-RS384.jwt").read_text().strip()


@pytest.fixture(scope="module")
def claims(published: str) -> dict[str, Any]:
    """The published claims, from an assertion whose published key has signed them."""
    (key,) = json.loads((FOLDER / "RS384.public.json").read_text())["keys"]
    return dict(jwt.decode(published, RSAKey.import_key(key), algorithms=["RS384"]).claims)


def ours(claims: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the same claims under the algorithm that we take, and the key to check them with."""
    key = ec.generate_private_key(ec.SECP256R1())
    text = jwt.encode({"alg": "ES256", "typ": "JWT"}, claims, ECKey.import_key(key), algorithms=["ES256"])
    return text, to_jwk(key.public_key())


def test_the_published_assertion_is_refused_with_the_algorithm_that_is_taken(published: str) -> None:
    with pytest.raises(AssertionRefusedError, match="ES256"):
        UnverifiedAssertion.parse(published)


def test_the_published_claims_are_read_as_they_are_while_they_last(claims: dict[str, Any]) -> None:
    text, key = ours(claims)
    read = UnverifiedAssertion.parse(text).verify(key, audience=claims["aud"], now=claims["exp"] - 1)
    assert (read.issuer, read.jti, read.expires) == (claims["iss"], claims["jti"], claims["exp"])


@pytest.mark.parametrize(
    ("change", "named"),
    [({"aud": "https://other.example/token"}, "audience"), ({"sub": "https://other.example"}, "issuer")],
)
def test_the_published_claims_count_for_nobody_else(
    claims: dict[str, Any], change: dict[str, str], named: str
) -> None:
    text, key = ours(claims | change)
    with pytest.raises(AssertionRefusedError, match=named):
        UnverifiedAssertion.parse(text).verify(key, audience=claims["aud"], now=claims["exp"] - 1)


def test_the_published_claims_count_no_longer_than_published(claims: dict[str, Any]) -> None:
    text, key = ours(claims)
    with pytest.raises(AssertionRefusedError, match="not valid now"):
        UnverifiedAssertion.parse(text).verify(key, audience=claims["aud"], now=claims["exp"])
