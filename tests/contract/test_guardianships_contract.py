"""What a counter relies on of the ID centre about guardians: the same on the fake and at the real ID centre."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.identity_fakes import FakeWorld, running_fakes
from support.identity_people import IDENTITY, Participant, some_items
from support.identity_wire import refused
from support.identity_world import World, running

from consent.guardians import LegalState
from services.contracts.identity.fake_guardianships import FakeGuardianships
from services.contracts.identity.guardianships import (
    AskWard,
    EndGuardianship,
    Evidence,
    GuardianshipClient,
    GuardianshipKeeper,
)
from services.contracts.identity.messages import EnrolledPerson
from services.contracts.oversight.register import Kind, Role
from services.kit.http import Token


@dataclass(frozen=True)
class Scene:
    """The ID centre, fake or real, with a municipality, a hospital and a child."""

    world: World
    keeper: GuardianshipKeeper
    at_hospital: GuardianshipKeeper
    city: Participant
    hospital: Participant
    child: EnrolledPerson

    @property
    def registrar(self) -> Token:
        return self.world.operator_token(self.city, IDENTITY)


@pytest.fixture(params=["fake", "real"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    with (running_fakes if request.param == "fake" else running)(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        hospital = world.accredit("hospital", Kind.HOSPITAL, Role.READER)
        child = world.enrol(city)
        items = some_items().model_copy(update={"birth_date": f"{world.clock().year - 4}-01-01"})
        world.settle(child, city, items)
        keepers: list[GuardianshipKeeper] = [
            _fake(world, child)
            if request.param == "fake"
            else GuardianshipClient(world.http(IDENTITY, participant))
            for participant in (city, hospital)
        ]
        yield Scene(world, keepers[0], keepers[1], city, hospital, child)


def _fake(world: World, child: EnrolledPerson) -> FakeGuardianships:
    assert isinstance(world, FakeWorld)
    ages = {child.reference: LegalState.CHILD}
    return FakeGuardianships(world.fake_identity, ages.get)


def test_a_counter_learns_how_far_somebody_acts_alone(scene: Scene) -> None:
    shown = scene.keeper.ward(AskWard(reference=scene.child.reference), token=scene.registrar)
    assert (shown.state, shown.guardianships) == (LegalState.CHILD, [])
    with refused("not_found", 404):
        scene.keeper.ward(AskWard(reference="nobody"), token=scene.registrar)
    stranger = scene.world.enrol(scene.city)
    with refused("not_resident", 409):
        scene.keeper.ward(AskWard(reference=stranger.reference), token=scene.registrar)
    with refused("forbidden", 403):
        reader = scene.world.operator_token(scene.hospital, IDENTITY)
        scene.at_hospital.ward(AskWard(reference=scene.child.reference), token=reader)


def test_what_nobody_has_is_not_ended(scene: Scene) -> None:
    message = EndGuardianship(
        reference=scene.child.reference,
        guardianship="nobodys",
        evidence=Evidence.COURT_DECISION,
        document="0" * 64,
    )
    with refused("not_found", 404):
        scene.keeper.end(message, token=scene.registrar)


def test_a_person_sees_their_own_guardianships_only(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    token = scene.world.person_token(holder, IDENTITY, at=scene.city)
    assert scene.keeper.own(token=token).guardianships == []
