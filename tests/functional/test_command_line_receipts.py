"""Proof of a permission, a refusal, a withdrawal and a refused request by hand, verified offline (R8, R19)."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from support.command_line import assert_one_line, within
from support.desk import Desk

from consent.identifiers import OperatorId
from services.commands.wishes import NOTICES
from services.gateway.credentials import load

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]
VISITS = ("--category", "encounter", "--years", "2024", "2025", "--purpose", "TREAT")


def says(*words: str | Path) -> list[str]:
    """Give a command; return its lines."""
    done = within(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def saved(desk: Desk, folder: Path, number: int, *more: str | Path) -> dict[str, Any]:
    """Save the receipt of a directive, verify it offline, and return it."""
    file = folder / f"receipt-{number}.json"
    says("receipt", "directive", "--card", desk.card, str(number), "--save", file, *more)
    shown = says("verify", file, "--trust", desk.scene.layout.trust)
    assert shown[-1] == f"✓ verified against the keys in {desk.scene.layout.trust}"
    assert file.stat().st_mode & 0o777 == 0o600
    told: dict[str, Any] = json.loads(file.read_text())
    _follows_from_its_proof(desk, file, told)
    return told


def _follows_from_its_proof(desk: Desk, file: Path, told: dict[str, Any]) -> None:
    """What My Portal saves is the proof alone; the receipt made of it is this one to the last byte."""
    proof, again = file.with_suffix(".proof"), file.with_suffix(".again")
    proof.write_text(json.dumps(told["proof"], indent=1))
    trust = ("--trust", desk.scene.layout.trust)
    assert says("verify", proof, *trust) == says("receipt", "make", proof, *trust, "--save", again)[:-1]
    assert again.read_bytes() == file.read_bytes()
    proof.write_text(json.dumps(told["proof"] | {"text": "another text"}))
    assert_one_line(within("verify", proof, *trust), "not the one that was shown")
    assert_one_line(within("receipt", "make", file, *trust), "not what My Portal saves")


def medium(receipt: dict[str, Any]) -> dict[str, str]:
    told: dict[str, str] = receipt["record"]["events"][0]["medium"]
    return told


def test_what_was_laid_down_is_proved_with_what_was_shown_and_how(desk: Desk, tmp_path: Path) -> None:
    """Alone, at a counter, on paper; in both languages; the text itself, its version, what refusing means."""
    counter, scan = desk.credentials("clinic-b"), tmp_path / "scan.pdf"
    scan.write_bytes(b"%PDF signed")
    operator: OperatorId = load(counter).operator
    says("grant", "--card", desk.card, "--to", "clinic-b", *VISITS, "--times", "2/day")
    says("refuse", "--card", desk.card, "--everybody", *VISITS, "--language", "ja", "--at-counter", counter)
    says("refuse", "--card", desk.card, "--to", "clinic-c", *VISITS, "--at-counter", counter, "--paper", scan)
    alone, at_counter, on_paper = (saved(desk, tmp_path, number) for number in (1, 2, 3))
    assert medium(alone) == {"kind": "portal"}
    assert medium(at_counter) == {"kind": "counter", "operator": operator}
    assert medium(on_paper) == {
        "kind": "paper",
        "operator": operator,
        "sha256_of_scan": sha256(b"%PDF signed").hexdigest(),
    }
    assert alone["record"]["events"][0]["event_state"] == "dpv:ConsentGiven"
    assert at_counter["record"]["events"][0]["event_state"] == "dpv:ConsentRefused"
    notices = [each["record"]["pii_processing"][0]["privacy_notice"] for each in (alone, at_counter)]
    assert [each["text"] for each in notices] == [
        next(text.en for effect, text in NOTICES.items() if effect == "permit"),
        next(text.ja for effect, text in NOTICES.items() if effect == "deny"),
    ]
    assert [each["language"] for each in notices] == ["en", "ja"]
    assert all(each["version"] == "1" and each["refusal_meaning"] for each in notices)


def test_withdrawal_is_proved_with_the_bodys_word(desk: Desk, tmp_path: Path) -> None:
    """Every body's own copy; a receipt of one has no name that another has for the person."""
    says("grant", "--card", desk.card, "--to", "clinic-b", *VISITS)
    number = len(says("permissions", "--card", desk.card))
    says("withdraw", "--card", desk.card, str(number))
    made = {
        body: saved(desk, tmp_path, number, "--body", body) for body in ("medical", "oversight", "identity")
    }
    people = {each["record"]["pii_principal_id"] for each in made.values()}
    assert len(people) == 3
    for body, receipt in made.items():
        given, back = receipt["record"]["events"]
        assert (given["event_state"], back["event_state"]) == ("dpv:ConsentGiven", "dpv:ConsentWithdrawn")
        assert back["fragments_deleted"] > 0
        assert back["log"]["origin"] == f"sekisho/{body}"
        others = people - {receipt["record"]["pii_principal_id"]}
        assert not any(each in json.dumps(receipt) for each in others)


def test_request_that_was_refused_is_proved(desk: Desk, tmp_path: Path) -> None:
    clinic = desk.credentials("clinic-c")
    linked = within("link", "--as", clinic, "--card", desk.card).stdout.strip()
    asked = ("--reference", linked, "--category", "laboratory", "--years", "2024", "2025")
    refused = within("open", "--as", clinic, *asked, "--out", tmp_path / "none")
    assert refused.returncode == 1
    listed = says("receipt", "refused", "--card", desk.card)
    assert listed[-1].endswith(" refused requests, each proved")
    number = max(index for index, each in enumerate(listed, 1) if "clinic-c" in each)
    file, html = tmp_path / "refused.json", tmp_path / "refused.html"
    says("receipt", "refused", "--card", desk.card, str(number), "--save", file)
    shown = says(
        *("receipt", "show", file, "--trust", desk.scene.layout.trust, "--html", html, "--language", "ja")
    )
    assert shown[0] == "照会が拒否されたことの受領証"
    assert any("clinic-c" in each for each in shown)
    assert '<html lang="ja">' in html.read_text(encoding="utf-8")


def test_changed_receipts_and_wrong_use_are_told_in_one_line(desk: Desk, tmp_path: Path) -> None:
    says("grant", "--card", desk.card, "--to", "clinic-b", *VISITS)
    number = len(says("permissions", "--card", desk.card))
    saved(desk, tmp_path, number)
    file = tmp_path / f"receipt-{number}.json"
    file.write_bytes(file.read_bytes().replace(b'"first":2024', b'"first":1924', 1))
    done = within("verify", file, "--trust", desk.scene.layout.trust)
    assert_one_line(done, "record.pii_processing[0].purposes[0].years.first")
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"x")
    paper = within("refuse", "--card", desk.card, "--everybody", *VISITS, "--paper", scan)
    assert_one_line(paper, "--at-counter", status=2)
    for words, expected, status in (
        (["directive", "99"], "permissions", 2),
        (["directive", str(number), "--body", "registry"], "registry has no copy", 1),
        (["refused", "999"], "refused requests", 2),
        (["refused", "--save", "x.json"], "by its number", 2),
    ):
        command, *rest = words
        assert_one_line(within("receipt", command, "--card", desk.card, *rest), expected, status=status)
