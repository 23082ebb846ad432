"""Bodies are killed in the middle of what they do, as a power cut would, and started again on the same files."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from support.command_line import entries_told, within
from support.desk import Desk
from support.waiting import PATIENCE_SECONDS, until

from consent.vocabulary import Body
from services.contracts.identity.messages import Application
from services.demo.scene import PINS, Scene
from services.deployment.bootstrap import OFFICIALS, SECOND_OFFICIAL
from services.gateway.auditor import audit
from services.gateway.errors import GatewayError
from services.gateway.history import history
from services.gateway.numbers import change_own_number, own_number
from services.gateway.person import Person, sign_in
from services.gateway.supervisor import proposals
from services.kit.http import PeerUnavailableError

pytestmark = [pytest.mark.processes, pytest.mark.long, pytest.mark.usefixtures("pins")]
DOWN = (GatewayError, PeerUnavailableError)
"""What commands and gateways say while a body is not up."""
SECTOR = Body.PRODUCT_SAFETY
ENOUGH = 4


@pytest.fixture
def alive(deployment: Scene) -> Iterator[Scene]:
    """Start again in the end what a failing test left dead."""
    yield deployment
    dead = [body for body in Body if body not in deployment.processes.running]
    deployment.processes.start(dead)


def changes(person: Person) -> int:
    """Count what the person's proved history says of changed numbers."""
    told = history(person, bodies=[Body.IDENTITY]).entries
    return sum(each.event["kind"] == "number_changed" for each in told)


def unharmed(scene: Scene, *bodies: Body) -> bool:
    return all(not each.findings and each.problem is None for each in audit(scene.officials, bodies=bodies))


def test_each_acknowledged_change_of_a_number_stands_and_none_happens_twice(alive: Scene) -> None:
    """J5, LD1: the ID centre is killed while numbers are changed."""
    card = alive.people[0].enrolled.card
    connect = alive.organisation("municipality").connect
    person = sign_in(card, connect, pin=PINS[Application.AUTHENTICATION])
    before, numbers = changes(person), [own_number(person)]
    enough = threading.Event()

    def change() -> None:
        with suppress(GatewayError, PeerUnavailableError):
            while True:
                numbers.append(change_own_number(person))
                if len(numbers) > ENOUGH:
                    enough.set()

    changing = threading.Thread(target=change)
    changing.start()
    assert enough.wait(PATIENCE_SECONDS)
    alive.processes.kill(Body.IDENTITY)
    changing.join()
    alive.processes.start([Body.IDENTITY])
    until(lambda: own_number(person) != "", despite=DOWN)
    acknowledged = len(numbers) - 1
    now = own_number(person)
    lost_answer = now != numbers[-1]
    assert len(set(numbers)) == len(numbers)
    assert now == numbers[-1] or now not in numbers
    until(lambda: changes(person) - before == acknowledged + lost_answer, despite=DOWN)
    until(lambda: unharmed(alive, Body.IDENTITY), despite=DOWN)


def test_change_of_a_sector_key_ends_though_both_bodies_are_killed(alive: Scene, desk: Desk) -> None:
    """LN5, LD1: the body before it was told, the ID centre before it could tell; nobody is lost or doubled."""
    one, other = desk.credentials(OFFICIALS), desk.credentials(SECOND_OFFICIAL)

    def history_of_desk() -> list[str]:
        told = within("history", "--card", desk.card)
        assert told.returncode == 0, told.stderr
        return entries_told(told.stdout)

    before = history_of_desk()
    asked = json.dumps({"body": SECTOR.value})
    change = ("--at", "identity", "--kind", "change-sector-key", "--with", asked, "--reason", "yearly")
    made = within("propose", "--as", one, *change)
    assert made.returncode == 0, made.stderr
    (waiting,) = [
        each
        for each in proposals(alive.officials, Body.IDENTITY)
        if each.state == "pending" and each.preview.get("body") == SECTOR.value
    ]
    alive.processes.kill(SECTOR)
    approved = within("approve", "--as", other, "--at", "identity", "--yes", waiting.id)
    assert approved.returncode == 0, approved.stderr
    alive.processes.kill(Body.IDENTITY)
    alive.processes.start([Body.IDENTITY])
    assert f"{SECTOR.value}: key 1" in within("sector-keys", "--as", one).stdout
    alive.processes.start([SECTOR])
    until(
        lambda: f"{SECTOR.value}: key 2 in force" in within("sector-keys", "--as", one).stdout, despite=DOWN
    )
    until(lambda: set(before) <= set(history_of_desk()), despite=DOWN)
    until(lambda: unharmed(alive, SECTOR, Body.IDENTITY), despite=DOWN)
