"""The same world with the honest fakes of ID centre and registry instead of the real ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from support.identity_people import IDENTITY, REGISTRY, Participant
from support.identity_world import World

from consent.vocabulary import Body
from services.contracts.identity.card_client import Cards
from services.contracts.identity.client import Identity
from services.contracts.identity.fake_passkeys import FakeIdentityWithPasskeys
from services.contracts.oversight.register_view import WithTokens
from services.contracts.registry.attributes import AttributeRegistry
from services.contracts.registry.client import Registry
from services.contracts.registry.fake_attributes import FakeAttributeRegistry
from services.kit.credentials.standing import TokenStanding
from services.kit.fresh import Fresh


class FakeWorld(World):
    """See `World`."""

    def start(self) -> None:
        """Make both fakes and enter them in the register."""
        directory = self.oversight.directory
        self.fake_registry = FakeAttributeRegistry(REGISTRY, self.clock, directory)
        self.fake_identity = FakeIdentityWithPasskeys(
            IDENTITY,
            self.clock,
            directory,
            lambda token: self.fake_registry.presence(token).registered,
            randomness=self.random.randbytes,
            registry=self.fake_registry,
        )
        self.registry_key = self.fake_registry.signing_key
        for body, signing, sealing in (
            (Body.IDENTITY, self.fake_identity.key, self.fake_identity.sealing_key),
            (Body.REGISTRY, self.registry_key, self.fake_registry.key),
        ):
            self._certificates[body] = f"certificate of {body.value}".encode()
            self._enter(body, signing=signing, sealing=sealing, log_key="")
        self._enter_strangers()
        self.register = WithTokens(
            self.oversight,
            Fresh(
                lambda _: TokenStanding.of_keys(self.fake_identity.key.public_key()),
                name="tokens",
                clock=self.clock,
                max_age=0.5,
                stale_limit=10,
            ),
        )

    def identity(self, participant: Participant) -> Identity:
        """Return the fake."""
        return self.fake_identity

    def cards(self, participant: Participant) -> Cards:
        """Return the fake."""
        return self.fake_identity

    def registry(self, participant: Participant) -> Registry:
        """Return the fake."""
        return self.fake_registry

    def attributes(self, participant: Participant) -> AttributeRegistry:
        """Return the fake."""
        return self.fake_registry

    def sealing_key(self, body: Body) -> X25519PrivateKey:
        """See `Bodies`."""
        own = {Body.IDENTITY: self.fake_identity.sealing_key, Body.REGISTRY: self.fake_registry.key}
        return own[body] if body in own else self.strangers[body].sealing


@contextmanager
def running_fakes(folder: Path) -> Iterator[World]:
    """Run a new world of fakes."""
    world = FakeWorld(folder)
    world.start()
    yield world
    world.stop()
