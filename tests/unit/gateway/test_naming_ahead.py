"""Tokens asked for ahead: few requests, each token once, and none that has waited too long."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.gateway_world import World

from consent.vocabulary import Body
from services.contracts.identity.naming import ALWAYS_TAKEN
from services.contracts.oversight.register import Kind, Role
from services.gateway.errors import RefusedError
from services.gateway.hospital import link
from services.gateway.naming import FRESH, NamesAhead
from services.gateway.organisation import Organisation


class Scene:
    """A hospital that a person is linked to, and how many tokens each of its requests brought."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        counter = self.world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
        self.hospital: Organisation = self.world.organisation("hospital-a", Kind.HOSPITAL, Role.WRITER)
        self.reference = link(self.hospital, self.world.person(counter).person)
        self.brought: list[int] = []
        tamper = self.world(Body.IDENTITY).tamper
        tamper["/pseudonym-tokens"] = self._counting(lambda _told: 1)
        tamper["/pseudonym-tokens/batch"] = self._counting(lambda told: len(told.people))

    def _counting(self, number: Callable[[Any], int]) -> Callable[[Any], Any]:
        def seen(told: Any) -> Any:
            self.brought.append(number(told))
            return told

        return seen

    def take(self, names: NamesAhead, number: int) -> list[str]:
        return [names.take(needed=left).tokens[Body.MEDICAL] for left in range(number, 0, -1)]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def ahead(scene: Scene) -> NamesAhead:
    return NamesAhead(scene.hospital, scene.reference, Body.MEDICAL)


def test_few_requests_bring_as_many_tokens_as_are_needed_and_each_is_another(scene: Scene) -> None:
    number = ALWAYS_TAKEN + 3
    assert len(set(scene.take(ahead(scene), number))) == number
    assert scene.brought == [ALWAYS_TAKEN, 3]


def test_a_token_that_has_waited_is_left_to_expire(scene: Scene) -> None:
    names = ahead(scene)
    first = names.take(needed=3)
    scene.world.watch.now += FRESH - timedelta(seconds=1)
    second = names.take(needed=2)
    scene.world.watch.now += timedelta(seconds=1)
    third = names.take(needed=1)
    assert len({each.tokens[Body.MEDICAL] for each in (first, second, third)}) == 3
    assert scene.brought == [3, 1]


def test_an_unknown_reference_is_refused_as_when_it_is_asked_for_alone(scene: Scene) -> None:
    with pytest.raises(RefusedError) as alone:
        scene.hospital.name_person("A" * 43, Body.MEDICAL)
    with pytest.raises(RefusedError) as many:
        NamesAhead(scene.hospital, "A" * 43, Body.MEDICAL).take(needed=2)
    assert (many.value.code, many.value.explanation) == (alone.value.code, alone.value.explanation)
