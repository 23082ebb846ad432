"""Tokens and proofs of the right content and the wrong signature."""

import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.card_scene import CardScene
from support.identity_people import IDENTITY, REGISTRY
from support.identity_world import running

from consent import base64url
from consent.jwk import to_jwk
from services.kit.http import PeerUnavailableError, Token
from services.kit.strict_json import loads


class Scene(CardScene):
    """A municipality and a person."""

    def status(self, token: str, *, key: Token, proof: str | None = None) -> int:
        """Ask the registry for the history with a token and a right proof for it, unless one is given."""
        genuine = Token(token, key.key)
        right = self.world.proof(f"{REGISTRY}/history", method="GET", token=genuine)
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof or right}
        return self.world.http(REGISTRY, self.city).raw("GET", "/history", headers=headers).status_code


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("forged")
    with running(folder) as world:
        yield Scene.of(world)


def parts(token: str) -> tuple[dict[str, object], str, str]:
    header, payload, signature = token.split(".")
    return loads(base64url.decode(header)), payload, signature


def spelled(header: dict[str, object]) -> str:
    return base64url.encode(json.dumps(header).encode())


def unsigned(token: str, _key: bytes) -> str:
    header, payload, _ = parts(token)
    return f"{spelled(header | {'alg': 'none'})}.{payload}."


def by_public_key(token: str, key: bytes) -> str:
    header, payload, _ = parts(token)
    text = f"{spelled(header | {'alg': 'HS256'})}.{payload}"
    return f"{text}.{base64url.encode(hmac.digest(key, text.encode(), 'sha256'))}"


def with_two_signatures(token: str, _key: bytes) -> str:
    header, payload, signature = parts(token)
    one = {"protected": spelled(header), "signature": signature}
    return json.dumps({"payload": payload, "signatures": [one, one]})


def flattened(token: str, _key: bytes) -> str:
    header, payload, signature = parts(token)
    return json.dumps({"payload": payload, "protected": spelled(header), "signature": signature})


def other_claims(token: str, _key: bytes) -> str:
    header, payload, signature = parts(token)
    claims = loads(base64url.decode(payload)) | {"exp": 4_000_000_000}
    return f"{spelled(header)}.{spelled(claims)}.{signature}"


def by_its_own_key(token: str, _key: bytes) -> str:
    """The key comes with the token: what a verifier that trusts `jwk` would take."""
    header, payload, _ = parts(token)
    own = Ed25519PrivateKey.generate()
    text = f"{spelled(header | {'jwk': to_jwk(own.public_key())})}.{payload}"
    return f"{text}.{base64url.encode(own.sign(text.encode()))}"


def of_another_type(token: str, _key: bytes) -> str:
    header, payload, signature = parts(token)
    return f"{spelled(header | {'typ': 'JWT'})}.{payload}.{signature}"


def without_kid(token: str, _key: bytes) -> str:
    header, payload, signature = parts(token)
    header.pop("kid")
    return f"{spelled(header)}.{payload}.{signature}"


Forgery = Callable[[str, bytes], str]
FORGERIES: list[Forgery] = [
    unsigned,
    by_public_key,
    with_two_signatures,
    flattened,
    other_claims,
    by_its_own_key,
    of_another_type,
    without_kid,
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_forged_access_token_opens_nothing(scene: Scene, forge: Forgery) -> None:
    """OT3, R2: none, HMAC with the public key, two signatures, other claims, a key of its own."""
    token = scene.world.person_token(scene.holder, REGISTRY, at=scene.city)
    jwks = scene.world.http(IDENTITY, scene.city).get("/.well-known/jwks.json")["keys"]
    for key in jwks:
        forged = forge(token.value, base64url.decode(key["x"]))
        assert scene.status(forged, key=token) == 401
    assert scene.status(token.value, key=token) == 200


@pytest.mark.parametrize("forge", [unsigned, by_public_key, with_two_signatures, flattened, of_another_type])
def test_forged_proof_opens_nothing(scene: Scene, forge: Forgery) -> None:
    """OT3: the same with the DPoP proof, whose own key is in its header."""
    token = scene.world.person_token(scene.holder, REGISTRY, at=scene.city)
    proof = scene.world.proof(f"{REGISTRY}/history", method="GET", token=token)
    header, _, _ = parts(proof)
    jwk = header["jwk"]
    assert isinstance(jwk, dict)
    assert scene.status(token.value, key=token, proof=forge(proof, base64url.decode(jwk["x"]))) == 401


def test_nobody_is_let_in_while_it_is_not_known_which_tokens_ended(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OL5: the ID centre is cut off; what was fetched counts for seconds, then nothing does, then all does again."""
    token = scene.world.person_token(scene.holder, REGISTRY, at=scene.city)
    assert scene.status(token.value, key=token) == 200
    reachable, cut = scene.world.body_http, scene.world.registry_context.settings.token_status_stale_seconds

    def nobody(*_: object) -> None:
        raise PeerUnavailableError("cut off")

    monkeypatch.setattr(scene.world, "body_http", nobody)
    scene.world.clock.move(int(cut) - 1)
    assert scene.status(token.value, key=token) == 200
    scene.world.clock.move(2)
    assert scene.status(token.value, key=token) == 503
    monkeypatch.setattr(scene.world, "body_http", reachable)
    scene.world.clock.move(2)
    assert scene.status(token.value, key=token) == 200
