"""The commands about issued cards, given as a holder and a registrar give them."""

from pathlib import Path

import pytest
from support.command_line import assert_one_line, within

from consent import base64url
from consent.vocabulary import Body
from services.demo.scene import Scene

pytestmark = pytest.mark.processes

PINS = {"SEKISHO_PIN_AUTHENTICATION": "1357", "SEKISHO_PIN_SIGNATURE": "sakura8642"}
WRONG = {"SEKISHO_PIN_AUTHENTICATION": "0852"}
ENROL = (
    "--name",
    "山田 花子",
    "--address",
    "みなと市本町1-2-3",
    "--sex",
    "female",
    "--birth-date",
    "1963-07-15",
)


def says(*arguments: str | Path, pins: dict[str, str] = PINS) -> list[str]:
    done = within(*arguments, environment=pins)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_life_of_a_card_by_hand(deployment: Scene, tmp_path: Path) -> None:
    """K1, K5, K6: hint, change, lock, unlock with the other PIN, renew, lose, find again, end."""
    card, city = tmp_path / "card.json", deployment.layout.credentials / "municipality"
    told = says("enrol", "--as", city, *ENROL, "--card", card)
    reference, code = (line.rpartition(": ")[2] for line in (told[1], told[3]))
    desk = ("--as", city, "--reference", reference, "--card", card)

    stated = says("attributes", "--card", card, "--out", tmp_path / "statement.jws")
    assert "name: 山田 花子" in stated
    assert (tmp_path / "statement.jws").read_text().count(".") == 2
    assert "山田" not in card.read_text()
    assert not any(
        base64url.encode(text.encode())[2:-2] in card.read_text() for text in ("山田 花子", "1963-07-15")
    )

    says(
        "change-pin",
        "--card",
        card,
        "--application",
        "authentication",
        "--new-pin",
        "7306",
        "--hint",
        "the tower",
    )
    assert_one_line(within("card-status", "--card", card, environment=WRONG), "2 tries", '"the tower"')
    now = PINS | {"SEKISHO_PIN_AUTHENTICATION": "7306"}
    shown = says("card-status", "--card", card, pins=now)
    assert shown[0].endswith("active")
    assert 'hint "the tower"' in shown[1]

    for _ in range(3):
        within("card-status", "--card", card, environment=WRONG)
    assert_one_line(within("card-status", "--card", card, environment=now), "locked", "counter")
    assert "3 tries" in says("unlock-card", *desk, "--application", "authentication", pins=now)[0]
    renewed = says("renew-card", *desk, "--new-pin", "9402", "--hint", "the bridge", pins=now)
    now |= {"SEKISHO_PIN_AUTHENTICATION": "9402"}
    assert says("card-status", "--card", card, pins=now)[1].split()[4].rstrip(",") in renewed[0]

    portal, authority = deployment.layout.url(Body.PORTAL), deployment.layout.authority
    phone = ("suspend-card", "--portal", portal, "--authority", authority, "--code")
    slip = ("2" if code[0] != "2" else "3") + code[1:]
    assert_one_line(within(*phone, slip), "one of them is wrong")
    assert says(*phone, code.lower()) == says(*phone, "0000-0000-0000-0000")
    assert_one_line(within("history", "--card", card, environment=now), "card_not_usable")
    assert "telephone code" in says("resume-card", *desk, "--reason", "found in a coat")[1]
    history = says("history", "--card", card, pins=now)
    assert [line.split()[4] for line in history if "card_state_changed" in line] == ["done", "done"]
    assert len(says("suspension-code", "--card", card, pins=now)[0].split()[2]) == 19
    assert says("revoke-card", *desk, "--reason", "moved abroad")[0].endswith("revoked")
    assert_one_line(within("resume-card", *desk, "--reason", "again"), "card_state")
