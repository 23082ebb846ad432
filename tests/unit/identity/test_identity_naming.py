"""Many people named in one request: what the log says, and what it costs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select
from support.identity_people import IDENTITY, Participant
from support.identity_wire import refused
from support.identity_world import World, running
from support.operation_counts import Operations, counted, nothing_by_itself

from consent.identifiers import Pseudonym
from consent.vocabulary import Body
from services.contracts.identity.naming import RequestPeopleNamed
from services.contracts.oversight.register import Kind, Role
from services.identity.tables import person
from services.kit.events import EventKind


@dataclass(frozen=True)
class Scene:
    """A real ID centre and a municipality."""

    world: World
    city: Participant

    def name(self, references: list[str], *bodies: Body) -> None:
        message = RequestPeopleNamed(references=references, bodies=list(bodies))
        token = self.world.operator_token(self.city, IDENTITY)
        self.world.identity(self.city).name_people(message, token=token)

    def cost(self, references: list[str]) -> Operations:
        """Return what naming costs beyond getting the access token."""
        message = RequestPeopleNamed(references=references, bodies=[Body.REGISTRY])
        token = self.world.operator_token(self.city, IDENTITY)
        with counted() as operations:
            self.world.identity(self.city).name_people(message, token=token)
        return operations

    def outcomes(self) -> dict[Pseudonym, list[tuple[str, str]]]:
        """Return of everybody the outcome and reason of each naming in their history."""
        context = self.world.identity_context
        with context.database.read() as conn:
            everybody = [Pseudonym(name) for name in conn.execute(select(person.c.pseudonym)).scalars()]
            return {
                each: [
                    (str(entry.event["outcome"]), str(entry.event.get("reason")))
                    for entry in context.journal.of_person(conn, each)
                    if entry.event["kind"] == EventKind.PSEUDONYM_PROVIDED.value
                ]
                for each in everybody
            }


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with nothing_by_itself(), running(tmp_path) as world:
        yield Scene(world, world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR))


def test_everybody_sees_each_time_they_were_named_and_nobody_else_anything(scene: Scene) -> None:
    one, other, _third = (scene.world.enrol(scene.city).reference for _ in range(3))
    scene.name([one, other, "A" * 43, one], Body.REGISTRY)
    permitted = ("permitted", "None")
    assert sorted(scene.outcomes().values()) == [[], [permitted], [permitted, permitted]]


def test_everybody_sees_a_refusal_of_all_once(scene: Scene) -> None:
    people = [scene.world.enrol(scene.city).reference for _ in range(2)]
    with refused("role_missing", 403):
        scene.name([*people, people[0]], Body.MEDICAL)
    assert list(scene.outcomes().values()) == [[("refused", "role_missing")]] * 2


def test_more_people_are_named_by_the_same_statements(scene: Scene) -> None:
    people = [scene.world.enrol(scene.city).reference for _ in range(12)]
    few, many = scene.cost(people[:1]), scene.cost(people)
    assert few.statements == many.statements
    assert few.statements.count("COMMIT") == many.statements.count("COMMIT")
    assert few.verified == many.verified
