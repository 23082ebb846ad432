"""Suspicious use by hand, on running bodies: registered, read, flagged, reviewed, seen by the person."""

from pathlib import Path

import pytest
from support.command_line import assert_one_line, within
from support.desk import Desk
from support.waiting import until

from services.deployment.bootstrap import OFFICIALS

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]
KIND = ("--category", "medication", "--years", "2024", "2026")


def test_a_read_that_nothing_explains_by_hand(desk: Desk, tmp_path: Path) -> None:
    """R14, OP1"""
    hospital, doctor, other = (desk.credentials(f"hospital-a{end}") for end in ("", "-2", "-3"))
    within("grant", "--card", desk.card, "--to", "hospital-a", *KIND, "--purpose", "TREAT")
    add = ("relationships", "add", "--as", hospital, desk.reference, "--kind", "appointment")
    assert_one_line(within(*add), "--with", status=2)
    name = within(*add, "--with", "hospital-a-2", "--surname", "山田").stdout.split()[0]
    staff = tmp_path / "staff.csv"
    staff.write_text("operator,teams,surname,address\nhospital-a-3,ward,山田,\n", encoding="utf-8")
    assert "of the staff are described" in within("relationships", "staff", "--as", hospital, staff).stdout
    listed = within("relationships", "list", "--as", hospital, desk.reference).stdout
    assert f"{name}  appointment with hospital-a-2" in listed
    assert within("watch", "--card", desk.card, "closely").stdout == "closely, from now on\n"
    assert within("watch", "--card", desk.card).stdout == "closely\n"
    for who in (doctor, other):
        out = ("--out", tmp_path / who.name)
        opened = within("open", "--as", who, "--reference", desk.reference, *KIND, *out)
        assert opened.returncode == 0, opened.stderr
    (flagged,) = _until(desk, "use_flagged")
    assert "hospital-a" in flagged
    assert "by same_surname, unexplained, well_known" in flagged
    _until(desk, "use_case_opened")
    official = desk.credentials(OFFICIALS)
    line = next(
        each
        for each in within("review", "list", "--as", official).stdout.splitlines()
        if "(hospital-a-3)" in each
    )
    decided = within(
        "review",
        "decide",
        "--as",
        official,
        line.split()[0],
        "not_justified",
        "--comment",
        "out of curiosity",
    )
    assert decided.stdout == "not_justified; the person is told\n"
    (reviewed,) = _until(desk, "use_reviewed")
    assert "not_justified: out of curiosity" in reviewed
    inbox = within("inbox", "--card", desk.card).stdout
    assert "the reader has your surname" in inbox
    assert "found it not justified: out of curiosity" in inbox
    assert "【注意】" in within("inbox", "--card", desk.card, "--language", "ja").stdout
    ended = within("relationships", "end", "--as", hospital, name)
    assert name in ended.stdout


def _until(desk: Desk, kind: str) -> list[str]:
    """Return the lines of a kind in the person's history, once there are some."""

    def found() -> list[str]:
        return [each for each in within("history", "--card", desk.card).stdout.splitlines() if kind in each]

    until(lambda: bool(found()))
    return found()
