"""A sector key changes step by step, and every step survives a restart or a body that is down."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import pytest
from sqlalchemy import select
from support.identity_bodies import nobody
from support.identity_people import IDENTITY, REGISTRY, Participant, some_items
from support.identity_wire import refused
from support.identity_world import World, running

from consent.vocabulary import Body
from services.contracts.identity.messages import EnrolledPerson
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.messages import RegisterResident
from services.contracts.shared import NamesRenewed, RenewalStep, RenewNames, SharedClient
from services.identity import sector_store
from services.identity.centre import IdentityCentre, Peers
from services.identity.errors import SectorBusyError
from services.identity.workflows import sectors
from services.kit.problems import UnavailableError
from services.registry import tables as registry_tables


@dataclass
class Scene:
    """A municipality with some residents."""

    world: World
    city: Participant
    residents: list[EnrolledPerson]

    def centre(self, peers: Peers | None = None) -> IdentityCentre:
        """The ID centre over its database."""
        return self.world.centre(
            self.world.registry(self.city),
            peers or {Body.REGISTRY: SharedClient(self.world.registry_link)}.__getitem__,
        )

    def begin(self, body: Body) -> None:
        centre = self.centre()
        with centre.context.database.write() as conn:
            sectors.begin(centre, conn, body)

    def versions(self) -> dict[Body, tuple[int, int | None, int | None]]:
        with self.world.identity_context.database.read() as conn:
            found = sector_store.sectors(conn)
        return {each.body: (each.version, each.coming, each.leaving) for each in found}

    def registered(self) -> int:
        with self.world.registry_context.database.read() as conn:
            return len(conn.execute(select(registry_tables.resident.c.pseudonym)).all())

    def token_by_the_first_key(self, resident: int) -> str:
        """Return what somebody who kept the first key could make, or who has kept an old name."""
        centre, city = self.centre(), self.city.organisation
        with self.world.identity_context.database.read() as conn:
            person = centre.store.linked(
                conn, organisation=city, reference=self.residents[resident].reference
            )
        assert person is not None
        return centre.pseudonym_tokens.issue(
            body=Body.REGISTRY,
            body_key=self.world.register.directory().sealing_key(Body.REGISTRY),
            organisation=city,
            pseudonym=centre.namer.pseudonym(Body.REGISTRY, person.linkage),
            now=self.world.clock(),
        )

    def touch(self, someone: EnrolledPerson) -> str:
        """Enter a resident's items anew, by a fresh token."""
        token = self.world.name(someone.reference, Body.REGISTRY, to=self.city)
        message = RegisterResident(token=token, items=some_items())
        return (
            self.world.registry(self.city)
            .change(message, token=self.world.operator_token(self.city, REGISTRY))
            .resident
        )


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with running(tmp_path_factory.mktemp("sectors")) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        residents = [world.enrol(city) for _ in range(3)]
        for each in residents:
            world.settle(each, city)
        yield Scene(world, city, residents)


# step S4
def test_change_of_the_key_keeps_everybody_and_doubles_nobody(scene: Scene) -> None:
    """LN5: everybody is the same person before, during and after."""
    old = scene.world.name(scene.residents[0].reference, Body.REGISTRY, to=scene.city)
    scene.begin(Body.REGISTRY)
    assert scene.touch(scene.residents[0]) == "unchanged"
    newcomer = scene.world.enrol(scene.city)
    sectors.carry_on(scene.centre())
    assert scene.versions() == {Body.REGISTRY: (2, None, 1)}
    scene.world.settle(newcomer, scene.city)
    assert [scene.touch(each) for each in [*scene.residents, newcomer]] == ["unchanged"] * 4
    assert scene.registered() == 4
    message = RegisterResident(token=old, items=some_items())
    scene.world.registry(scene.city).change(message, token=scene.world.operator_token(scene.city, REGISTRY))
    sectors.carry_on(scene.centre())
    assert scene.versions() == {Body.REGISTRY: (2, None, 1)}, "old names are taken for a while"


# step S5
def test_old_names_are_refused_when_their_time_is_over(scene: Scene) -> None:
    scene.begin(Body.REGISTRY)
    sectors.carry_on(scene.centre())
    scene.world.clock.moment += timedelta(seconds=scene.centre().settings.sector_grace_seconds)
    sectors.carry_on(scene.centre())
    assert scene.versions() == {Body.REGISTRY: (2, None, None)}
    message = RegisterResident(token=scene.token_by_the_first_key(0), items=some_items())
    with refused("pseudonym_token_refused", 403):
        scene.world.registry(scene.city).change(
            message, token=scene.world.operator_token(scene.city, REGISTRY)
        )
    assert scene.touch(scene.residents[0]) == "unchanged"


def test_body_that_is_down_is_told_later(scene: Scene) -> None:
    scene.begin(Body.REGISTRY)
    with pytest.raises(UnavailableError):
        sectors.carry_on(scene.centre(nobody))
    assert scene.versions() == {Body.REGISTRY: (1, 2, None)}
    assert scene.touch(scene.residents[1]) == "unchanged"
    scene.world.restart()
    sectors.carry_on(scene.centre())
    assert scene.versions() == {Body.REGISTRY: (2, None, 1)}
    assert [scene.touch(each) for each in scene.residents] == ["unchanged"] * 3


def test_newcomer_of_the_last_moment_is_told_of_before_the_new_key_is_used(scene: Scene) -> None:
    class Meanwhile(SharedClient):
        """The registry; somebody is enrolled, and entered there, while it is told that new names are in force."""

        newcomers: ClassVar[list[EnrolledPerson]] = []

        def renew_names(self, message: RenewNames) -> NamesRenewed:
            if message.step is RenewalStep.COMPLETE and not self.newcomers:
                self.newcomers.append(scene.world.enrol(scene.city))
                scene.world.settle(self.newcomers[0], scene.city)
            return super().renew_names(message)

    scene.begin(Body.REGISTRY)
    sectors.carry_on(scene.centre({Body.REGISTRY: Meanwhile(scene.world.registry_link)}.__getitem__))
    assert scene.versions() == {Body.REGISTRY: (2, None, 1)}
    assert [scene.touch(each) for each in Meanwhile.newcomers] == ["unchanged"]
    assert scene.registered() == 4


def test_second_change_waits_for_the_first(scene: Scene) -> None:
    scene.begin(Body.REGISTRY)
    with pytest.raises(SectorBusyError):
        scene.begin(Body.REGISTRY)
    sectors.carry_on(scene.centre())
    with pytest.raises(SectorBusyError):
        scene.begin(Body.REGISTRY)


def test_the_id_centres_own_names_change_too(scene: Scene) -> None:
    holder = scene.world.holder(scene.city)
    scene.begin(Body.IDENTITY)
    sectors.carry_on(scene.centre())
    assert scene.versions() == {Body.IDENTITY: (2, None, 1)}
    identity = scene.world.identity(scene.city)
    token = scene.world.person_token(holder, IDENTITY, at=scene.city)
    assert scene.world.pseudonym(token, Body.IDENTITY).startswith("2.")
    assert identity.own_number(token=token).personal_number == holder.enrolled.personal_number


def test_only_the_id_centre_renews_names(scene: Scene) -> None:
    http = scene.world.http(REGISTRY, scene.city)
    message = RenewNames(version=2, step=RenewalStep.COMPLETE, renewals=[])
    with refused("unauthenticated", 401):
        SharedClient(http).renew_names(message)
    content = message.model_dump_json().encode()
    with refused("forbidden", 403):
        http.send(
            "POST",
            "/people/renewals",
            token=scene.world.operator_token(scene.city, REGISTRY),
            content=content,
        )
