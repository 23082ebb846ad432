"""SC4 by hand, with real processes: a newborn's mother, another guardian, an own card, a death."""

import subprocess
import time
from datetime import date
from pathlib import Path

import pytest
from support.command_line import assert_one_line, within
from support.waiting import PATIENCE_SECONDS

from services.commands.person import pin_variable
from services.demo.scene import Scene
from services.deployment.organisations import SUPERVISORS_PINS

pytestmark = [pytest.mark.processes, pytest.mark.long]

PINS = {pin_variable(each): pin for each, pin in SUPERVISORS_PINS.items()}
YEAR = date.today().year  # noqa: DTZ011  # the processes live today
WISH = ["--to", "clinic-b", "--category", "checkup", "--years", str(YEAR), str(YEAR), "--purpose", "TREAT"]


class Hand:
    """Somebody who gives commands with the deployment's credentials."""

    def __init__(self, scene: Scene, folder: Path) -> None:
        self.scene, self.folder = scene, folder
        self.document = folder / "scan.pdf"
        self.document.write_bytes(b"a scan of the family register")

    def credentials(self, name: str) -> Path:
        """Return a credential folder."""
        return self.scene.layout.credentials / name

    def gives(self, *arguments: str | Path) -> str:
        """Give a command that works, and return what it says."""
        done = self._heard(*arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout

    def refused(self, *arguments: str | Path) -> str:
        """Give a command that is refused, and return the line that says so."""
        return assert_one_line(self._heard(*arguments))

    def _heard(self, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        """Give a command, again while the bodies have not heard of a guardian yet, as it says itself."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while "guardian_unknown" in (done := within(*arguments, environment=PINS)).stderr:
            assert time.monotonic() < ends, "the bodies heard of no guardian"
            time.sleep(0.2)
        return done

    def adult(self, name: str) -> Path:
        """Enrol an adult with a card."""
        card = self.folder / f"{name}.json"
        self.gives(
            "enrol", "--as", self.credentials("municipality"), "--name", name, "--address", "みなと市 1",
            "--sex", "female", "--birth-date", "1990-05-06", "--card", card,
        )  # fmt: skip
        return card

    def newborn(self, born: str) -> str:
        """Enrol somebody without a card; return the reference."""
        told = self.gives(
            "guardian", "enrol", "--as", self.credentials("municipality"), "--name", "子", "--address",
            "みなと市 1", "--sex", "male", "--birth-date", born,
        )  # fmt: skip
        return told.split()[-1]

    def approved(self, shown: str) -> str:
        """Have the other supervisor approve what was proposed."""
        name = shown.split()[0]
        return self.gives(
            "approve", "--as", self.credentials("municipality-3"), "--at", "identity", "--yes", name
        )

    def enter(self, reference: str, card: Path, ward: Path) -> None:
        """Have a parent entered by two supervisors."""
        city, two = self.credentials("municipality"), self.credentials("municipality-2")
        self.gives("guardian", "look", "--as", city, "--reference", reference)
        text = self.gives(
            "guardian",
            "offer",
            "--card",
            card,
            "--for",
            "municipality",
            "--capacity",
            "parent",
            "--ward",
            ward,
        )
        shown = self.gives(
            "guardian", "register", "--as", two, "--reference", reference, "--offer", text.strip(),
            "--evidence", "family_register", "--document", self.document, "--reason", "birth",
        )  # fmt: skip
        assert "approved" in self.approved(shown)

    def as_guardian(self, ward: Path, command: str, card: Path, *more: str | Path) -> list[str | Path]:
        """Return a command that is given for a ward."""
        return ["as-guardian", "--ward", ward, command, "--card", card, *more]


@pytest.fixture
def hand(deployment: Scene, tmp_path: Path) -> Hand:
    return Hand(deployment, tmp_path)


def test_a_mother_permits_for_her_child_until_another_guardian_takes_over(hand: Hand) -> None:
    mother, aunt = hand.adult("mother"), hand.adult("aunt")
    hers, aunts = hand.folder / "child-of-mother.json", hand.folder / "child-of-aunt.json"
    child = hand.newborn(f"{YEAR - 3}-01-01")
    hand.enter(child, mother, hers)
    assert "recovery code" in hand.gives("guardian", "begin", "--card", mother, "--ward", hers)
    assert "recovery code" in hand.gives("guardian", "begin", "--card", mother, "--ward", hers)
    assert "clinic-b gains" in hand.gives(*hand.as_guardian(hers, "simulate", mother, *WISH))
    assert "permitted; 3 bodies" in hand.gives(*hand.as_guardian(hers, "grant", mother, *WISH))
    assert "1. in force" in hand.gives(*hand.as_guardian(hers, "permissions", mother))
    shown = hand.gives(*hand.as_guardian(hers, "history", mother))
    assert "directive_stored  done  a guardian (parent)  about clinic-b" in shown
    shown = hand.gives("as-guardian", "--ward", hers, "receipt", "directive", "--card", mother, "1")
    assert "decided by: holder of parental authority" in shown
    hand.enter(child, aunt, aunts)
    key = hand.gives("guardian", "key", "--card", aunt).strip()
    handed = hand.gives("guardian", "hand-over", "--card", mother, "--ward", hers, "--to", key).strip()
    hand.gives("guardian", "take-over", "--card", aunt, "--ward", aunts, "--wallet", handed)
    city = hand.credentials("municipality")
    own = hand.gives("guardian", "own", "--card", mother)
    ended = hand.gives(
        "guardian", "end", "--as", city, "--reference", child, "--evidence", "court_decision", "--document",
        hand.document, own.partition(":")[0],
    )  # fmt: skip
    assert "ended: guardian_changed" in ended
    assert "guardianship_ended" in hand.refused(*hand.as_guardian(hers, "permissions", mother))
    assert "guardianship_ended" in hand.refused(*hand.as_guardian(hers, "simulate", mother, *WISH))
    time.sleep(1)  # the same terms of one second are shown as one permission
    assert "permitted anew" in hand.gives(*hand.as_guardian(aunts, "confirm", aunt, "1"))
    shown = hand.gives(*hand.as_guardian(aunts, "permissions", aunt))
    assert [line.split(":")[0] for line in shown.splitlines()] == ["1. not in force", "2. in force"]


def test_a_youth_gets_an_own_card_and_decides_together_and_a_death_ends_it(hand: Hand) -> None:
    father, card = hand.adult("father"), hand.folder / "youth-card.json"
    ward, approval = hand.folder / "youth.json", hand.folder / "approval.json"
    youth = hand.newborn(f"{YEAR - 16}-01-01")
    hand.enter(youth, father, ward)
    hand.gives("guardian", "begin", "--card", father, "--ward", ward)
    assert "assent_required" in hand.refused(*hand.as_guardian(ward, "grant", father, *WISH))
    city = hand.credentials("municipality")
    hand.gives("guardian", "first-card", "--as", city, "--reference", youth, "--card", card)
    key = hand.gives("guardian", "key", "--card", card).strip()
    handed = hand.gives("guardian", "hand-over", "--card", father, "--ward", ward, "--to", key).strip()
    assert "new keys" in hand.gives("guardian", "receive-wallet", "--card", card, "--wallet", handed)
    assert "guardian_required" in hand.refused("grant", "--card", card, *WISH)
    hand.gives(*hand.as_guardian(ward, "approve", father, *WISH, "--out", approval))
    assert "permitted" in hand.gives("guardian", "lay-down", "--card", card, "--approved", approval)
    shown = hand.gives(
        "guardian", "death", "--as", hand.credentials("municipality-2"), "--reference", youth, "--document",
        hand.document, "--reason", "notification",
    )  # fmt: skip
    hand.approved(shown)
    assert hand.refused("permissions", "--card", card)
    assert "guardianship_ended" in hand.refused(*hand.as_guardian(ward, "permissions", father))
    shown = hand.gives(
        "guardian", "correct-death", "--as", hand.credentials("municipality-2"), "--reference", youth,
        "--document", hand.document, "--reason", "came to the counter",
    )  # fmt: skip
    assert "approved" in hand.approved(shown)
    anew = hand.folder / "youth-second-card.json"
    hand.gives("guardian", "first-card", "--as", city, "--reference", youth, "--card", anew)
    assert "death_corrected" in hand.gives("history", "--card", anew)
    assert "guardianship_ended" in hand.refused(*hand.as_guardian(ward, "permissions", father))
