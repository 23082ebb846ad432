"""How often a permission may be used is one number, whichever second body is asked (SC1, OP1)."""

from pathlib import Path

import pytest
from support.medical_story import MEDICATION, read, start
from support.medical_world import CLINIC, Running, Someone, World

from consent.conditions import Conditions, Frequency, FrequencyUnit
from consent.vocabulary import Body
from services.kit.http import RemoteProblemError


def _code(running: Running, someone: Someone) -> str:
    with pytest.raises(RemoteProblemError) as refused:
        read(running, someone)
    return refused.value.code


def test_oversight_body_and_id_centre_in_turn_give_no_use_more(tmp_path: Path) -> None:
    """SC1: each second body counts by itself; the medical centre is in every read, and counts all of them."""
    world, someone = World(tmp_path), Someone("hanako")
    proxies = {each.body: each for each in world.second_proxies()}
    with world.running([proxies[Body.OVERSIGHT]]) as running:
        start(running, someone)
        twice = Conditions(Frequency(2, FrequencyUnit.DAY))
        running.permit(
            someone, world.grant(someone, world.terms(CLINIC, conditions=twice), compartments=MEDICATION)
        )
        assert Body.OVERSIGHT in read(running, someone).bundles[0].fragments
    proxies = {each.body: each for each in world.second_proxies()}
    with world.running([proxies[Body.IDENTITY]]) as running:
        assert Body.IDENTITY in read(running, someone).bundles[0].fragments
        assert _code(running, someone) == "frequency_used_up"
