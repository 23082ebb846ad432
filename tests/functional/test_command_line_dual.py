"""What two supervisors do by hand, with real processes: a third one appointed by their own card, a clinic stopped."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.command_line import assert_one_line, within

from services.commands.person import pin_variable
from services.demo.scene import Scene
from services.deployment.bootstrap import OFFICIALS, SECOND_OFFICIAL
from services.deployment.organisations import SUPERVISORS_PINS

pytestmark = pytest.mark.processes

PINS = {pin_variable(each): pin for each, pin in SUPERVISORS_PINS.items()}
CLINIC = json.dumps({"kind": "organisation", "id": "clinic-c"})


@dataclass(frozen=True)
class Hand:
    """Somebody who gives commands with the deployment's credentials."""

    scene: Scene

    def credentials(self, name: str) -> Path:
        """Return a credential folder."""
        return self.scene.layout.credentials / name

    def gives(self, *arguments: str | Path) -> str:
        """Give a command that works, and return what it says."""
        done = within(*arguments, environment=PINS)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *arguments: str | Path) -> str:
        """Give a command that is refused, and return the line that says so."""
        return assert_one_line(within(*arguments, environment=PINS))


@pytest.fixture
def hand(deployment: Scene) -> Hand:
    return Hand(deployment)


def test_two_officials_suspend_and_resume_a_clinic(hand: Hand) -> None:
    first, second = hand.credentials(OFFICIALS), hand.credentials(SECOND_OFFICIAL)
    for kind, state in (("suspend", "suspended"), ("resume", "in force")):
        told = hand.gives(
            "propose", "--as", first, "--at", "oversight", "--kind", kind, "--with", CLINIC, "--reason", "why"
        )
        proposal = told.split()[0]
        assert "pending" in told
        assert proposal in hand.gives("proposals", "--as", second, "--at", "oversight")
        assert "same_person" in hand.refused("approve", "--as", first, "--at", "oversight", proposal, "--yes")
        assert "approved" in hand.gives("approve", "--as", second, "--at", "oversight", proposal, "--yes")
        shown = hand.gives("register", "--as", second)
        assert re.search(rf"clinic-c +clinic +{state} ", shown)


def test_a_proposal_is_rejected_by_the_other_or_withdrawn(hand: Hand) -> None:
    first, second = hand.credentials(OFFICIALS), hand.credentials(SECOND_OFFICIAL)
    for who, state in ((second, "rejected"), (first, "withdrawn")):
        told = hand.gives(
            "propose", "--as", first, "--at", "oversight", "--kind", "revoke", "--with", '{"id": "bank"}',
            "--reason", "why",
        )  # fmt: skip
        assert state in hand.gives(
            "reject", "--as", who, "--at", "oversight", told.split()[0], "--reason", "no"
        )


def test_a_human_presents_their_own_card_to_become_a_supervisor(hand: Hand, tmp_path: Path) -> None:
    """OP4: a second account of one human is accredited, and recognised when it approves."""
    city, official = hand.credentials("municipality-2"), hand.credentials(OFFICIALS)
    alias = tmp_path / "alias"
    hand.gives("new-operator", "--as", city, "--name", "municipality-alias", "--out", alias)
    accredit: list[str | Path] = [
        "accredit-operator",
        "--as",
        official,
        "--of",
        alias,
        "--role",
        "supervisor",
        "--reason",
        "appointed",
    ]
    assert "not_presented" in hand.refused(*accredit)
    card = hand.credentials("municipality-2") / "own-card.json"
    presentation = hand.gives("present-operator", "--card", card, "--of", alias).strip()
    made = hand.gives(*accredit, "--presentation", presentation)
    assert '"presented": true' in made
    hand.gives(
        "approve", "--as", hand.credentials(SECOND_OFFICIAL), "--at", "oversight", "--yes", made.split()[0]
    )
    register = hand.scene.officials.directory().register
    tags = {str(each.id): each.person_tag for each in register.operators}
    assert tags["municipality-alias"] == tags["municipality-2"] != tags["municipality-3"]


def test_an_organisation_is_entered_by_two_officials_and_can_work(hand: Hand, tmp_path: Path) -> None:
    """R9, OP4: from its keys to its first proposal, by hand."""
    first, second, city = hand.credentials(OFFICIALS), hand.credentials(SECOND_OFFICIAL), tmp_path / "city"
    receive: list[str | Path] = ["receive-certificate", "--as", first, "--of", city]
    made = hand.gives(
        "new-organisation", "--as", first, "--id", "second-city", "--name", "Second City", "--kind",
        "municipality", "--role", "inquirer", "--out", city, "--reason", "its council applied",
    )  # fmt: skip
    name = made.split()[0]
    assert "have it approved first" in hand.refused(*receive, name)
    assert "terminal.pem is missing" in hand.refused("register", "--as", city)
    assert "same_person" in hand.refused("approve", "--as", first, "--at", "oversight", "--yes", name)
    hand.gives("approve", "--as", second, "--at", "oversight", "--yes", name)
    assert "complete" in hand.gives(*receive, name)
    assert "second-city" in hand.gives("register", "--as", city)
    assert "already" in hand.refused(*receive, name)


def test_policies_are_shown_with_their_digest(hand: Hand) -> None:
    told = hand.gives("policies")
    assert "registry        keep-residents       registrar" in told
    digest = told.split()[-1]
    register = hand.scene.officials.directory().register
    assert [each.digest for each in register.policies] == [digest]
