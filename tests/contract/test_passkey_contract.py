"""Passkeys: the same on the honest fake and on the real ID centre."""

import json
from collections.abc import Mapping
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from pydantic import JsonValue
from support.authenticator import PRESENT, Device
from support.card_scene import CardScene
from support.identity_people import IDENTITY, MEDICAL, URLS
from support.identity_wire import refused
from support.identity_world import World

from consent import base64url
from consent.vocabulary import Body
from services.contracts.identity.messages import ACCESS_TOKEN_TYPE, TOKEN_EXCHANGE
from services.contracts.identity.passkey_client import PasskeyClient, PasskeyDesk
from services.contracts.identity.passkey_messages import (
    PASSKEY_GRANT,
    AddPasskey,
    AskPasskeyOptions,
    Passkeys,
    RemovePasskey,
)
from services.kit.credentials.dpop import DpopKey
from services.kit.credentials.passkeys import signed_challenge
from services.kit.http import Token

PAGE = URLS[Body.PORTAL]
HOST = PAGE.removeprefix("https://").partition(":")[0]


class Scene(CardScene):
    """One ID centre, fake or real, and a person with a card."""

    @property
    def desk(self) -> PasskeyDesk:
        """The ID centre's passkeys."""
        identity = self.world.identity(self.city)
        if hasattr(identity, "passkeys"):
            return cast(PasskeyDesk, identity)
        return PasskeyClient(self.world.http(IDENTITY, self.city))

    def by_card(self) -> Token:
        """Sign the person in with the card."""
        return self.world.person_token(self.holder, IDENTITY, at=self.city)

    def add(self, device: Device, *, name: str = "my phone") -> Passkeys:
        """Add a device's passkey."""
        token = self.by_card()
        told = self.desk.passkey_options(AskPasskeyOptions(name=name), token=token)
        made = device.create(told.challenge.encode())
        return self.desk.add_passkey(
            AddPasskey(name=name, challenge=told.challenge, credential=made), token=token
        )

    def sign_in(self, device: Device, audience: str = IDENTITY) -> Token:
        """Sign the person in with the passkey."""
        key = self.world.dpop
        fields = self.fields(device, key, audience)
        return Token(self.world.identity(self.city).token(fields, key=key).access_token, key)

    def fields(self, device: Device, key: DpopKey, audience: str = IDENTITY) -> dict[str, str]:
        """Return the form of a token request."""
        challenge = self.world.identity(self.city).challenge().challenge
        return form(challenge, device.use(signed_challenge(challenge, key.thumbprint)), audience)


def form(challenge: str, answer: Mapping[str, JsonValue], audience: str = IDENTITY) -> dict[str, str]:
    return {
        "grant_type": PASSKEY_GRANT,
        "assertion": base64url.encode(json.dumps(answer).encode()),
        "challenge": challenge,
        "resource": audience,
    }


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene.of(world)


def device() -> Device:
    return Device(PAGE, HOST)


# steps K1, K2, K3
def test_passkey_signs_in_the_person_who_added_it(scene: Scene) -> None:
    phone = device()
    listed = scene.add(phone).passkeys
    assert [(each.name, each.used) for each in listed] == [("my phone", None)]
    token = scene.sign_in(phone, MEDICAL)
    card = scene.world.person_token(scene.holder, MEDICAL, at=scene.city)
    assert scene.world.pseudonym(token, Body.MEDICAL) == scene.world.pseudonym(card, Body.MEDICAL)
    (used,) = scene.desk.passkeys(token=scene.sign_in(phone)).passkeys
    assert used.used is not None


# step K4
def test_removed_passkey_signs_nobody_in_and_its_tokens_end(scene: Scene) -> None:
    phone = device()
    (added,) = scene.add(phone).passkeys
    token = scene.sign_in(phone)
    assert scene.desk.remove_passkey(RemovePasskey(id=added.id), token=token).passkeys == []
    scene.world.clock.move(1)
    with refused("unauthenticated", 401):
        scene.desk.passkeys(token=token)
    with refused("invalid_grant", 400):
        scene.sign_in(phone)


# step K1
def test_passkey_adds_no_passkey(scene: Scene) -> None:
    phone = device()
    scene.add(phone)
    token = scene.sign_in(phone)
    with refused("forbidden", 403):
        scene.desk.passkey_options(AskPasskeyOptions(name="another"), token=token)


def test_person_removes_own_passkeys_only(scene: Scene) -> None:
    phone, other = device(), scene.world.holder(scene.city)
    (added,) = scene.add(phone).passkeys
    stranger = scene.world.person_token(other, IDENTITY, at=scene.city)
    with refused("not_found", 404):
        scene.desk.remove_passkey(RemovePasskey(id=added.id), token=stranger)
    assert scene.desk.passkeys(token=stranger).passkeys == []
    scene.sign_in(phone)


# step K2
@pytest.mark.parametrize(
    "wrong",
    [
        Device("https://evil.example", HOST),
        Device(f"{PAGE}.evil.example", HOST),
        Device(PAGE.replace("https", "http"), HOST),
        Device(PAGE, "evil.example"),
        Device(PAGE, HOST, flags=PRESENT),
        Device(PAGE, HOST, flags=0),
    ],
    ids=["other page", "longer page", "plain page", "other host", "user not verified", "nobody there"],
)
def test_passkey_of_another_page_or_an_unverified_user_is_not_taken(scene: Scene, wrong: Device) -> None:
    with refused("passkey_refused", 403):
        scene.add(wrong)
    right = device()
    scene.add(right)
    right.origin, right.rp_id, right.flags = wrong.origin, wrong.rp_id, wrong.flags
    with refused("invalid_grant", 400):
        scene.sign_in(right)


# step K3
def test_relay_gets_no_token_of_its_own_for_a_passkeys_answer(scene: Scene) -> None:
    """R2, OL6: the answer names the person's proof key; another key, the bare challenge, or a replay gets nothing."""
    phone, relay = device(), DpopKey(generate_private_key(SECP256R1()))
    scene.add(phone)
    identity = scene.world.identity(scene.city)
    with refused("invalid_grant", 400):
        identity.token(scene.fields(phone, scene.world.dpop), key=relay)
    challenge = identity.challenge().challenge
    with refused("invalid_grant", 400):
        identity.token(form(challenge, phone.use(challenge.encode())), key=relay)
    fields = scene.fields(phone, scene.world.dpop)
    identity.token(fields, key=scene.world.dpop)
    with refused("invalid_grant", 400):
        identity.token(fields, key=scene.world.dpop)


# step K3
def test_copied_device_is_noticed_by_its_counter(scene: Scene) -> None:
    phone = device()
    scene.add(phone)
    copy = Device(PAGE, HOST, id=phone.id, key=phone.key, count=phone.count)
    scene.sign_in(phone)
    scene.sign_in(phone)
    with refused("invalid_grant", 400):
        scene.sign_in(copy)
    scene.sign_in(phone)


def test_device_that_does_not_count_is_taken(scene: Scene) -> None:
    """Synchronised passkeys always say 0 (WebAuthn, section 6.1.1)."""
    phone = Device(PAGE, HOST, step=0)
    scene.add(phone)
    scene.sign_in(phone)
    scene.sign_in(phone)


def test_unknown_passkey_and_nonsense_are_refused_alike(scene: Scene) -> None:
    challenge = scene.world.identity(scene.city).challenge().challenge
    stranger = device().use(signed_challenge(challenge, scene.world.dpop.thumbprint))
    nonsense: list[Mapping[str, JsonValue]] = [
        {},
        {"id": 7},
        {"id": "AAAA"},
        stranger,
        stranger | {"rawId": "AAAA"},
    ]
    for answer in nonsense:
        with refused("invalid_grant", 400):
            scene.world.identity(scene.city).token(form(challenge, answer), key=scene.world.dpop)


def test_same_registration_counts_once(scene: Scene) -> None:
    token, phone = scene.by_card(), device()
    told = scene.desk.passkey_options(AskPasskeyOptions(name="phone"), token=token)
    message = AddPasskey(
        name="phone", challenge=told.challenge, credential=phone.create(told.challenge.encode())
    )
    scene.desk.add_passkey(message, token=token)
    with refused("replayed", 409):
        scene.desk.add_passkey(message, token=token)
    fresh = scene.desk.passkey_options(AskPasskeyOptions(name="phone"), token=token)
    again = phone.create(fresh.challenge.encode())
    with refused("passkey_refused", 403):
        scene.desk.add_passkey(AddPasskey(name="b", challenge=fresh.challenge, credential=again), token=token)


def exchange(scene: Scene, subject: Token, key: DpopKey, audience: str = MEDICAL) -> Token:
    fields = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": subject.value,
        "subject_token_type": ACCESS_TOKEN_TYPE,
        "resource": audience,
    }
    answer = scene.world.identity(scene.city).token(fields, key=key)
    assert answer.issued_token_type == ACCESS_TOKEN_TYPE
    return Token(answer.access_token, key)


# step X1
def test_one_use_of_a_passkey_signs_in_at_several_bodies(scene: Scene) -> None:
    phone = device()
    scene.add(phone)
    subject = scene.sign_in(phone)
    token = exchange(scene, subject, scene.world.dpop)
    card = scene.world.person_token(scene.holder, MEDICAL, at=scene.city)
    assert scene.world.pseudonym(token, Body.MEDICAL) == scene.world.pseudonym(card, Body.MEDICAL)


# step X1
def test_token_is_exchanged_for_its_key_its_body_and_its_time_only(scene: Scene) -> None:
    """OL6: a thief's key, a token for another body, an exchange for another one like it, an expired one."""
    subject, thief = scene.by_card(), DpopKey(generate_private_key(SECP256R1()))
    with refused("invalid_request", 400):
        exchange(scene, subject, thief)
    with refused("invalid_target", 400):
        exchange(scene, subject, scene.world.dpop, IDENTITY)
    elsewhere = exchange(scene, subject, scene.world.dpop)
    with refused("invalid_request", 400):
        exchange(scene, elsewhere, scene.world.dpop)
    operator = scene.world.operator_token(scene.city, IDENTITY)
    with refused("invalid_request", 400):
        exchange(scene, operator, scene.world.dpop)
    scene.world.clock.move(301)
    with refused("invalid_request", 400):
        exchange(scene, subject, scene.world.dpop)


# step X2
def test_ended_token_is_not_exchanged(scene: Scene) -> None:
    phone = device()
    (added,) = scene.add(phone).passkeys
    subject = scene.sign_in(phone)
    scene.desk.remove_passkey(RemovePasskey(id=added.id), token=scene.by_card())
    with refused("invalid_request", 400):
        exchange(scene, subject, scene.world.dpop)
