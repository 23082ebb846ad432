"""The token endpoint: every refusal has its own name, and none leaves a token."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from support.identity_people import IDENTITY, MEDICAL, URLS, Holder, Participant
from support.identity_world import TOKEN_ENDPOINT, World, running

from consent import base64url
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.identity.messages import Application, CardChange, ChangeCard
from services.contracts.oversight.messages import Accredited, StandingChange
from services.contracts.oversight.register import Kind, Role
from services.kit.clock import epoch_seconds
from services.kit.credentials.dpop import DpopKey
from services.kit.strict_json import loads


@dataclass(frozen=True)
class Scene:
    """A hospital and a clinic, and a person with a card."""

    world: World
    hospital: Participant
    clinic: Participant
    city: Participant
    holder: Holder

    def now(self) -> int:
        """The present moment in epoch seconds."""
        return epoch_seconds(self.world.clock())

    def refusal(
        self, fields: Mapping[str, str], *, at: Participant | None = None, proof: str | None = None
    ) -> tuple[int, str]:
        """Ask and return (status, error)."""
        answer = self.world.ask_token(at or self.hospital, fields, proof=proof)
        told = answer.json()
        assert set(told) == {"error", "error_description"}
        assert answer.headers["cache-control"] == "no-store"
        return answer.status_code, told["error"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running(tmp_path_factory.mktemp("world")) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        hospital = world.accredit("hospital", Kind.HOSPITAL, Role.WRITER, Role.READER)
        clinic = world.accredit("clinic", Kind.CLINIC, Role.READER)
        yield Scene(world, hospital, clinic, city, world.holder(city))


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
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
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
    change = StandingChange(
        kind=kind, id=name, organisation=scene.clinic.organisation, reason="under suspicion"
    )
    scene.world.oversight.suspend(change)
    refusal = scene.refusal(scene.world.operator_fields(scene.clinic, MEDICAL), at=scene.clinic)
    scene.world.oversight.resume(change)
    assert refusal == expected
    fields = scene.world.operator_fields(scene.clinic, MEDICAL)
    assert scene.world.ask_token(scene.clinic, fields).status_code == 200


def test_suspended_card_signs_nobody_in(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    message = ChangeCard(
        reference=holder.enrolled.reference,
        card=holder.issued.card,
        change=CardChange.SUSPEND,
        reason="lost",
    )
    token = scene.world.operator_token(scene.city, IDENTITY)
    scene.world.identity(scene.city).change_card(message, token=token)
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
    assert told["grant_types_supported"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert told.items() <= smart.items()
    assert [key["crv"] for key in keys] == ["Ed25519"]
    assert all("d" not in key for key in keys)


def jwt_claims(token: str) -> dict[str, object]:
    """Read the claims of a JWT without checking it."""
    claims: dict[str, object] = loads(base64url.decode(token.split(".")[1]))
    return claims


def strange_keys(holder: Holder) -> dict[Application, EllipticCurvePrivateKey]:
    """Return keys that are not the card's."""
    return {application: generate_private_key(SECP256R1()) for application in holder.keys}


def compact(header: object, claims: object, key: EllipticCurvePrivateKey) -> str:
    """Sign a JWS whatever its header says (RFC 7518, section 3.4)."""
    text = ".".join(base64url.encode(json.dumps(part).encode()) for part in (header, claims))
    r, s = decode_dss_signature(key.sign(text.encode(), ECDSA(SHA256())))
    return f"{text}.{base64url.encode(r.to_bytes(32) + s.to_bytes(32))}"
