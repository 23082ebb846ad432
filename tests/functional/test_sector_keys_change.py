"""Sector keys of running bodies are changed while people are read, confirmed and enrolled (LN5)."""

import json
from pathlib import Path

import pytest
from support.command_line import assert_one_line, entries_told, within
from support.desk import PINS, Desk
from support.waiting import until

from consent.vocabulary import Body
from services.deployment.bootstrap import OFFICIALS, SECOND_OFFICIAL
from services.gateway.cards import save_card
from services.gateway.clinical import BasicItems
from services.gateway.numbers import own_number
from services.gateway.people import enrol
from services.gateway.supervisor import proposals

pytestmark = [pytest.mark.processes, pytest.mark.long, pytest.mark.usefixtures("pins")]

ITEMS = BasicItems("高橋 健", "みなと市 9-9-9", "male", "1969-09-09")
CHANGED = (Body.REGISTRY, Body.MEDICAL, Body.IDENTITY, Body.OVERSIGHT)


def test_keys_change_under_traffic_and_everybody_stays_who_they_are(desk: Desk, tmp_path: Path) -> None:
    one, other = desk.credentials(OFFICIALS), desk.credentials(SECOND_OFFICIAL)
    city = desk.scene.organisation("municipality")

    def histories() -> list[str]:
        told = within("history", "--card", desk.card)
        assert told.returncode == 0, told.stderr
        return entries_told(told.stdout)

    before = histories()
    for body in CHANGED:
        asked = json.dumps({"body": body.value})
        change = ("--at", "identity", "--kind", "change-sector-key", "--with", asked, "--reason", "yearly")
        made = within("propose", "--as", one, *change)
        assert made.returncode == 0, made.stderr
        (waiting,) = [
            each
            for each in proposals(desk.scene.officials, Body.IDENTITY)
            if each.state == "pending" and each.preview["body"] == body.value
        ]
        approved = within("approve", "--as", other, "--at", "identity", "--yes", waiting.id)
        assert approved.returncode == 0, approved.stderr
        newcomer = enrol(city, ITEMS, pins=PINS)
        card = tmp_path / f"{body.value}.json"
        save_card(newcomer.card, card)
        assert own_number(newcomer.person) == newcomer.personal_number
        assert set(before) <= set(histories())
        assert_one_line(within("propose", "--as", one, *change), "sector_busy")
        until(lambda: f"{body.value}: key 2 in force" in within("sector-keys", "--as", one).stdout)  # noqa: B023
        assert within("history", "--card", card).returncode == 0
        assert set(before) <= set(histories())


def test_who_is_no_supervisor_of_the_oversight_body_changes_nothing(desk: Desk) -> None:
    asked = json.dumps({"body": "medical"})
    change = ("--at", "identity", "--kind", "change-sector-key", "--with", asked, "--reason", "mine")
    assert_one_line(within("propose", "--as", desk.credentials("municipality-2"), *change), "forbidden")
    assert_one_line(within("propose", "--as", desk.credentials("hospital-a"), *change), "forbidden")
    portal = (
        "--at",
        "identity",
        "--kind",
        "change-sector-key",
        "--with",
        '{"body": "portal"}',
        "--reason",
        "all",
    )
    assert_one_line(within("propose", "--as", desk.credentials(OFFICIALS), *portal), "no_sector")
    assert_one_line(within("sector-keys", "--as", desk.credentials("hospital-a")), "forbidden")
