"""The key that signs access tokens changes while traffic goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.card_scene import CardScene
from support.identity_people import IDENTITY, REGISTRY
from support.identity_wire import refused
from support.identity_world import running

from consent import base64url
from services.identity.settings import Settings
from services.identity.token_keys import GRACE_SECONDS, TokenKeys
from services.identity.token_store import KeyTerm, TokenStore
from services.identity.workflows.token_keys import change_key
from services.kit.http import Token
from services.kit.strict_json import loads


class Scene(CardScene):
    """A municipality and a person, and the keys as another process sees them."""

    @property
    def settings(self) -> Settings:
        """The ID centre's settings."""
        found = self.world.identity_context.settings
        assert isinstance(found, Settings)
        return found

    def change(self) -> KeyTerm:
        """Change the key as another process does: with its own view of the files."""
        context = self.world.identity_context
        keys = TokenKeys(context.keys, TokenStore(context.cipher), self.settings, context.randomness)
        with context.database.write() as conn:
            return change_key(context, conn, keys)

    def sign_in(self) -> Token:
        """Return a token of the person for the registry."""
        return self.world.person_token(self.holder, REGISTRY, at=self.city)

    def read(self, token: Token) -> None:
        """Read the history at the registry."""
        self.world.http(REGISTRY, self.city).get("/history", token=token)

    def published(self) -> list[str]:
        """Return the names of the keys that signed or sign tokens."""
        keys = self.world.http(IDENTITY, self.city).get("/.well-known/jwks.json")["keys"]
        return [key["kid"] for key in keys][:-1]  # the last signs the status list


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        yield Scene.of(world)


def kid(token: Token) -> str:
    return str(loads(base64url.decode(token.value.split(".")[0]))["kid"])


def test_no_token_is_refused_while_the_key_changes(scene: Scene) -> None:
    """A token each second, each read at once and once more near its end, over the whole change."""
    seconds = scene.settings.token_key_lead_seconds + 20
    kept: list[Token] = []
    scene.change()
    for _ in range(seconds):
        kept.append(scene.sign_in())
        scene.read(kept[-1])
        scene.world.clock.move(1)
    assert len({kid(each) for each in kept}) == 2
    scene.world.clock.move(scene.settings.token_seconds - seconds - 1)
    for each in kept:
        scene.read(each)


def test_next_key_is_published_before_it_signs_and_the_former_until_its_tokens_are_gone(scene: Scene) -> None:
    former = kid(scene.sign_in())
    assert scene.published() == [former]
    planned = scene.change()
    first, second = scene.published()
    assert first == former == kid(scene.sign_in())
    scene.world.clock.move(scene.settings.token_key_lead_seconds)
    assert kid(scene.sign_in()) == second
    scene.world.clock.move(scene.settings.token_seconds + GRACE_SECONDS - 1)
    assert scene.published() == [first, second]
    scene.world.clock.move(1)
    assert scene.published() == [second]
    assert planned.number == 2


def test_change_that_is_asked_for_twice_happens_once(scene: Scene) -> None:
    assert scene.change() == scene.change()
    assert len(scene.published()) == 2


def test_key_outlives_a_restart(scene: Scene) -> None:
    scene.change()
    scene.world.clock.move(scene.settings.token_key_lead_seconds)
    token = scene.sign_in()
    scene.world.restart()
    scene.read(token)
    assert kid(scene.sign_in()) == kid(token)


def test_token_by_a_key_whose_time_is_over_is_refused(scene: Scene) -> None:
    """R2: whoever found an old key file signs nothing with it."""
    former = scene.world.identity_context.keys.ed25519("token-1")
    scene.change()
    scene.world.clock.move(
        scene.settings.token_key_lead_seconds + scene.settings.token_seconds + GRACE_SECONDS
    )
    genuine = scene.sign_in()
    scene.read(genuine)
    context = scene.world.identity_context
    keys = TokenKeys(context.keys, TokenStore(context.cipher), scene.settings, context.randomness)
    issuer = keys.issuer(1)
    assert issuer.key.private_bytes_raw() == former.private_bytes_raw()
    forged = issuer.for_person(
        audience=REGISTRY,
        pseudonym=scene.world.pseudonym(genuine, scene.world.registry_context.body),
        audience_key=scene.world.registry_context.sealing_key.public_key(),
        jkt=genuine.key.thumbprint,
        place=1,
        now=scene.world.clock(),
    )
    with refused("unauthenticated", 401):
        scene.read(Token(forged, genuine.key))
