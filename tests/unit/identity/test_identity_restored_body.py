"""A body that was restored from before changes of its sector key is told its names again, under dual control."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from support.identity_bodies import nobody
from support.identity_people import IDENTITY, REGISTRY, Participant, some_items
from support.identity_wire import refused
from support.identity_world import World, running

from consent.vocabulary import Body
from services.contracts.identity.messages import EnrolledPerson
from services.contracts.identity.sectors import TellNamesAgain
from services.contracts.oversight.register import Kind, Role
from services.contracts.proposals import ProposalsClient
from services.contracts.registry.messages import RegisterResident
from services.contracts.shared import NamesRenewed, RenewNames, SharedClient
from services.identity import sector_store
from services.identity.centre import IdentityCentre, Peers
from services.identity.sector_store import Sector
from services.identity.workflows import names_again, sectors
from services.kit.problems import UnavailableError
from services.registry import tables as registry_tables


@dataclass
class Scene:
    """A municipality, some residents, and the registry's database as it was at some moment."""

    world: World
    city: Participant
    residents: list[EnrolledPerson]
    copy: Path

    def centre(self, peers: Peers | None = None) -> IdentityCentre:
        """The ID centre over its database."""
        return self.world.centre(
            self.world.registry(self.city),
            peers or {Body.REGISTRY: SharedClient(self.world.registry_link)}.__getitem__,
        )

    def change_key(self) -> None:
        """Change the registry's sector key, to the end."""
        centre = self.centre()
        with centre.context.database.write() as conn:
            sectors.begin(centre, conn, Body.REGISTRY)
        sectors.carry_on(centre)
        self.world.clock.moment += timedelta(seconds=centre.settings.sector_grace_seconds)
        sectors.carry_on(centre)

    def sector(self) -> Sector:
        with self.world.identity_context.database.read() as conn:
            return sector_store.sector_of(conn, Body.REGISTRY)

    @property
    def file(self) -> Path:
        return Path(self.world.registry_context.settings.data)

    def back_up(self) -> None:
        self.world.stop()
        shutil.copytree(self.file, self.copy)
        self.world.start()

    def restore(self) -> None:
        self.world.stop()
        shutil.rmtree(self.file)
        shutil.copytree(self.copy, self.file)
        self.world.start()

    def tell_again(self) -> None:
        centre = self.centre()
        with centre.context.database.write() as conn:
            names_again.begin(centre, conn, Body.REGISTRY)

    def touch(self, someone: EnrolledPerson) -> str:
        """Enter a resident's items anew, by a fresh token."""
        token = self.world.name(someone.reference, Body.REGISTRY, to=self.city)
        message = RegisterResident(token=token, items=some_items())
        bearer = self.world.operator_token(self.city, REGISTRY)
        return self.world.registry(self.city).change(message, token=bearer).resident

    def registered(self) -> int:
        with self.world.registry_context.database.read() as conn:
            return len(conn.execute(select(registry_tables.resident.c.pseudonym)).all())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with running(tmp_path / "world") as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        residents = [world.enrol(city) for _ in range(3)]
        for each in residents:
            world.settle(each, city)
        yield Scene(world, city, residents, tmp_path / "copy")


# step S6
@pytest.mark.parametrize("changes", [1, 3])
def test_restored_body_finds_everybody_again(scene: Scene, changes: int) -> None:
    """LD7, LN5: told key after key; nobody is lost or doubled, and what was retired is again."""
    scene.back_up()
    for _ in range(changes):
        scene.change_key()
    scene.restore()
    with refused("unavailable", 503):
        scene.touch(scene.residents[0])
    scene.tell_again()
    sectors.carry_on(scene.centre())
    assert [scene.touch(each) for each in scene.residents] == ["unchanged"] * 3
    assert scene.registered() == 3
    sectors.carry_on(scene.centre())
    assert (scene.sector().version, scene.sector().steady) == (changes + 1, True)
    scene.change_key()
    assert [scene.touch(each) for each in scene.residents] == ["unchanged"] * 3


def test_telling_goes_on_after_a_death_at_any_step(scene: Scene) -> None:
    class Dying(SharedClient):
        """The registry; the ID centre dies after each second answer of it."""

        answers = 0

        def renew_names(self, message: RenewNames) -> NamesRenewed:
            if Dying.answers == 2:
                raise PowerCutError
            Dying.answers += 1
            return super().renew_names(message)

    scene.back_up()
    scene.change_key()
    scene.change_key()
    scene.restore()
    scene.tell_again()
    for _ in range(30):
        Dying.answers = 0
        try:
            sectors.carry_on(scene.centre({Body.REGISTRY: Dying(scene.world.registry_link)}.__getitem__))
        except PowerCutError:
            continue
    assert [scene.touch(each) for each in scene.residents] == ["unchanged"] * 3
    assert scene.registered() == 3


class PowerCutError(Exception):
    """The ID centre's end."""


def test_body_restored_in_the_middle_of_its_first_change_is_told_of_everybody(scene: Scene) -> None:
    """LN5: those of whom it had been told before are not left out."""
    scene.back_up()
    centre = scene.centre()
    with centre.context.database.write() as conn:
        sectors.begin(centre, conn, Body.REGISTRY)
        sector_store.forget_queue(conn, Body.REGISTRY)  # told of all, and lost with the restored copy
    scene.restore()
    scene.tell_again()
    sectors.carry_on(scene.centre())
    assert [scene.touch(each) for each in scene.residents] == ["unchanged"] * 3
    assert scene.registered() == 3


def test_telling_again_waits_for_a_body_that_is_down(scene: Scene) -> None:
    scene.back_up()
    scene.change_key()
    scene.restore()
    scene.tell_again()
    with pytest.raises(UnavailableError):
        sectors.carry_on(scene.centre(nobody))
    scene.world.restart()
    sectors.carry_on(scene.centre())
    assert scene.touch(scene.residents[0]) == "unchanged"


def test_body_that_needs_it_not_is_told_nothing_new(scene: Scene) -> None:
    scene.change_key()
    scene.tell_again()
    sectors.carry_on(scene.centre())
    sectors.carry_on(scene.centre())
    assert scene.sector() == Sector(Body.REGISTRY, 2, None, None, scene.sector().changed_at)
    assert scene.touch(scene.residents[0]) == "unchanged"


def test_names_that_were_never_changed_are_not_told_again(scene: Scene) -> None:
    officials = scene.world.accredit("office", Kind.OVERSIGHT, Role.ACCREDITOR)
    known = {"roles": [Role.SUPERVISOR], "person_tag": "somebody"}
    scene.world.oversight.operators = [
        each.model_copy(update=known) if each.id == officials.operator else each
        for each in scene.world.oversight.operators
    ]
    scene.world.clock.move(2)
    bearer = scene.world.operator_token(officials, IDENTITY)
    at = ProposalsClient(scene.world.http(IDENTITY, officials), token=bearer)
    with refused("no_sector", 409):
        at.propose("tell-names-again", TellNamesAgain(body=Body.REGISTRY), reason="restored")
    scene.change_key()
    at = ProposalsClient(
        scene.world.http(IDENTITY, officials), token=scene.world.operator_token(officials, IDENTITY)
    )
    shown = at.propose("tell-names-again", TellNamesAgain(body=Body.REGISTRY), reason="restored")
    assert shown.preview == {"body": "registry", "key": 2, "gives_up_key": None}
    scene.tell_again()
    with refused("sector_busy", 409):
        at.propose("tell-names-again", TellNamesAgain(body=Body.REGISTRY), reason="restored")
