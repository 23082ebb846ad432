"""Whoever writes the ID centre's database, without its keys, puts the row of a removed passkey back."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select
from support.authenticator import Device
from support.identity_people import IDENTITY, URLS, Holder, Participant
from support.identity_world import World, running

from consent import base64url
from consent.vocabulary import Body
from services.contracts.identity.passkey_client import PasskeyClient
from services.contracts.identity.passkey_messages import (
    PASSKEY_GRANT,
    AddPasskey,
    AskPasskeyOptions,
    RemovePasskey,
)
from services.contracts.oversight.register import Kind, Role
from services.identity import tables
from services.kit.credentials.passkeys import signed_challenge
from services.kit.http import RemoteProblemError

PAGE = URLS[Body.PORTAL]


@dataclass(frozen=True)
class Scene:
    """A person with a card, at a municipality's terminal."""

    world: World
    city: Participant
    holder: Holder

    def adds(self, name: str) -> tuple[Device, str]:
        """Add a passkey; return the device and what the passkey is called."""
        device = Device(PAGE, PAGE.removeprefix("https://").partition(":")[0])
        desk = PasskeyClient(self.world.http(IDENTITY, self.city))
        token = self.world.person_token(self.holder, IDENTITY, at=self.city)
        told = desk.passkey_options(AskPasskeyOptions(name=name), token=token)
        made = device.create(told.challenge.encode())
        message = AddPasskey(name=name, challenge=told.challenge, credential=made)
        listed = desk.add_passkey(message, token=token).passkeys
        return device, next(each.id for each in listed if each.name == name)

    def removes(self, passkey: str) -> None:
        """Remove a passkey."""
        token = self.world.person_token(self.holder, IDENTITY, at=self.city)
        desk = PasskeyClient(self.world.http(IDENTITY, self.city))
        desk.remove_passkey(RemovePasskey(id=passkey), token=token)

    def refused(self, device: Device) -> str | None:
        """Sign in with a device; return why no token came of it, if none did."""
        identity, key = self.world.identity(self.city), self.world.dpop
        challenge = identity.challenge().challenge
        answer = device.use(signed_challenge(challenge, key.thumbprint))
        form = {
            "grant_type": PASSKEY_GRANT,
            "assertion": base64url.encode(json.dumps(answer).encode()),
            "challenge": challenge,
            "resource": IDENTITY,
        }
        try:
            identity.token(form, key=key)
        except RemoteProblemError as refusal:
            return refusal.code
        return None


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        yield Scene(world, city, world.holder(city))


def test_nobody_signs_in_with_a_removed_passkey_whose_row_was_put_back(scene: Scene) -> None:
    """K4, IT5: a lost device stays removed, also after a restart; another one of the same person goes on."""
    (lost, name), (other, _) = scene.adds("lost"), scene.adds("other")
    assert scene.refused(lost) is None
    with scene.world.identity_context.database.read() as conn:
        kept = [dict(row._mapping) for row in conn.execute(select(tables.passkey))]
    scene.removes(name)
    assert scene.refused(lost) == "invalid_grant"
    with scene.world.identity_context.database.write() as conn:
        conn.execute(delete(tables.passkey))
        conn.execute(insert(tables.passkey), kept)
    for _ in range(2):
        assert scene.refused(lost) == "invalid_grant"
        assert scene.refused(other) is None
        scene.world.restart()
