"""A personal number belongs to one person, for ever."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from support.identity_bodies import nobody
from support.identity_people import IDENTITY
from support.identity_world import running

from consent.personal_number import generate
from services.contracts.oversight.register import Kind, Role
from services.identity.centre import open_centre
from services.identity.settings import Settings
from services.identity.workflows.numbers import free_number


def drawing(*numbers: str) -> Iterator[bytes]:
    """Yield what the randomness has to give for these numbers to be drawn."""
    for number in numbers:
        yield int(number[:11]).to_bytes(8)


def test_number_that_somebody_has_or_had_is_not_drawn_again(tmp_path: Path) -> None:
    """J5: also not the one that was just given up."""
    with running(tmp_path) as world:
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        holder = world.holder(city)
        token = world.person_token(holder, IDENTITY, at=city)
        present = world.identity(city).change_own_number(token=token).personal_number
        former, other = holder.enrolled.personal_number, generate(world.random.randbytes)
        drawn = drawing(former, present, other)
        context = world.identity_context
        assert isinstance(context.settings, Settings)
        centre = open_centre(
            replace(context, randomness=lambda _size: next(drawn)),
            context.settings,
            register=world.register,
            registry=world.registry(city),
            peers=nobody,
        )
        with context.database.read() as conn:
            assert free_number(centre, conn) == other
