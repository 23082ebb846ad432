"""Trying names at the token endpoint: those that exist cost and answer as those that do not."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from support.authenticator import Device
from support.identity_people import IDENTITY, URLS, Holder, Participant
from support.identity_world import World, running
from support.operation_counts import Operations, counted, nothing_by_itself

from consent import base64url
from consent.identifiers import OperatorId, TerminalId
from consent.vocabulary import Body
from services.contracts.identity.messages import Application
from services.contracts.identity.passkey_client import PasskeyClient
from services.contracts.identity.passkey_messages import PASSKEY_GRANT, AddPasskey, AskPasskeyOptions
from services.contracts.oversight.register import Kind, Role
from services.kit.credentials.passkeys import signed_challenge

PAGE = URLS[Body.PORTAL]


@dataclass(frozen=True)
class Scene:
    """An ID centre, a municipality, and a person with a card and a passkey."""

    world: World
    city: Participant
    holder: Holder
    phone: Device

    def ask(self, fields: dict[str, str]) -> tuple[int, bytes, Operations]:
        proof = self.world.proof(f"{IDENTITY}/oauth/token")
        with counted() as operations:
            answer = self.world.ask_token(self.city, fields, proof=proof)
        return answer.status_code, answer.content, operations

    def stranger(self) -> Participant:
        """The municipality's names with keys that are not theirs."""
        made = [generate_private_key(SECP256R1()) for _ in range(2)]
        return replace(self.city, card_key=made[0], terminal_key=made[1])

    def passkey_fields(self, device: Device) -> dict[str, str]:
        challenge = self.world.identity(self.city).challenge().challenge
        answer = device.use(signed_challenge(challenge, self.world.dpop.thumbprint))
        return {
            "grant_type": PASSKEY_GRANT,
            "assertion": base64url.encode(json.dumps(answer).encode()),
            "challenge": challenge,
            "resource": IDENTITY,
        }


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("sign-in")
    with nothing_by_itself(), running(folder) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        holder = world.holder(city)
        phone = Device(PAGE, PAGE.removeprefix("https://").partition(":")[0])
        desk, token = PasskeyClient(world.http(IDENTITY, city)), world.person_token(holder, IDENTITY, at=city)
        told = desk.passkey_options(AskPasskeyOptions(name="phone"), token=token)
        made = phone.create(told.challenge.encode())
        desk.add_passkey(AddPasskey(name="phone", challenge=told.challenge, credential=made), token=token)
        yield Scene(world, city, holder, phone)


Fields = Callable[[Scene], dict[str, str]]


def known_operator(scene: Scene) -> dict[str, str]:
    wrong = replace(scene.city, card_key=scene.stranger().card_key)
    return scene.world.operator_fields(wrong, IDENTITY)


def unknown_operator(scene: Scene) -> dict[str, str]:
    wrong = replace(scene.city, operator=OperatorId("zzzz"), card_key=scene.stranger().card_key)
    return scene.world.operator_fields(wrong, IDENTITY)


def known_terminal(scene: Scene) -> dict[str, str]:
    wrong = replace(scene.city, terminal_key=scene.stranger().terminal_key)
    return scene.world.operator_fields(wrong, IDENTITY)


def unknown_terminal(scene: Scene) -> dict[str, str]:
    wrong = replace(scene.city, terminal=TerminalId("zzzz"), terminal_key=scene.stranger().terminal_key)
    return scene.world.operator_fields(wrong, IDENTITY)


def known_card(scene: Scene) -> dict[str, str]:
    keys = {**scene.holder.keys, Application.AUTHENTICATION: generate_private_key(SECP256R1())}
    return scene.world.person_fields(replace(scene.holder, keys=keys), IDENTITY, at=scene.city)


def unknown_card(scene: Scene) -> dict[str, str]:
    issued = scene.holder.issued.model_copy(update={"card": "A" * len(scene.holder.issued.card)})
    return scene.world.person_fields(replace(scene.holder, issued=issued), IDENTITY, at=scene.city)


def known_passkey(scene: Scene) -> dict[str, str]:
    return scene.passkey_fields(replace(scene.phone, key=generate_private_key(SECP256R1())))


def unknown_passkey(scene: Scene) -> dict[str, str]:
    return scene.passkey_fields(Device(scene.phone.origin, scene.phone.rp_id))


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        (known_operator, unknown_operator),
        (known_terminal, unknown_terminal),
        (known_card, unknown_card),
        (known_passkey, unknown_passkey),
    ],
)
def test_name_that_nobody_has_costs_and_answers_as_one_that_somebody_has(
    scene: Scene, known: Fields, unknown: Fields
) -> None:
    """OL2: the same answer, signatures verified, statements and commit, whether the name is somebody's."""
    status, content, operations = scene.ask(known(scene))
    others = [scene.ask(unknown(scene)) for _ in range(2)]
    assert status in (400, 401)
    assert operations.verified >= 2
    assert operations.statements[-1] == "COMMIT"
    for told in others:
        assert told[:2] == (status, content)
        assert told[2].verified == operations.verified
        assert told[2].statements == operations.statements
