"""What a listener on the wire, and a caller with somebody else's token, get from ID centre and registry: nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from sqlalchemy import func, select
from support.identity_people import IDENTITY, MEDICAL, REGISTRY, Holder, Participant
from support.identity_world import TOKEN_ENDPOINT, World, running

from services.contracts.oversight.register import Kind, Role
from services.identity.tables import KIT
from services.kit.credentials.dpop import DpopKey
from services.kit.http import Token

TEN_MINUTES = 600
HOUR = 3600


@dataclass(frozen=True)
class Scene:
    """A municipality, a hospital, and a person with a card."""

    world: World
    city: Participant
    hospital: Participant
    holder: Holder

    def log_size(self) -> int:
        """How many entries the ID centre's log has."""
        with self.world.identity_context.database.read() as conn:
            entry = KIT.journal.entry
            return int(conn.execute(select(func.count()).select_from(entry)).scalar_one())

    def issued(self) -> int:
        """How many tokens the ID centre says that it issued."""
        journal = self.world.identity_context.journal
        with self.world.identity_context.database.read() as conn:
            told = journal.openings(conn, range(journal.tree.size(conn)))
        return sum(opening.event["kind"] == "token_issued" for opening in told.values())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        hospital = world.accredit("hospital", Kind.HOSPITAL, Role.WRITER, Role.READER)
        yield Scene(world, city, hospital, world.holder(city))


def error(scene: Scene, fields: dict[str, str], proof: str, at: Participant) -> str:
    answer = scene.world.ask_token(at, fields, proof=proof)
    assert answer.status_code >= 400
    return str(answer.json()["error"])


# step T7
def test_token_request_has_one_effect_however_often_it_is_sent(scene: Scene) -> None:
    """OT2: at once, after a restart, after ten minutes, with clocks an hour apart."""
    fields = scene.world.operator_fields(scene.hospital, MEDICAL)
    proof = scene.world.proof(TOKEN_ENDPOINT)
    assert scene.world.ask_token(scene.hospital, fields, proof=proof).status_code == 200
    issued = scene.issued()
    assert error(scene, fields, proof, scene.hospital) == "invalid_dpop_proof"
    scene.world.restart()
    assert error(scene, fields, proof, scene.hospital) == "invalid_dpop_proof"
    for skew in (TEN_MINUTES, HOUR, -2 * HOUR):
        scene.world.clock.move(skew)
        assert error(scene, fields, proof, scene.hospital) == "invalid_dpop_proof"
    assert scene.issued() == issued


def test_heard_assertions_are_worthless_with_a_fresh_proof(scene: Scene) -> None:
    """OT2: the listener has keys of its own for DPoP, but the card's and the terminal's words count once."""
    heard = scene.world.operator_fields(scene.hospital, MEDICAL)
    assert scene.world.ask_token(scene.hospital, heard).status_code == 200
    fresh = scene.world.operator_fields(scene.hospital, MEDICAL)
    for restart in (False, True):
        if restart:
            scene.world.restart()
        again = fresh | {"assertion": heard["assertion"]}
        assert error(scene, again, scene.world.proof(TOKEN_ENDPOINT), scene.hospital) == "invalid_grant"
        again = fresh | {"client_assertion": heard["client_assertion"]}
        assert error(scene, again, scene.world.proof(TOKEN_ENDPOINT), scene.hospital) == "invalid_client"
    assert scene.world.ask_token(scene.hospital, fresh).status_code == 200


def test_heard_answer_of_a_card_signs_nobody_in_again(scene: Scene) -> None:
    """OT2: neither the same assertion nor a new one over the same challenge."""
    fields = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city)
    assert scene.world.ask_token(scene.city, fields).status_code == 200
    challenge = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city)
    assert scene.world.ask_token(scene.city, challenge).status_code == 200
    for restart in (False, True):
        if restart:
            scene.world.restart()
        for heard in (fields, challenge):
            proof = scene.world.proof(TOKEN_ENDPOINT)
            assert error(scene, heard, proof, scene.city) == "invalid_grant"


# step T5
@pytest.mark.parametrize(
    "bound", [{}, {"cnf": None}, {"cnf": {"jkt": "A" * 43}}], ids=["heard", "none", "other"]
)
def test_relay_gets_no_token_of_its_own_for_a_cards_answer_that_it_passes_on(
    scene: Scene, bound: dict[str, object]
) -> None:
    """R2, OL6: whoever relays a sign-in holds assertion and challenge unused, but not the key that the card named."""
    fields = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city, claims=bound)
    relays_own = scene.world.proof(TOKEN_ENDPOINT, key=DpopKey(generate_private_key(SECP256R1())))
    assert error(scene, fields, relays_own, scene.city) == "invalid_grant"
    assert (scene.world.ask_token(scene.city, fields).status_code == 200) is (not bound)


def test_challenge_counts_once_for_signing_in_and_presenting_together(scene: Scene) -> None:
    """OT2: a terminal that was shown a card cannot use the challenge a second time elsewhere."""
    challenge = scene.world.identity(scene.hospital).challenge().challenge
    claims: dict[str, object] = {"nonce": challenge}
    fields = scene.world.person_fields(scene.holder, MEDICAL, at=scene.city, claims=claims)
    assert scene.world.ask_token(scene.city, fields).status_code == 200
    presentation = scene.world.presentation(scene.holder, scene.hospital, challenge=challenge)
    token = scene.world.operator_token(scene.hospital, IDENTITY)
    with pytest.raises(Exception, match="replayed"):
        scene.world.identity(scene.hospital).link(presentation, token=token)


# step A3
def test_signed_request_counts_once_at_its_own_body_only(scene: Scene) -> None:
    """OT2: the same request again, after a restart, and to another body."""
    token = scene.world.person_token(scene.holder, IDENTITY, at=scene.city)
    proof = scene.world.proof(f"{IDENTITY}/history", method="GET", token=token)
    headers = {"Authorization": f"DPoP {token.value}", "DPoP": proof}
    identity, registry = (scene.world.http(url, scene.city) for url in (IDENTITY, REGISTRY))
    assert identity.raw("GET", "/history", headers=headers).status_code == 200
    assert identity.raw("GET", "/history", headers=headers).status_code == 409
    assert registry.raw("GET", "/history", headers=headers).status_code == 401
    scene.world.restart()
    identity = scene.world.http(IDENTITY, scene.city)
    assert identity.raw("GET", "/history", headers=headers).status_code == 409


def routes(scene: Scene) -> list[tuple[str, str, str]]:
    """Return (body's address, method, path) of every route that is not open; names in paths are made up."""
    found = [
        (url, method, re.sub(r"\{\w+\}", "unknown", path))
        for (url, method, path), rule in scene.world.rules.items()
        if rule.kind != "open"
    ]
    assert len(found) > 20
    return found


def test_token_for_another_audience_opens_nothing(scene: Scene) -> None:
    """OL6: operators' and persons' tokens, at every route of both bodies, with a right proof for that route."""
    tokens = {
        audience: [
            scene.world.person_token(scene.holder, audience, at=scene.city),
            scene.world.operator_token(scene.city, audience),
        ]
        for audience in (IDENTITY, REGISTRY, MEDICAL)
    }
    assert status(scene, tokens[IDENTITY][0], IDENTITY, "GET", "/history") == 200
    before = scene.log_size()
    for url, method, path in routes(scene):
        for audience in tokens.keys() - {url}:
            for token in tokens[audience]:
                assert status(scene, token, url, method, path) == 401
    assert scene.log_size() == before


# step A3
def test_stolen_token_is_worthless_without_its_key(scene: Scene) -> None:
    """OL6: with a proof by another key, with none, as a bearer token; at every route."""
    thief = DpopKey(generate_private_key(SECP256R1()))
    for url, method, path in routes(scene):
        stolen = scene.world.person_token(scene.holder, url, at=scene.city)
        assert status(scene, Token(stolen.value, thief), url, method, path) == 401
        connection = scene.world.http(url, scene.city)
        for scheme in ("DPoP", "Bearer"):
            headers = {"Authorization": f"{scheme} {stolen.value}"}
            assert connection.raw(method, path, headers=headers).status_code == 401


# step A4
def test_operators_token_is_worthless_at_another_terminal(scene: Scene) -> None:
    """OL6: even with the DPoP key, the token is bound to the TLS certificate of its terminal."""
    token = scene.world.operator_token(scene.city, IDENTITY)
    for url, method, path in routes(scene):
        if url == IDENTITY:
            assert status(scene, token, url, method, path, at=scene.hospital) == 401


def status(
    scene: Scene, token: Token, url: str, method: str, path: str, *, at: Participant | None = None
) -> int:
    """Send a request with a token and a right proof."""
    proof = scene.world.proof(url + path, method=method, token=token)
    headers = {"Authorization": f"DPoP {token.value}", "DPoP": proof}
    return scene.world.http(url, at or scene.city).raw(method, path, headers=headers).status_code
