"""Access tokens that end before their time: signing out, stopped cards, and what bodies learn of it."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from sqlalchemy import select
from support.identity_people import IDENTITY, MEDICAL, REGISTRY, Holder, Participant
from support.identity_wire import refused
from support.identity_world import World, running

from consent import base64url, jws
from consent.vocabulary import Body
from services.contracts.identity.messages import CardChange
from services.contracts.oversight.register import Kind, Role
from services.identity.tables import live_token
from services.kit.clock import epoch_seconds
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.standing import PLACES, STATUS_PATH, STATUS_TYPE, verify_standing
from services.kit.http import Token
from services.kit.problems import UnavailableError
from services.kit.strict_json import loads


@dataclass(frozen=True)
class Scene:
    """A municipality and two people with cards."""

    world: World
    city: Participant
    holder: Holder
    other: Holder

    def history(self, token: Token, url: str) -> object:
        """Read the history at a body with a token for it."""
        return self.world.http(url, self.city).get("/history", token=token)

    def change(self, change: CardChange) -> None:
        """Change the first person's card at the counter."""
        self.world.change_card(self.city, self.holder, change)

    def signed_list(self, body: Body) -> str:
        """Return the status list as a body gets it."""
        return self.world.body_http(IDENTITY, body).send("GET", STATUS_PATH).text


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        yield Scene(world, city, world.holder(city), world.holder(city))


# steps A2, V2
@pytest.mark.parametrize("change", [CardChange.SUSPEND, CardChange.REVOKE])
def test_tokens_of_a_stopped_card_are_refused_at_every_body_within_a_second(
    scene: Scene, change: CardChange
) -> None:
    tokens = {url: scene.world.person_token(scene.holder, url, at=scene.city) for url in (IDENTITY, REGISTRY)}
    untouched = {
        url: scene.world.person_token(scene.other, url, at=scene.city) for url in (IDENTITY, REGISTRY)
    }
    for url, token in tokens.items():
        scene.history(token, url)
    scene.change(change)
    scene.world.clock.move(1)
    for url, token in tokens.items():
        with refused("unauthenticated", 401):
            scene.history(token, url)
        scene.history(untouched[url], url)


def test_resumed_card_signs_in_anew_and_its_former_tokens_stay_ended(scene: Scene) -> None:
    former = scene.world.person_token(scene.holder, REGISTRY, at=scene.city)
    scene.change(CardChange.SUSPEND)
    scene.change(CardChange.RESUME)
    scene.world.clock.move(1)
    with refused("unauthenticated", 401):
        scene.history(former, REGISTRY)
    scene.history(scene.world.person_token(scene.holder, REGISTRY, at=scene.city), REGISTRY)


# step V3
def test_signing_out_ends_all_tokens_of_the_key_and_no_others(scene: Scene) -> None:
    """The world has one proof key for everybody, so the other person brings a key of their own."""
    ended = [scene.world.person_token(scene.holder, url, at=scene.city) for url in (IDENTITY, REGISTRY)]
    shared, scene.world.dpop = scene.world.dpop, DpopKey(generate_private_key(SECP256R1()))
    kept = scene.world.person_token(scene.other, REGISTRY, at=scene.city)
    scene.world.identity(scene.city).revoke(ended[0].value, key=shared)
    scene.world.clock.move(1)
    for url, token in zip((IDENTITY, REGISTRY), ended, strict=True):
        with refused("unauthenticated", 401):
            scene.history(token, url)
    scene.history(kept, REGISTRY)


def test_signing_out_is_in_the_persons_history(scene: Scene) -> None:
    token = scene.world.person_token(scene.holder, REGISTRY, at=scene.city)
    scene.world.identity(scene.city).revoke(token.value, key=token.key)
    journal, database = scene.world.identity_context.journal, scene.world.identity_context.database
    with database.read() as conn:
        whose = dict(journal.persons(conn))
        told = journal.openings(conn, list(whose))
    (position,) = [at for at, each in told.items() if each.event["kind"] == "tokens_revoked"]
    issued = [
        at for at, each in told.items() if each.event["kind"] == "token_issued" and whose[at] is not None
    ]
    assert whose[position] is not None
    assert whose[position] == whose[issued[-1]]


def test_ended_and_strange_tokens_are_ended_again_without_an_error(scene: Scene) -> None:
    token = scene.world.person_token(scene.holder, REGISTRY, at=scene.city)
    for each in (token.value, token.value, "no token", token.value[:-2] + "AA"):
        scene.world.identity(scene.city).revoke(each, key=token.key)


# step V3
def test_token_is_not_ended_by_another_key(scene: Scene) -> None:
    token = scene.world.person_token(scene.holder, REGISTRY, at=scene.city)
    with refused("invalid_dpop_proof", 400):
        scene.world.identity(scene.city).revoke(token.value, key=DpopKey(generate_private_key(SECP256R1())))
    scene.world.clock.move(1)
    scene.history(token, REGISTRY)


def test_what_was_ended_stays_ended_after_a_restart(scene: Scene) -> None:
    token = scene.world.person_token(scene.holder, REGISTRY, at=scene.city)
    scene.world.identity(scene.city).revoke(token.value, key=token.key)
    scene.world.restart()
    with refused("unauthenticated", 401):
        scene.history(token, REGISTRY)


def test_status_list_is_one_as_the_draft_says(scene: Scene) -> None:
    """Read with nothing of ours: three parts, zlib, least significant bit first."""
    token = scene.world.person_token(scene.holder, REGISTRY, at=scene.city)
    scene.world.identity(scene.city).revoke(token.value, key=token.key)
    status = loads(base64url.decode(token.value.split(".")[1]))["status"]["status_list"]
    header, payload, _ = (part.encode() for part in scene.signed_list(Body.MEDICAL).split("."))
    told = loads(base64url.decode(payload.decode()))
    assert loads(base64url.decode(header.decode()))["typ"] == "statuslist+jwt"
    assert told["sub"] == status["uri"] == IDENTITY + STATUS_PATH
    bits = zlib.decompress(base64url.decode(told["status_list"]["lst"]))
    assert len(bits) * 8 == PLACES
    assert bits[status["idx"] // 8] >> (status["idx"] % 8) & 1


def test_operators_and_persons_do_not_get_the_list(scene: Scene) -> None:
    token = scene.world.operator_token(scene.city, IDENTITY)
    with refused("forbidden", 403):
        scene.world.http(IDENTITY, scene.city).send("GET", STATUS_PATH, token=token)


# step V1
def test_places_of_tokens_that_are_asked_for_together_are_far_apart(scene: Scene) -> None:
    """LN1: two bodies that compare the places of one person's tokens learn nothing."""
    places = []
    for _ in range(12):
        token = scene.world.person_token(scene.holder, MEDICAL, at=scene.city)
        claims = loads(base64url.decode(token.value.split(".")[1]))
        places.append(claims["status"]["status_list"]["idx"])
    near = [abs(one - next_) for one, next_ in itertools.pairwise(places) if abs(one - next_) < 16]
    assert near == []
    assert len(set(places)) == len(places)


def test_rows_of_expired_tokens_are_forgotten(scene: Scene) -> None:
    scene.world.person_token(scene.holder, MEDICAL, at=scene.city)
    centre = scene.world.identity_context
    scene.world.clock.move(400)
    for _ in range(200):
        scene.world.operator_token(scene.city, MEDICAL)
    with centre.database.read() as conn:
        oldest = min(conn.execute(select(live_token.c.expires)).scalars())
    assert oldest > epoch_seconds(scene.world.clock())


# step V4
def test_list_counts_for_its_centre_signer_and_time_only(scene: Scene) -> None:
    now = epoch_seconds(scene.world.clock())
    key = scene.world.identity_context.signing_key
    good = scene.signed_list(Body.MEDICAL)
    url = IDENTITY + STATUS_PATH
    assert verify_standing(good, url=url, key=key.public_key(), now=now).stands(0)
    payload = loads(base64url.decode(good.split(".")[1]))

    def signed(**changed: object) -> str:
        return jws.sign(payload | changed, typ=STATUS_TYPE, key=key, kid="k")

    bomb = base64url.encode(zlib.compress(bytes(10_000_000)))
    for text, at, where in (
        (good, now + 30, url),
        (good, now - 60, url),
        (good, now, MEDICAL + STATUS_PATH),
        (good[:-4] + "AAAA", now, url),
        (signed(status_list={"bits": 1, "lst": bomb}), now, url),
        (signed(status_list={"bits": 2, "lst": payload["status_list"]["lst"]}), now, url),
        (signed(status_list={"bits": 1, "lst": "AAAA"}), now, url),
        (jws.sign(payload, typ="JWT", key=key, kid="k"), now, url),
    ):
        with pytest.raises(UnavailableError):
            verify_standing(text, url=where, key=key.public_key(), now=at)
