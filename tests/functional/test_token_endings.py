"""Tokens that end early, and the key that signs them, over real processes and by command."""

import time
from pathlib import Path

import pytest
from support.command_line import assert_one_line, within
from support.desk import Desk

from consent.vocabulary import Body
from services.contracts.identity.messages import Application, CardChange
from services.demo.scene import PINS, Inhabitant, Scene
from services.gateway.card_care import change_card
from services.gateway.person import Person, sign_in, sign_in_at_portal
from services.kit.http import RemoteProblemError

pytestmark = pytest.mark.processes
BODIES = tuple(body for body in Body if body is not Body.PORTAL)
WITHIN_SECONDS = 1.0


def at_terminal(scene: Scene, inhabitant: Inhabitant) -> Person:
    connect = scene.organisation("municipality").connect
    return sign_in(inhabitant.enrolled.card, connect, pin=PINS[Application.AUTHENTICATION])


def statuses(scene: Scene, person: Person) -> dict[Body, int]:
    """Return what the history of each body answers to tokens that the person holds already."""
    found: dict[Body, int] = {}
    for body in BODIES:
        token = person.tokens.token(scene.layout.url(body))
        try:
            person.connect(body).send("GET", "/history", token=token)
            found[body] = 200
        except RemoteProblemError as problem:
            found[body] = problem.status
    return found


def test_card_that_is_suspended_ends_its_tokens_at_every_body_within_a_second(deployment: Scene) -> None:
    """C1, K5, R2: the session goes on with tokens that are minutes from their end."""
    inhabitant = deployment.people[1]
    person, city = at_terminal(deployment, inhabitant), deployment.organisation("municipality")
    assert set(statuses(deployment, person).values()) == {200}
    told = inhabitant.enrolled
    change_card(city, told.reference, told.card.card, change=CardChange.SUSPEND, reason="lost")
    time.sleep(WITHIN_SECONDS)
    assert set(statuses(deployment, person).values()) == {401}
    change_card(city, told.reference, told.card.card, change=CardChange.RESUME, reason="found")
    assert set(statuses(deployment, at_terminal(deployment, inhabitant)).values()) == {200}


def test_signing_out_at_the_portal_ends_the_tokens_at_every_body(deployment: Scene) -> None:
    person = sign_in_at_portal(deployment.people[2].enrolled.card, pin=PINS[Application.AUTHENTICATION])
    assert set(statuses(deployment, person).values()) == {200}
    held = {body: person.tokens.token(deployment.layout.url(body)) for body in BODIES}
    person.sign_out()
    time.sleep(WITHIN_SECONDS)
    for body, token in held.items():
        with pytest.raises(RemoteProblemError) as refused:
            person.connect(body).send("GET", "/history", token=token)
        assert refused.value.status == 401, body.value


def test_key_for_tokens_is_changed_by_command_while_everything_runs(deployment: Scene) -> None:
    connect = deployment.organisation("clinic-b").connect(Body.IDENTITY)
    before = [each["kid"] for each in connect.get("/.well-known/jwks.json")["keys"]]
    done = within("rotate-token-key", "--data", deployment.layout.folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("key 2 signs from ")
    after = [each["kid"] for each in connect.get("/.well-known/jwks.json")["keys"]]
    assert len(after) == len(before) + 1
    assert set(before) < set(after)
    again = within("rotate-token-key", "--data", deployment.layout.folder)
    assert again.stdout == done.stdout
    assert set(statuses(deployment, at_terminal(deployment, deployment.people[2])).values()) == {200}


def test_key_is_changed_in_a_folder_of_a_deployment_only(tmp_path: Path) -> None:
    assert_one_line(within("rotate-token-key", "--data", tmp_path), "deployment.json")


def test_passkeys_are_listed_by_command(desk: Desk, pins: None) -> None:
    done = within("passkeys", "--card", desk.card)
    assert (done.returncode, done.stdout) == (0, "0 passkeys\n"), done.stderr
    wrong = within("passkeys", "--card", desk.card, "--remove", "1")
    assert wrong.returncode == 2
    assert "there are 0 passkeys" in wrong.stderr
