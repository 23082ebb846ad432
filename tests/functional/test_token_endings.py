"""Tokens that end early, and the key that signs them, over real processes and by command."""

import time

import pytest
from support.command_line import assert_one_line, within
from support.desk import Desk

from consent.vocabulary import Body
from services.contracts.identity.messages import Application, CardChange
from services.demo.scene import PINS, Inhabitant, Scene
from services.deployment.bootstrap import OFFICIALS, SECOND_OFFICIAL
from services.gateway.card_care import change_card
from services.gateway.person import Person, sign_in, sign_in_at_portal
from services.gateway.supervisor import proposals
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


def test_key_for_tokens_is_changed_by_two_officials_while_everything_runs(desk: Desk) -> None:
    """OP4: the first one alone changes nothing."""
    deployment, one, other = desk.scene, desk.credentials(OFFICIALS), desk.credentials(SECOND_OFFICIAL)
    connect = deployment.organisation("clinic-b").connect(Body.IDENTITY)

    def published() -> list[str]:
        return [each["kid"] for each in connect.get("/.well-known/jwks.json")["keys"]]

    before = published()
    asked = ("--at", "identity", "--kind", "rotate-token-key", "--with", "{}", "--reason", "yearly")
    made = within("propose", "--as", one, *asked)
    assert made.returncode == 0, made.stderr
    (name,) = [
        each.id
        for each in proposals(deployment.officials, Body.IDENTITY)
        if each.kind == "rotate-token-key" and each.state == "pending"
    ]
    assert_one_line(within("approve", "--as", one, "--at", "identity", "--yes", name), "same_person")
    assert published() == before
    done = within("approve", "--as", other, "--at", "identity", "--yes", name)
    assert done.returncode == 0, done.stderr
    after = published()
    assert len(after) == len(before) + 1
    assert set(before) < set(after)
    assert_one_line(within("propose", "--as", one, *asked), "token_key_busy")
    assert set(statuses(deployment, at_terminal(deployment, deployment.people[2])).values()) == {200}


def test_passkeys_are_listed_by_command(desk: Desk, pins: None) -> None:
    done = within("passkeys", "--card", desk.card)
    assert (done.returncode, done.stdout) == (0, "0 passkeys\n"), done.stderr
    wrong = within("passkeys", "--card", desk.card, "--remove", "1")
    assert wrong.returncode == 2
    assert "there are 0 passkeys" in wrong.stderr
