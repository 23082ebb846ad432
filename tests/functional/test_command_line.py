"""The story by hand: every command as a user gives it, over the running bodies."""

import json
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.command_line import assert_one_line, lines_of, sekisho, within
from support.fhir_folder import PATIENT, write_export

from services.demo.scene import Scene
from services.deployment.bootstrap import OFFICIALS
from services.kit.clock import system_clock

pytestmark = pytest.mark.processes

PINS = {"SEKISHO_PIN_AUTHENTICATION": "1357", "SEKISHO_PIN_SIGNATURE": "sakura8642"}
REFERENCE = re.compile(r"[A-Za-z0-9_-]{43}")
YEAR = system_clock().year - 1
RECALL = Path(__file__).resolve().parents[2] / "services" / "demo" / "recall.json"


Words = list[str | Path]


@dataclass(frozen=True)
class Hand:
    """Somebody at a keyboard who gives commands one after another."""

    scene: Scene
    folder: Path

    @property
    def card(self) -> Path:
        """The card file."""
        return self.folder / "card.json"

    def credentials(self, organisation: str) -> Path:
        """An organisation's folder."""
        return self.scene.layout.credentials / organisation

    def gives(self, *arguments: str | Path) -> list[str]:
        """Give a command that succeeds; return the lines it prints."""
        done = sekisho(*arguments, environment=PINS)
        assert done.returncode == 0, f"{arguments[0]}: {done.stdout}{done.stderr}"
        assert done.stderr == ""
        return done.stdout.splitlines()

    def is_refused(self, *arguments: str | Path, says: Sequence[str]) -> None:
        """Give a command that ends with one line on stderr."""
        assert_one_line(sekisho(*arguments, environment=PINS), *says)


@pytest.fixture
def hand(deployment: Scene, tmp_path: Path) -> Hand:
    return Hand(deployment, tmp_path)


def test_the_whole_story_can_be_told_by_hand(hand: Hand) -> None:
    """From enrolment to the audit; nothing opens before it is permitted, nor after it is taken back."""
    enrol(hand)
    hospital, clinic = (
        hand.gives("link", "--as", hand.credentials(name), "--card", hand.card)[0]
        for name in ("hospital-a", "clinic-b")
    )
    assert REFERENCE.fullmatch(hospital)
    assert REFERENCE.fullmatch(clinic)
    assert hospital != clinic
    wanted = write_export(hand.folder / "fhir", YEAR)
    deposit: Words = ["deposit", "--as", hand.credentials("hospital-a"), "--reference", hospital]
    said = hand.gives(*deposit, "--fhir", hand.folder / "fhir", "--patient", PATIENT)
    assert said == ["5 records deposited, 1 receipts checked"]
    again = hand.gives(*deposit, "--fhir", hand.folder / "fhir", "--patient", PATIENT)
    assert again == ["5 records deposited, 0 receipts checked; what was stored before was not sent again"]

    years: Words = ["--years", str(YEAR), str(YEAR)]
    read: Words = [
        "open",
        "--as",
        hand.credentials("clinic-b"),
        "--reference",
        clinic,
        "--category",
        "medication",
    ]
    out = hand.folder / "opened.ndjson"
    hand.is_refused(*read, *years, "--out", out, says=["no_permission"])
    assert not out.exists()
    hand.gives(
        "grant", "--card", hand.card, "--to", "clinic-b", "--category", "medication", *years, "--purpose", "TREAT"
    )  # fmt: skip
    assert hand.gives(*read, *years, "--out", out) == [f"2 records written to {out}"]
    assert sorted(out.read_bytes().splitlines()) == sorted(wanted)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600

    check_history(hand)
    assert_in_force(hand, "in force")
    assert hand.gives("withdraw", "--card", hand.card, "1")[-1] == "withdrawn"
    assert_in_force(hand, "not in force")
    hand.is_refused(*read, *years, "--out", hand.folder / "again.ndjson", says=["withdrawn"])
    assert not (hand.folder / "again.ndjson").exists()
    audited = hand.gives("audit", "--as", hand.credentials(OFFICIALS))
    assert len(audited) == 6
    assert all(line.startswith("✓ ") for line in audited)


def enrol(hand: Hand) -> None:
    person = [
        "--name",
        "春野 花子",
        "--address",
        "みなと市 1-2-3",
        "--sex",
        "female",
        "--birth-date",
        "1980-04-01",
    ]
    said = hand.gives("enrol", "--as", hand.credentials("municipality"), *person, "--card", hand.card)
    assert said[0] == f"card file: {hand.card}"
    assert REFERENCE.search(said[1])
    assert re.search(r" \d{12}$", said[2])
    assert stat.S_IMODE(hand.card.stat().st_mode) == 0o600
    assert not any(pin in hand.card.read_text() for pin in PINS.values())


def check_history(hand: Hand) -> None:
    evidence = hand.folder / "evidence.json"
    shown = hand.gives("history", "--card", hand.card, "--save", evidence)
    assert shown[-1] == f"evidence saved: {evidence}"
    text = "\n".join(shown)
    for kind in (
        "person_enrolled",
        "records_deposited",
        "directive_stored",
        "records_read",
        "fragments_released",
    ):
        assert kind in text
    assert re.search(r"medical +records_read  refused  clinic-b \([^)]*\)  no_permission", text)
    assert re.search(r"medical +records_read  permitted  clinic-b", text)
    verified = hand.gives("verify", evidence, "--trust", hand.scene.layout.trust)
    same = [line for line in shown[:-1] if not line.endswith(("entries, each proved", "cannot be proved"))]
    assert [line for line in verified if "entries verified against" not in line] == same
    assert {line.split()[1] for line in same if "are all up to" in line} >= {"medical", "identity"}
    assert not [line for line in same if line.startswith("!")]
    assert_one_line(within("verify", evidence), "trust.json is missing", "--trust")
    told = json.loads(evidence.read_text())
    told["entries"][3]["opening"] = changed(told["entries"][3]["opening"])
    evidence.write_text(json.dumps(told))
    assert_one_line(within("verify", evidence, "--trust", hand.scene.layout.trust), "4")


def changed(opening: object) -> object:
    """Change one byte of an opening, wherever its first text is."""
    if isinstance(opening, str):
        return ("A" if opening[0] != "A" else "B") + opening[1:]
    assert isinstance(opening, dict)
    name = next(iter(opening))
    return opening | {name: changed(opening[name])}


def assert_in_force(hand: Hand, state: str) -> None:
    listed = hand.gives("permissions", "--card", hand.card)
    assert len(listed) == 1
    assert listed[0].startswith(f"1. {state}: clinic-b: medication {YEAR}, for treatment, until ")


def test_owners_and_banks_have_their_commands(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trade item, purchase, recall, progress, inbox; basic items confirmed with permission only."""
    for name, pin in PINS.items():
        monkeypatch.setenv(name, pin)

    def gives(*arguments: str | Path) -> list[str]:
        return lines_of(within(*arguments))

    enrol(hand)
    shop, maker, bank = (hand.credentials(name) for name in ("retailer", "maker", "bank"))
    at_shop, at_bank = (gives("link", "--as", folder, "--card", hand.card)[0] for folder in (shop, bank))
    item = ["--gtin", "4006381333931"]
    assert gives("trade-item", "--as", maker, *item, "--name", "Cooker") == ["registered"]
    gives("purchase", "--as", shop, "--reference", at_shop, *item, "--serial", "0007")
    started = gives("recall", "--as", maker, *item, "--record", RECALL, "--serials", "1", "9")
    identifier = started[0].removeprefix("recall ").partition(":")[0]
    wait_for_recall(maker, identifier)
    received = gives("inbox", "--card", hand.card)
    assert received[-1] == "1 notices"
    assert "Midori Works" in received[0]

    ask: Words = [
        "confirm",
        "--as",
        bank,
        "--reference",
        at_bank,
        "--name",
        "春野 花子",
        "--contract",
        "loan 1",
        "--reason",
        "periodic_check",
    ]
    assert_one_line(within(*ask), "no_permission")
    permit: Words = ["grant", "--card", hand.card, "--to", "bank", "--item", "name"]
    permit += ["--purpose", "IdentityVerification", "--reason", "periodic_check"]
    assert_one_line(within(*permit), "--contract", status=2)
    gives(*permit, "--contract", "loan 1")
    assert_one_line(within(*ask[:-1], "inheritance"), "reason_not_covered")
    assert_one_line(within(*ask, "--contract", "loan 2"), "other_contract")
    assert gives(*ask) == ['name: {"status":"unchanged"}']


def wait_for_recall(maker: Path, identifier: str) -> None:
    for _ in range(600):
        done = within("progress", "--as", maker, identifier)
        if json.loads(done.stdout)["status"] == "completed":
            assert json.loads(done.stdout)["notified"] == 1
            return
    raise AssertionError("the recall did not complete")
