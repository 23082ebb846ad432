"""A hospital that writes, a clinic that reads and a person, over the fakes of all bodies."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from support.gateway_world import World

from services.contracts.oversight.register import Kind, Role
from services.gateway.organisation import Organisation
from services.gateway.people import Enrolled


@dataclass
class GatewayScene:
    """One world; tests add what they do there."""

    world: World
    hospital: Organisation
    clinic: Organisation
    person: Enrolled
    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Open it with its files in a folder."""
        world = World(folder / "credentials")
        counter = world.organisation("municipality", Kind.MUNICIPALITY, Role.REGISTRAR)
        hospital = world.organisation("hospital", Kind.HOSPITAL, Role.WRITER)
        clinic = world.organisation("clinic", Kind.CLINIC, Role.READER)
        world.watch.tick()
        return cls(world, hospital, clinic, world.person(counter), folder)
