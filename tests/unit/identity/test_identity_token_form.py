"""The token endpoint's form, proof and description."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    generate_private_key,
)
from support.identity_people import IDENTITY, MEDICAL
from support.identity_token_scene import TokenScene as Scene
from support.identity_token_scene import jwt_claims, token_scene
from support.identity_world import TOKEN_ENDPOINT

from services.kit.credentials.dpop import DpopKey


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with token_scene(tmp_path_factory.mktemp("tokens")) as made:
        yield made


def test_good_request_yields_a_dpop_token(scene: Scene) -> None:
    answer = scene.world.ask_token(scene.hospital, scene.world.operator_fields(scene.hospital, MEDICAL))
    told = answer.json()
    assert answer.status_code == 200
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("DPoP", 300, "reader writer")


def test_scope_narrows_the_roles(scene: Scene) -> None:
    fields = scene.world.operator_fields(scene.hospital, MEDICAL) | {"scope": "reader"}
    assert scene.world.ask_token(scene.hospital, fields).json()["scope"] == "reader"


@pytest.mark.parametrize(
    ("replaced", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"assertion": ""}, "invalid_request"),
        ({"resource": ""}, "invalid_request"),
        ({"client_assertion_type": "urn:example"}, "invalid_request"),
        ({"client_assertion": ""}, "invalid_request"),
        ({"resource": "https://elsewhere.test"}, "invalid_target"),
        ({"resource": MEDICAL + "/"}, "invalid_target"),
        ({"scope": "registrar"}, "invalid_scope"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"assertion": "not.a.jwt"}, "invalid_grant"),
        ({"assertion": "x" * 5000}, "invalid_grant"),
    ],
)
def test_wrong_form_is_named(scene: Scene, replaced: dict[str, str], error: str) -> None:
    fields = scene.world.operator_fields(scene.hospital, MEDICAL) | replaced
    assert scene.refusal(fields) == (400, error)


# step T1
@pytest.mark.parametrize(
    "content",
    [
        b"grant_type=a&grant_type=b",
        b"grant_type",
        b"\xff\xfe",
        b"&".join(b"a%d=1" % number for number in range(40)),
        b"grant_type=%ff",
        b"a=" + b"x" * 20_000,
    ],
)
def test_ambiguous_or_oversized_form_is_an_invalid_request(scene: Scene, content: bytes) -> None:
    headers = {
        "DPoP": scene.world.proof(TOKEN_ENDPOINT),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    connection = scene.world.http(IDENTITY, scene.hospital)
    answer = connection.raw("POST", "/oauth/token", headers=headers, content=content)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_json_is_not_a_form(scene: Scene) -> None:
    headers = {"DPoP": scene.world.proof(TOKEN_ENDPOINT), "Content-Type": "application/json"}
    connection = scene.world.http(IDENTITY, scene.hospital)
    answer = connection.raw("POST", "/oauth/token", headers=headers, content=b"{}")
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


# step T2
def test_proof_must_be_for_this_endpoint_and_moment(scene: Scene) -> None:
    fields = scene.world.operator_fields(scene.hospital, MEDICAL)
    elsewhere = scene.world.proof(f"{MEDICAL}/oauth/token")
    other_method = scene.world.proof(TOKEN_ENDPOINT, method="GET")
    scene.world.clock.move(-3600)
    old = scene.world.proof(TOKEN_ENDPOINT)
    scene.world.clock.move(3600)
    for proof in (elsewhere, other_method, old, "", "x.y.z"):
        assert scene.refusal(fields, proof=proof) == (400, "invalid_dpop_proof")


def test_proof_is_required(scene: Scene) -> None:
    fields = scene.world.operator_fields(scene.hospital, MEDICAL)
    connection = scene.world.http(IDENTITY, scene.hospital)
    answer = connection.raw("POST", "/oauth/token", headers={}, form=fields)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def test_refused_request_may_be_sent_again_when_it_is_right(scene: Scene) -> None:
    fields = scene.world.operator_fields(scene.hospital, MEDICAL)
    assert scene.refusal(fields | {"scope": "registrar"}) == (400, "invalid_scope")
    assert scene.world.ask_token(scene.hospital, fields).status_code == 200


# step T8
def test_token_is_bound_to_the_key_of_the_proof(scene: Scene) -> None:
    key = DpopKey(generate_private_key(SECP256R1()))
    fields = scene.world.operator_fields(scene.hospital, MEDICAL)
    told = scene.world.identity(scene.hospital).token(fields, key=key)
    claims = jwt_claims(told.access_token)
    assert claims["cnf"] == {"jkt": key.thumbprint}


def test_metadata_names_what_the_endpoint_takes(scene: Scene) -> None:
    connection = scene.world.http(IDENTITY, scene.hospital)
    told = connection.get("/.well-known/oauth-authorization-server")
    smart = connection.get("/.well-known/smart-configuration")
    keys = connection.get("/.well-known/jwks.json")["keys"]
    assert (told["issuer"], told["token_endpoint"]) == (IDENTITY, TOKEN_ENDPOINT)
    assert told["grant_types_supported"] == [
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:sekisho:params:oauth:grant-type:passkey",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "client_credentials",
    ]
    assert told.items() <= smart.items()
    assert [key["crv"] for key in keys] == ["Ed25519", "Ed25519"]
    assert all("d" not in key for key in keys)


def test_terminal_by_itself_needs_its_assertion_and_its_own_certificate(scene: Scene) -> None:
    fields = scene.world.terminal_fields(scene.hospital, MEDICAL)
    assert scene.refusal(fields, at=scene.clinic) == (401, "invalid_client")
    assert scene.refusal(fields | {"client_assertion": ""}) == (400, "invalid_request")
    bare = {name: value for name, value in fields.items() if not name.startswith("client_")}
    assert scene.refusal(bare) == (400, "invalid_request")
    assert scene.world.ask_token(scene.hospital, fields).status_code == 200
