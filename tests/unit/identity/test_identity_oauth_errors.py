"""Errors of the OAuth endpoints and of token-bearing requests, by the names that the RFCs give them."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.identity_people import IDENTITY, MEDICAL
from support.identity_token_scene import TokenScene as Scene
from support.identity_token_scene import token_scene
from support.identity_world import TOKEN_ENDPOINT

from services.kit.credentials.dpop import DpopKey, DpopNonces
from services.kit.http import Token

REVOKE = f"{IDENTITY}/oauth/revoke"
Asked = Callable[[Scene], httpx.Response]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with token_scene(tmp_path_factory.mktemp("errors")) as made:
        yield made


def fields(scene: Scene) -> dict[str, str]:
    return scene.world.operator_fields(scene.hospital, MEDICAL)


def ask(scene: Scene, form: dict[str, str], proof: str | None = None) -> httpx.Response:
    return scene.world.ask_token(scene.hospital, form, proof=proof)


def revoke(scene: Scene, form: dict[str, str], proof: str | None = None) -> httpx.Response:
    headers = {"DPoP": scene.world.proof(REVOKE) if proof is None else proof}
    return scene.world.http(IDENTITY, scene.hospital).raw("POST", "/oauth/revoke", headers=headers, form=form)


def without_nonce(scene: Scene, url: str, token: Token | None = None) -> str:
    key = DpopKey(generate_private_key(SECP256R1())) if token is None else DpopKey(scene.world.dpop_key)
    return key.proof(
        method="POST" if token is None else "GET",
        url=url,
        now=scene.world.clock(),
        randomness=scene.world.random.randbytes,
        token=None if token is None else token.value,
    )


def twice(scene: Scene) -> httpx.Response:
    form, proof = fields(scene), scene.world.proof(TOKEN_ENDPOINT)
    assert ask(scene, form, proof).status_code == 200
    return ask(scene, fields(scene), proof)


ERRORS: dict[str, tuple[Asked, int, str]] = {
    "RFC 6749 5.2, a parameter is missing": (
        lambda s: ask(s, {k: v for k, v in fields(s).items() if k != "assertion"}),
        400,
        "invalid_request",
    ),
    "RFC 6749 5.2, another grant": (
        lambda s: ask(s, fields(s) | {"grant_type": "password"}),
        400,
        "unsupported_grant_type",
    ),
    "RFC 6749 5.2, no such roles": (lambda s: ask(s, fields(s) | {"scope": "all"}), 400, "invalid_scope"),
    "RFC 6749 5.2 and 7523 3.2, client": (
        lambda s: ask(s, fields(s) | {"client_assertion": "a.b.c"}),
        401,
        "invalid_client",
    ),
    "RFC 7523 3.1, assertion": (lambda s: ask(s, fields(s) | {"assertion": "a.b.c"}), 400, "invalid_grant"),
    "RFC 8707 2, no such resource": (
        lambda s: ask(s, fields(s) | {"resource": "https://elsewhere.test"}),
        400,
        "invalid_target",
    ),
    "RFC 9449 5, no proof": (lambda s: ask(s, fields(s), ""), 400, "invalid_dpop_proof"),
    "RFC 9449 5, a proof again": (twice, 400, "invalid_dpop_proof"),
    "RFC 9449 8, no nonce": (
        lambda s: ask(s, fields(s), without_nonce(s, TOKEN_ENDPOINT)),
        400,
        "use_dpop_nonce",
    ),
    "RFC 7009 2.1, no token": (lambda s: revoke(s, {"token_type_hint": "x"}), 400, "invalid_request"),
    "RFC 7009 and 9449, no proof": (lambda s: revoke(s, {"token": "x"}, ""), 400, "invalid_dpop_proof"),
    "RFC 7009 and 9449 8, no nonce": (
        lambda s: revoke(s, {"token": "x"}, without_nonce(s, REVOKE)),
        400,
        "use_dpop_nonce",
    ),
}


@pytest.mark.parametrize(("asked", "status", "error"), ERRORS.values(), ids=ERRORS)
def test_error_has_the_name_and_form_of_its_rfc(scene: Scene, asked: Asked, status: int, error: str) -> None:
    answer = asked(scene)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json().keys() == {"error", "error_description"}
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    described = answer.json()["error_description"]
    assert all(" " <= sign <= "~" and sign not in '"\\' for sign in described)


def test_what_is_no_token_is_revoked_already(scene: Scene) -> None:
    """RFC 7009, section 2.2: an invalid token is no error; nor is a hint that we do not know."""
    answer = revoke(scene, {"token": "nonsense", "token_type_hint": "refresh_token"})
    assert (answer.status_code, answer.content) == (200, b"")


# step T2
def test_nonce_comes_with_the_refusal_and_the_same_request_then_counts(scene: Scene) -> None:
    """RFC 9449, section 8: asked for the nonce, nothing was used up: the same assertions are good with it."""
    form, key = fields(scene), DpopKey(generate_private_key(SECP256R1()))

    def proof() -> str:
        return key.proof(
            method="POST",
            url=TOKEN_ENDPOINT,
            now=scene.world.clock(),
            randomness=scene.world.random.randbytes,
            token=None,
        )

    refused = ask(scene, form, proof())
    assert refused.json()["error"] == "use_dpop_nonce"
    key.learn(TOKEN_ENDPOINT, refused.headers["DPoP-Nonce"])
    assert ask(scene, form, proof()).status_code == 200


# step A3
def test_request_without_the_nonce_is_told_as_the_rfc_says(scene: Scene) -> None:
    """RFC 9449, section 9: 401 with the error in WWW-Authenticate, the nonce beside it."""
    token = scene.world.person_token(scene.holder, IDENTITY, at=scene.city)
    proof = without_nonce(scene, f"{IDENTITY}/history", token)
    headers = {"Authorization": f"DPoP {token.value}", "DPoP": proof}
    answer = scene.world.http(IDENTITY, scene.city).raw("GET", "/history", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "use_dpop_nonce")
    assert answer.headers["www-authenticate"] == 'DPoP error="use_dpop_nonce", algs="ES256"'
    present = scene.world.identity_context.nonces.present(scene.world.clock())
    assert answer.headers["dpop-nonce"] == present


@pytest.mark.parametrize(
    ("authorization", "proof", "challenge"),
    [
        (None, None, 'DPoP algs="ES256"'),
        ("nonsense", "right", 'DPoP error="invalid_token", algs="ES256"'),
        ("right", None, 'DPoP error="invalid_dpop_proof", algs="ES256"'),
        ("right", "nonsense", 'DPoP error="invalid_dpop_proof", algs="ES256"'),
    ],
)
def test_refused_credentials_are_named_in_the_challenge(
    scene: Scene, authorization: str | None, proof: str | None, challenge: str
) -> None:
    """RFC 9449, section 7.1; without any credentials there is no error (RFC 6750, section 3.1)."""
    token = scene.world.person_token(scene.holder, IDENTITY, at=scene.city)
    right = scene.world.proof(f"{IDENTITY}/history", method="GET", token=token)
    headers = {}
    if authorization is not None:
        headers["Authorization"] = f"DPoP {token.value if authorization == 'right' else authorization}"
    if proof is not None:
        headers["DPoP"] = right if proof == "right" else proof
    answer = scene.world.http(IDENTITY, scene.city).raw("GET", "/history", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, challenge)


def test_nonce_counts_while_it_is_given_out_and_as_long_again(scene: Scene) -> None:
    nonces, other = DpopNonces(b"k" * 32, 120), DpopNonces(b"l" * 32, 120)
    clock = scene.world.clock
    nonce = nonces.present(clock())
    assert not other.counts(nonce, clock())
    for wrong in (None, 7, "", nonce[:-1], nonce + "A", "é"):
        assert not nonces.counts(wrong, clock())
    start = clock.moment
    ages = [0, 119, 120, 241, -121]
    try:
        counted = []
        for age in ages:
            clock.moment = start
            clock.move(age)
            counted.append(nonces.counts(nonce, clock()))
    finally:
        clock.moment = start
    assert counted[0]
    assert counted[2]
    assert not counted[3]
    assert not counted[4]
