"""The ID centre with a municipality and somebody whom it gave a card: the start of most tests about cards."""

from dataclasses import dataclass
from typing import Self

from support.identity_people import Holder, Participant
from support.identity_world import World

from services.contracts.oversight.register import Kind, Role


@dataclass(frozen=True)
class CardScene:
    """One world; tests add what they do there."""

    world: World
    city: Participant
    holder: Holder

    @classmethod
    def of(cls, world: World) -> Self:
        """Open the municipality and enrol somebody."""
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        return cls(world, city, world.holder(city))
