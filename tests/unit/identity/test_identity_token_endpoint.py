"""The token endpoint's assertions: every refusal has its own name, and none leaves a token."""

from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    generate_private_key,
)
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from support.identity_people import MEDICAL, URLS, Holder
from support.identity_token_scene import TokenScene as Scene
from support.identity_token_scene import compact, jwt_claims, strange_keys, token_scene
from support.identity_world import TOKEN_ENDPOINT

from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.identity.messages import CardChange
from services.contracts.oversight.messages import Accredited, StandingChange


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with token_scene(tmp_path_factory.mktemp("tokens")) as made:
        yield made


Claims = Callable[[Scene], dict[str, object]]
WRONG_CLAIMS: dict[str, Claims] = {
    "expired": lambda scene: {"exp": scene.now()},
    "lasting too long": lambda scene: {"exp": scene.now() + 400},
    "not valid yet": lambda scene: {"nbf": scene.now() + 60},
    "for another audience": lambda _: {"aud": f"{MEDICAL}/oauth/token"},
    "for two audiences": lambda _: {"aud": [TOKEN_ENDPOINT, MEDICAL]},
    "about somebody else": lambda _: {"sub": "somebody"},
    "without an id of its own": lambda _: {"jti": ""},
    "with a text for a number": lambda scene: {"exp": str(scene.now() + 60)},
}


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_assertion_with_wrong_claims_is_an_invalid_grant(scene: Scene, claims: Claims) -> None:
    fields = scene.world.operator_fields(scene.hospital, MEDICAL, operator=claims(scene))
    assert scene.refusal(fields) == (400, "invalid_grant")


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_client_assertion_with_wrong_claims_is_an_invalid_client(scene: Scene, claims: Claims) -> None:
    fields = scene.world.operator_fields(scene.hospital, MEDICAL, client=claims(scene))
    assert scene.refusal(fields) == (401, "invalid_client")


@pytest.mark.parametrize("claims", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_card_assertion_with_wrong_claims_is_an_invalid_grant(scene: Scene, claims: Claims) -> None:
    fields = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city, claims=claims(scene))
    assert scene.refusal(fields, at=scene.city) == (400, "invalid_grant")


# step T5
@pytest.mark.parametrize("challenge", ["", "AAAA", "not base64url!"])
def test_card_must_answer_a_challenge_of_ours(scene: Scene, challenge: str) -> None:
    claims: dict[str, object] = {"nonce": challenge}
    fields = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city, claims=claims)
    assert scene.refusal(fields, at=scene.city) == (400, "invalid_grant")


def test_challenge_gets_old(scene: Scene) -> None:
    fields = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city)
    later = scene.now() + 200
    claims: dict[str, object] = {"nonce": jwt_claims(fields["assertion"])["nonce"], "exp": later}
    aged = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city, claims=claims)
    scene.world.clock.move(121)
    try:
        assert scene.refusal(aged, at=scene.city) == (400, "invalid_grant")
    finally:
        scene.world.clock.move(-121)


def test_strange_algorithms_and_keys_are_refused(scene: Scene) -> None:
    public = to_jwk(scene.hospital.card_key.public_key())
    good = scene.world.operator_fields(scene.hospital, MEDICAL)
    claims = jwt_claims(good["assertion"])
    by_public_key = jwt.encode(
        {"alg": "HS256", "typ": "JWT"}, claims, OctKey.import_key(public["x"]), ["HS256"]
    )
    head, body, signature = good["assertion"].split(".")
    none = f"eyJhbGciOiJub25lIn0.{body}."
    flipped = f"{head}.{body}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
    stranger = jwt.encode(
        {"alg": "ES256", "typ": "JWT"},
        claims,
        ECKey.import_key(generate_private_key(SECP256R1())),
        ["ES256"],
    )
    for forged in (by_public_key, none, flipped, stranger):
        assert scene.refusal(good | {"assertion": forged}) == (400, "invalid_grant")
        assert scene.refusal(good | {"client_assertion": forged}) == (401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "typ": "dpop+jwt"},
        {"alg": "ES256", "typ": "JWT", "cty": "JWT"},
        {"alg": "ES256", "typ": "JWT", "kid": 7},
        {"alg": "ES256", "typ": "JWT", "crit": ["exp"]},
        {"typ": "JWT"},
        {"alg": ["ES256"], "typ": "JWT"},
        ["ES256"],
    ],
)
def test_header_must_be_that_of_a_jwt(scene: Scene, header: object) -> None:
    good = scene.world.operator_fields(scene.hospital, MEDICAL)
    forged = compact(header, jwt_claims(good["assertion"]), scene.hospital.card_key)
    assert scene.refusal(good | {"assertion": forged}) == (400, "invalid_grant")


def test_own_compact_form_is_accepted_with_the_right_header(scene: Scene) -> None:
    good = scene.world.operator_fields(scene.hospital, MEDICAL)
    told = compact({"alg": "ES256"}, jwt_claims(good["assertion"]), scene.hospital.card_key)
    answer = scene.world.ask_token(scene.hospital, good | {"assertion": told})
    assert answer.status_code == 200


def test_card_counts_only_at_its_own_organisations_terminal(scene: Scene) -> None:
    clinic = scene.world.operator_fields(scene.clinic, MEDICAL)
    mixed = scene.world.operator_fields(scene.hospital, MEDICAL) | {"assertion": clinic["assertion"]}
    assert scene.refusal(mixed) == (400, "invalid_grant")


# step T4
def test_terminal_counts_only_over_its_own_certificate(scene: Scene) -> None:
    fields = scene.world.operator_fields(scene.hospital, MEDICAL)
    assert scene.refusal(fields, at=scene.clinic) == (401, "invalid_client")


def test_unknown_terminal_is_an_invalid_client(scene: Scene) -> None:
    stranger: dict[str, object] = {"iss": "terminal-of-nobody", "sub": "terminal-of-nobody"}
    fields = scene.world.operator_fields(scene.hospital, MEDICAL, client=stranger)
    assert scene.refusal(fields) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Accredited.OPERATOR, (400, "invalid_grant")),
        (Accredited.TERMINAL, (401, "invalid_client")),
        (Accredited.ORGANISATION, (401, "invalid_client")),
    ],
)
def test_suspension_is_in_force_at_once(scene: Scene, kind: Accredited, expected: tuple[int, str]) -> None:
    name = {
        Accredited.OPERATOR: scene.clinic.operator,
        Accredited.TERMINAL: scene.clinic.terminal,
        Accredited.ORGANISATION: scene.clinic.organisation,
    }[kind]
    change = StandingChange(kind=kind, id=name, organisation=scene.clinic.organisation)
    scene.world.oversight.suspend(change)
    refusal = scene.refusal(scene.world.operator_fields(scene.clinic, MEDICAL), at=scene.clinic)
    scene.world.oversight.resume(change)
    assert refusal == expected
    fields = scene.world.operator_fields(scene.clinic, MEDICAL)
    assert scene.world.ask_token(scene.clinic, fields).status_code == 200


# step T5
def test_suspended_card_signs_nobody_in(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    scene.world.change_card(scene.city, holder, CardChange.SUSPEND)
    fields = scene.world.person_fields(holder, MEDICAL, at=scene.city)
    assert scene.refusal(fields, at=scene.city) == (400, "invalid_grant")


def test_unknown_card_is_told_the_same_as_a_wrong_signature(scene: Scene) -> None:
    wrong = scene.world.person_fields(
        Holder(scene.holder.enrolled, scene.holder.issued, strange_keys(scene.holder), b""),
        MEDICAL,
        at=scene.city,
    )
    unknown: dict[str, object] = {"iss": "A" * 22, "sub": "A" * 22}
    fields = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city, claims=unknown)
    answers = [scene.world.ask_token(scene.city, each) for each in (wrong, fields)]
    assert {(each.status_code, each.content) for each in answers} == {
        (answers[0].status_code, answers[0].content)
    }


def test_every_body_knows_a_person_by_another_name(scene: Scene) -> None:
    tokens = {body: scene.world.person_token(scene.holder, URLS[body], at=scene.city) for body in Body}
    assert len({scene.world.pseudonym(token, body) for body, token in tokens.items()}) == len(Body)


def test_person_gets_no_roles(scene: Scene) -> None:
    fields = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city) | {"scope": "reader"}
    assert scene.refusal(fields, at=scene.city) == (400, "invalid_scope")
