"""Fixtures that attack cases share: two bodies with a log that one co-signs, a ward,
and a town with what an emergency needs.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support import oversight_world
from support.emergency_world import Town, town
from support.oversight_world import OversightWorld, Participant
from support.tampered_log import Body, cosigned_log
from support.ward_world import Ward

from services.contracts.oversight.register import Kind, Role


@pytest.fixture
def bodies(tmp_path: Path) -> tuple[Body, Body]:
    return cosigned_log(tmp_path)


@pytest.fixture
def medical(bodies: tuple[Body, Body]) -> Body:
    return bodies[0]


@pytest.fixture
def oversight(bodies: tuple[Body, Body]) -> Body:
    return bodies[1]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OversightWorld, Participant]]:
    """Open the oversight body once."""
    folder: Path = tmp_path_factory.mktemp("guardians")
    with oversight_world.oversight(folder) as world:
        yield world, world.accredit("clinic-b", Kind.CLINIC, Role.READER)


@pytest.fixture
def ward(opened: tuple[OversightWorld, Participant], request: pytest.FixtureRequest) -> Ward:
    """Return somebody of whom nothing was told yet."""
    world, clinic = opened
    return Ward(world, clinic, world.person(request.node.name))


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path) as here:
        yield here
