"""An emergency by hand, on running bodies: chosen, asked, signed, relayed, opened, reviewed, seen by the person."""

import pytest
from support.command_line import assert_one_line, within
from support.desk import Desk

from services.deployment.bootstrap import OFFICIALS

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]

YEARS = ("--years", "2000", "2030")
REASON = "Found unconscious after a fall at the station; bleeding, anticoagulants unknown"


def test_an_emergency_by_hand(desk: Desk) -> None:
    """UC1, OP2"""
    doctor, nurse = desk.credentials("hospital-a-2"), desk.credentials("hospital-a-3")
    relay, official = desk.credentials("emergency-relay"), desk.credentials(OFFICIALS)
    asked = ("emergency", "request", "--as", doctor, desk.reference, "--category", "medication", *YEARS)
    within("emergency", "choose", "--card", desk.card, "--no")
    assert_one_line(within(*asked, "--reason", REASON), "denied_by_person")
    japanese = within(
        "emergency", "choose", "--card", desk.card, "--category", "medication", *YEARS, "--language", "ja"
    )
    assert "救急診療" in japanese.stdout
    assert_one_line(within(*asked, "--reason", "urgent"), "emergency_reason")
    case = within(*asked, "--reason", REASON).stdout.split()[1].rstrip(":")
    alone = within("emergency", "second", "--as", doctor, desk.reference, case)
    assert_one_line(alone, "emergency_same_human")
    assert "0 notices" in within("inbox", "--card", desk.card).stdout
    signed = within("emergency", "second", "--as", nurse, desk.reference, case).stdout
    assert REASON in signed
    assert "in force until" in signed
    assert case in within("emergency", "relay", "--as", relay, "--once").stdout
    assert "not for export" in within("emergency", "open", "--as", nurse, case).stdout
    assert case in within("review", "list", "--as", official).stdout
    within("review", "decide", "--as", official, case, "justified", "--comment", "the reason was checked")
    found = within("inbox", "--card", desk.card, "--language", "ja").stdout
    assert REASON in found
    assert "正当な閲覧" in found
    assert "EMERGENCY" in within("inbox", "--card", desk.card).stdout
    seen = within("history", "--card", desk.card).stdout
    assert "emergency_declared" in seen
    assert "emergency_reviewed" in seen
