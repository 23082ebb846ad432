"""What the commands say to a wrong PIN, a wrong card, wrong evidence: one line and an exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support.command_line import assert_one_line, within
from support.desk import PINS, Desk
from support.gateway_card import FakeOffice, new_card

from consent.vocabulary import Body
from services.demo.scene import Scene
from services.gateway.cards import CardFile, read_card, save_card
from services.gateway.clinical import BasicItems
from services.gateway.people import enrol

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]

ITEMS = BasicItems("山田 太郎", "みなと市 4-5-6", "male", "1975-12-24")


def test_a_wrong_pin_is_told_with_the_tries_left_then_the_card_is_locked(
    deployment: Scene, tmp_path: Path
) -> None:
    """K4: the right PIN does not help afterwards; the other application stays as it is."""
    card = tmp_path / "card.json"
    save_card(enrol(deployment.organisation("municipality"), ITEMS, pins=PINS).card, card)
    for left in (2, 1, 0):
        done = within("history", "--card", card, environment={"SEKISHO_PIN_AUTHENTICATION": "0000"})
        assert_one_line(done, "Wrong PIN", f"{left} tries are left")
    assert_one_line(within("history", "--card", card), "locked", "counter")


def test_a_right_pin_gives_all_tries_back_and_can_be_typed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for where the environment has none; what is typed is not shown."""
    wrong = {"SEKISHO_PIN_AUTHENTICATION": "0000"}
    assert_one_line(within("history", "--card", desk.card, environment=wrong), "2 tries are left")
    monkeypatch.delenv("SEKISHO_PIN_AUTHENTICATION")
    done = within("history", "--card", desk.card, typed="1470\n")
    assert done.returncode == 0
    assert "PIN (authentication)" in done.stdout
    assert "1470" not in done.stdout
    assert_one_line(within("history", "--card", desk.card, environment=wrong), "2 tries are left")


def spoil(card: CardFile, change: Callable[[dict[str, object]], None]) -> bytes:
    told = json.loads(card.model_dump_json())
    change(told)
    return json.dumps(told).encode()


def other_id(told: dict[str, object]) -> None:
    told["card"] = "A" * 22


def other_secret(told: dict[str, object]) -> None:
    told["file_secret"] = "A" * len(str(told["file_secret"]))


def other_format(told: dict[str, object]) -> None:
    told["format"] = "sekisho-card/2"


def wrapped_changed(told: dict[str, object]) -> None:
    applications = told["applications"]
    assert isinstance(applications, dict)
    wrapped = applications["authentication"]["wrapped"]
    applications["authentication"]["wrapped"] = wrapped[:-4] + ("AAAA" if wrapped[-4:] != "AAAA" else "BBBB")


CARDS = {
    "another card's number": (other_id, "Wrong PIN"),
    "another file's secret": (other_secret, "Wrong PIN"),
    "another version": (other_format, "not a readable card file"),
    "changed keys": (wrapped_changed, "was changed"),
}


@pytest.mark.parametrize("kind", CARDS)
def test_a_changed_card_file_is_refused(desk: Desk, tmp_path: Path, kind: str) -> None:
    """Whatever was changed: no try is possible with it, or the change is named."""
    change, expected = CARDS[kind]
    file = tmp_path / "card.json"
    file.write_bytes(spoil(read_card(desk.card), change))
    assert_one_line(within("history", "--card", file), expected)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1, 2]", b"\xff\xfe", b'{"format": "sekisho-card/1"}'])
def test_a_file_that_is_no_card_is_named(tmp_path: Path, content: bytes) -> None:
    """With the version that could be read."""
    file = tmp_path / "photo.jpg"
    file.write_bytes(content)
    assert_one_line(within("history", "--card", file), str(file), "sekisho-card/1")
    assert_one_line(within("history", "--card", tmp_path), str(tmp_path), "sekisho-card/1")
    assert_one_line(within("history", "--card", tmp_path / "none"), "does not exist", status=2)


def test_a_card_of_another_deployment_signs_nobody_in(desk: Desk, tmp_path: Path) -> None:
    """Its authority is another one, so that this portal is a stranger to it; and the other way round."""
    own = read_card(desk.card)
    foreign, _ = new_card(FakeOffice())
    at_this_address = foreign.model_copy(
        update={"trust": foreign.trust.model_copy(update={"urls": own.trust.urls})}
    )
    save_card(at_this_address, tmp_path / "foreign.json")
    assert_one_line(within("history", "--card", tmp_path / "foreign.json"), "another authority")
    save_card(foreign.model_copy(update={"trust": own.trust}), tmp_path / "unknown.json")
    assert_one_line(within("history", "--card", tmp_path / "unknown.json"), "Wrong PIN")


def test_a_portal_that_is_down_is_named(desk: Desk) -> None:
    """With its address."""
    processes = desk.scene.processes
    processes.kill(Body.PORTAL)
    try:
        assert_one_line(
            within("history", "--card", desk.card), desk.scene.layout.url(Body.PORTAL), "does not answer"
        )
    finally:
        processes.start([Body.PORTAL])
    assert within("history", "--card", desk.card).returncode == 0


def test_evidence_and_trust_that_cannot_be_read_are_named(desk: Desk, tmp_path: Path) -> None:
    """Not evidence, no trust file, a trust file that is none, a key that is not trusted."""
    evidence, trust = tmp_path / "evidence.json", desk.scene.layout.trust
    assert within("history", "--card", desk.card, "--save", evidence).returncode == 0
    assert within("verify", evidence, "--trust", trust).returncode == 0
    assert_one_line(within("verify", evidence), "trust.json is missing", "--trust")
    assert_one_line(within("verify", tmp_path / "none"), "does not exist", status=2)
    for number, content in enumerate((b"", b"{", b"[]", b'{"format": "sekisho-evidence/2"}')):
        file = tmp_path / f"{number}.json"
        file.write_bytes(content)
        assert_one_line(within("verify", file, "--trust", trust))
        assert_one_line(within("verify", evidence, "--trust", file))
    told = json.loads(trust.read_text())
    told["logs"].pop("sekisho/identity")
    (tmp_path / "trust.json").write_text(json.dumps(told))
    assert_one_line(within("verify", evidence), "no trusted key for its log")
