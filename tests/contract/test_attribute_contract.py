"""A statement of one's items about one's own signature certificate: the same of the fakes and of the real bodies."""

from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from support.identity_fakes import FakeWorld
from support.identity_people import IDENTITY, REGISTRY, Holder, Participant, some_items
from support.identity_wire import refused
from support.identity_world import World

from consent.attributes import verify
from consent.errors import SignatureError
from consent.vocabulary import BasicItem, Body
from services.contracts.identity.card_messages import AttributeToken, SuspendByCode
from services.contracts.identity.messages import Application
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.attributes import StateAttributes


@dataclass(frozen=True)
class Scene:
    """Two people with cards."""

    world: World
    city: Participant
    holder: Holder
    other: Holder

    def word(self, whose: Holder) -> AttributeToken:
        token = self.world.person_token(whose, IDENTITY, at=self.city)
        return self.world.cards(self.city).attribute_token(token=token)

    def state(self, as_: Holder, word: AttributeToken, certificate: str | None = None) -> str:
        token = self.world.person_token(as_, REGISTRY, at=self.city)
        message = StateAttributes(certificate=certificate or word.certificate, token=word.token)
        return self.world.attributes(self.city).state_attributes(message, token=token).statement

    @property
    def registry_key(self) -> Ed25519PublicKey:
        if isinstance(self.world, FakeWorld):
            return self.world.fake_registry.signing_key.public_key()
        return self.world.oversight.directory().signing_key(Body.REGISTRY)


@pytest.fixture
def scene(world: World) -> Scene:
    city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    return Scene(world, city, world.holder(city), world.holder(city))


def test_statement_binds_the_items_to_the_signature_certificate(scene: Scene) -> None:
    """K2: what the real certificate carries; the ID centre, which issued it, saw none of it."""
    serial = scene.holder.kid_of(Application.SIGNATURE)
    statement = scene.state(scene.holder, scene.word(scene.holder))
    told = verify(statement, registry_key=scene.registry_key, certificate=serial)
    assert told.items == {item: some_items().model_dump(mode="json")[item.value] for item in BasicItem}
    assert told.stated_at == scene.world.clock().replace(microsecond=0)
    with pytest.raises(SignatureError):
        verify(
            statement, registry_key=scene.registry_key, certificate=scene.other.kid_of(Application.SIGNATURE)
        )


def test_nobody_has_items_stated_about_somebody_elses_certificate(scene: Scene) -> None:
    """Two people who help each other get no certificate of one with the name of the other."""
    with refused("pseudonym_token_refused", 403):
        scene.state(scene.holder, scene.word(scene.other))
    word = scene.word(scene.holder)
    with refused("pseudonym_token_refused", 403):
        scene.state(scene.holder, word, certificate=scene.other.kid_of(Application.SIGNATURE))


def test_word_of_the_id_centre_counts_once(scene: Scene) -> None:
    word = scene.word(scene.holder)
    scene.state(scene.holder, word)
    with refused("replayed", 409):
        scene.state(scene.holder, word)


def test_stopped_card_gets_no_word(scene: Scene) -> None:
    token = scene.world.person_token(scene.holder, IDENTITY, at=scene.city)
    scene.world.cards(scene.city).suspend(SuspendByCode(code=scene.holder.issued.suspension_code))
    with pytest.raises(Exception, match=r"unauthenticated|card_not_usable|Token|credential|suspended"):
        scene.world.cards(scene.city).attribute_token(token=token)
