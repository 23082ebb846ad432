"""Fixtures of the tests that give commands."""

import pytest
from support.desk import PINS, Desk

from services.demo.scene import Scene
from services.gateway.cards import save_card
from services.gateway.clinical import BasicItems
from services.gateway.hospital import link
from services.gateway.people import enrol

ITEMS = BasicItems("山田 太郎", "みなと市 4-5-6", "male", "1975-12-24")


@pytest.fixture(scope="module")
def desk(deployment: Scene, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    enrolled = enrol(deployment.organisation("municipality"), ITEMS, pins=PINS)
    card = tmp_path_factory.mktemp("desk") / "card.json"
    save_card(enrolled.card, card)
    return Desk(deployment, card, link(deployment.organisation("hospital-a"), enrolled.person))


@pytest.fixture
def pins(monkeypatch: pytest.MonkeyPatch) -> None:
    for application, pin in PINS.items():
        monkeypatch.setenv(f"SEKISHO_PIN_{application.value.upper()}", pin)
