"""Narrow permissions and wide refusals by hand, in both languages (UC1, ADR 0027)."""

import json
from pathlib import Path

import pytest
from support.command_line import assert_one_line, within
from support.desk import Desk

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]
VISITS = ("--category", "encounter", "--years", "2024", "2025", "--purpose", "TREAT")
RECORDS = ("--category", "medication", "--years", "2024", "2025", "--purpose", "TREAT")


def says(desk: Desk, command: str, *words: str) -> list[str]:
    """Give a command with the card; return its lines."""
    done = within(command, "--card", desk.card, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_person_permits_narrowly_and_refuses_widely(desk: Desk) -> None:
    """One professional twice a day; nobody of a role anywhere; the list says so in both languages."""
    (permitted,) = says(
        desk, "grant", "--to", "clinic-b", "--role", "reader", *RECORDS, "--times", "2/day", "--onward"
    )
    assert permitted.startswith(
        "permitted; 3 bodies hold a copy: clinic-b (reader of records): medication 2024-2025, "
        "for treatment, at most 2 times a day, may be passed on, until "
    )
    (refused,) = says(desk, "refuse", "--everybody", "--role", "anonymiser", *RECORDS, "--language", "ja")
    assert refused.startswith(
        "拒否しました。3機関が写しを保管しています: すべての組織（匿名加工担当）: "
        "拒否: 2024-2025年の薬、診療のため、"
    )
    english, japanese = (says(desk, "permissions", "--language", each) for each in ("en", "ja"))
    assert english[1].startswith("2. in force: everybody (anonymiser): refused: medication 2024-2025")
    assert japanese[0].startswith(
        "1. 有効: clinic-b（記録の閲覧）: 2024-2025年の薬、診療のため、1日に2回まで"
    )
    assert says(desk, "withdraw", "2")[-1] == "withdrawn"
    assert says(desk, "permissions", "--language", "ja")[1].startswith("2. 無効: ")


def test_clinic_asks_before_reading_and_the_person_sees_that_it_did(desk: Desk) -> None:
    """R6: what may be read and what is missing, in words; nothing is read for it."""
    clinic = desk.credentials("clinic-b")
    linked = within("link", "--as", clinic, "--card", desk.card)
    ask = ("may-read", "--as", clinic, "--reference", linked.stdout.strip(), "--years", "2024", "2025")
    kinds = ("--category", "medication", "--category", "imaging", "--purpose", "TREAT")
    says(desk, "grant", "--to", "clinic-b", *RECORDS)
    told = within(*ask, *kinds).stdout.splitlines()
    assert told[0].startswith("✗ images: The permission of ")
    assert "you asked for images" in told[0]
    assert told[1].startswith("✓ medication: The permission of ")
    assert within(*ask, *kinds, "--language", "ja").stdout.splitlines()[1].startswith("✓ 薬: ")
    asked = [each for each in says(desk, "history") if "decision_asked" in each]
    assert len(asked) == 2
    assert not any("records_read" in each for each in says(desk, "history"))


def asked_by_anybody(desk: Desk) -> int:
    """Count the questions in the person's history."""
    return sum("decision_asked" in each for each in says(desk, "history"))


def test_person_asks_who_may_read_and_why_not(desk: Desk) -> None:
    """R6: by the endpoint that recipients ask; a person may ask about everybody, and it is no entry of theirs."""
    within("link", "--as", desk.credentials("clinic-b"), "--card", desk.card)
    says(desk, "grant", "--to", "clinic-b", *RECORDS)
    before = asked_by_anybody(desk)
    kinds = ("--category", "medication", "--category", "imaging", "--years", "2024", "2025")
    told = says(desk, "who-may-read", "--to", "clinic-b", *kinds)
    assert told[0].startswith("✓ medication: The permission of ")
    assert told[1].startswith("✗ images: ")
    japanese = says(desk, "who-may-read", "--to", "clinic-c", *kinds, "--language", "ja")
    assert [each[:4] for each in japanese] == ["✗ 薬:", "✗ 画像"]
    assert says(desk, "who-may-read", *kinds) == ["medication: clinic-b", "images: nobody"]
    assert_one_line(
        within("who-may-read", "--card", desk.card, "--professional", "x", *kinds), "--to", status=2
    )
    assert asked_by_anybody(desk) == before


def test_person_sees_what_would_change_before_doing_it(desk: Desk) -> None:
    """Nothing is laid down by asking; what is told comes true when it is done."""
    (gain,) = says(desk, "simulate", "--to", "clinic-b", *VISITS)
    assert gain == "+ clinic-b gains visits 2024-2025, for treatment"
    before = says(desk, "permissions")
    assert not any("visits" in each for each in before)
    says(desk, "grant", "--to", "clinic-b", *VISITS)
    assert says(desk, "simulate", "--to", "clinic-b", *VISITS) == ["nobody gains or loses anything"]
    (loss,) = says(desk, "simulate", "--withdraw", str(len(before) + 1), "--language", "ja")
    assert loss == "－ clinic-bは2024-2025年の受診を診療のために見られなくなります"
    (refused,) = says(desk, "simulate", "--refuse", "--to", "clinic-b", *VISITS)
    assert refused == "- clinic-b loses visits 2024-2025, for treatment"
    (item,) = says(
        desk,
        "simulate",
        *("--to", "bank", "--item", "name", "--contract", "loan", "--reason", "opening"),
        *("--purpose", "IdentityVerification"),
    )
    assert item == "+ bank gains name, by loan (the contract is opened), for checking who the person is"


def test_permission_goes_out_and_comes_in_as_a_fhir_consent(desk: Desk, tmp_path: Path) -> None:
    """Nothing of it is lost on the way; what it cannot say is refused with its code."""
    narrow = ("--category", "maternal", "--years", "2024", "2025", "--purpose", "TREAT", "--times", "3/week")
    says(desk, "grant", "--to", "clinic-b", "--role", "reader", *narrow)
    told = json.loads("\n".join(says(desk, "permissions", "--fhir")))
    assert told["resourceType"] == "Bundle"
    consent = told["entry"][-1]["resource"]
    file = tmp_path / "consent.json"
    file.write_text(json.dumps(consent))
    says(desk, "withdraw", str(len(told["entry"])))
    (again,) = says(desk, "grant", "--from-fhir", str(file))
    assert "clinic-b (reader of records): maternity 2024-2025, for treatment, at most 3 times a week" in again
    consent["provision"]["provision"][0]["purpose"][0]["code"] = "HMARKT"
    file.write_text(json.dumps(consent))
    refused = within("grant", "--card", desk.card, "--from-fhir", file)
    assert_one_line(refused, "unknown_purpose")
    assert_one_line(
        within("grant", "--card", desk.card, "--from-fhir", file, *RECORDS), "everything", status=2
    )


@pytest.mark.parametrize(
    ("command", "words", "expected", "status"),
    [
        ("grant", ["--to", "clinic-b", "--times", "2/year"], "2/day", 2),
        ("grant", ["--to", "clinic-b", "--times", "0/day"], "2/day", 2),
        ("grant", ["--to", "clinic-b", "--role", "reader", "--professional", "x"], "not both", 2),
        ("grant", ["--to", "clinic-b", "--professional", "nobody"], "recipient_not_accredited", 1),
        ("simulate", ["--everybody"], "--refuse", 2),
        ("simulate", ["--withdraw", "1", "--to", "clinic-b"], "--withdraw NUMBER", 2),
        ("grant", [], "--to", 2),
        ("refuse", [], "--everybody", 2),
        ("refuse", ["--to", "clinic-b", "--everybody"], "either", 2),
        ("refuse", ["--everybody", "--professional", "x"], "the organisation in which", 2),
    ],
)
def test_words_that_contradict_each_other_are_told(
    desk: Desk, command: str, words: list[str], expected: str, status: int
) -> None:
    assert_one_line(within(command, "--card", desk.card, *words, *RECORDS), expected, status=status)
