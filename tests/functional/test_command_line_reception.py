"""A reception by command line over the running bodies: both answers, the wrong person, no trace on the disk."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from support.command_line import assert_one_line, sekisho, within
from support.desk import PINS

from consent.compartments import YearSpan
from consent.vocabulary import Category, Purpose
from services.demo.scene import Scene
from services.gateway.cards import save_card
from services.gateway.clinic import open_records
from services.gateway.clinical import BasicItems, ClinicalRecord
from services.gateway.errors import RefusedError
from services.gateway.hospital import deposit, link
from services.gateway.people import enrol
from services.kit.clock import system_clock

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]

YEAR = system_clock().year - 1
NAME, BIRTH_DATE = "浜辺 小春", "1991-07-07"
SYMBOL = "みなと国保"
CONTENT = {
    category: f'{{"note":"only of {category.value}"}}'.encode()
    for category in (Category.MEDICATION, Category.CHECKUP)
}
REFERENCE = re.compile(r": ([A-Za-z0-9_-]{43})$")


@dataclass(frozen=True)
class Reception:
    """Clinic B, and somebody with a card, insured, with records at hospital A."""

    scene: Scene
    card: Path

    @property
    def folder(self) -> Path:
        """The clinic's credentials."""
        return self.scene.layout.credentials / "clinic-b"

    def command(self, number: str, *more: str | Path, name: str = NAME) -> list[str | Path]:
        """Return the command, with the patient as the clinic's file has them."""
        patient = ["--patient-number", number, "--name", name, "--birth-date", BIRTH_DATE]
        return ["reception", "--as", self.folder, *patient, *more]

    def read(self, reference: str, category: Category) -> list[bytes]:
        """Read as the clinic."""
        found = open_records(
            self.scene.organisation("clinic-b"),
            reference,
            categories=frozenset({category}),
            years=YearSpan(YEAR, YEAR),
            purpose=Purpose.TREAT,
        )
        return [each.content for each in found]

    def refused(self, reference: str, category: Category) -> str:
        """Read as the clinic; return why it is refused."""
        with pytest.raises(RefusedError) as refusal:
            self.read(reference, category)
        return refusal.value.code


@pytest.fixture(scope="module")
def desk(deployment: Scene, tmp_path_factory: pytest.TempPathFactory) -> Reception:
    items = BasicItems(NAME, "みなと市 7-7", "female", BIRTH_DATE)
    enrolled = enrol(deployment.organisation("municipality"), items, pins=PINS)
    card = tmp_path_factory.mktemp("reception") / "card.json"
    save_card(enrolled.card, card)
    insured = within(
        *("insure", "--as", deployment.layout.credentials / "municipality"),
        *("--reference", enrolled.reference, "--insurer", "13800001", "--symbol", SYMBOL, "--number", "77"),
        *("--from", "2020-04-01", "--until", "2099-03-31"),
    )
    assert insured.stdout == "registered\n", insured.stderr
    hospital = deployment.organisation("hospital-a")
    records = [ClinicalRecord("p", each, YEAR, f"R/{each.value}", told) for each, told in CONTENT.items()]
    deposit(hospital, link(hospital, enrolled.person), records)
    return Reception(deployment, card)


def digests(*folders: Path) -> Mapping[Path, str]:
    files = [each for folder in folders for each in sorted(folder.rglob("*")) if each.is_file()]
    return {each: sha256(each.read_bytes()).hexdigest() for each in files}


def reference_in(said: str) -> str:
    found = REFERENCE.search(said.splitlines()[0])
    assert found is not None, said
    return found.group(1)


def test_yes_opens_that_and_no_opens_nothing_and_enter_alone_is_no_answer(
    desk: Reception, tmp_path: Path
) -> None:
    """UC10, K7: two questions, each until a word is typed; nothing is written on the terminal."""
    before = digests(desk.folder, desk.card.parent)
    environment = {
        "SEKISHO_PIN_AUTHENTICATION": PINS[next(iter(PINS))],
        "HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),
    }
    done = sekisho(
        *desk.command("B-1", "--card", desk.card), environment=environment, typed="\nok\nはい\n\nいいえ\n"
    )
    assert done.returncode == 0, done.stderr
    reference = reference_in(done.stdout)
    assert f"保険資格: 有効 (13800001 {SYMBOL} 77, - 2099-03-31)" in done.stdout
    assert done.stdout.count("「はい」か「いいえ」を入力してください") == 5
    assert "medication: 提供する" in done.stdout
    assert "checkup: 提供しない" in done.stdout
    assert desk.read(reference, Category.MEDICATION) == [CONTENT[Category.MEDICATION]]
    assert desk.refused(reference, Category.CHECKUP) == "denied_by_person"
    assert digests(desk.folder, desk.card.parent) == before
    assert list(tmp_path.rglob("*")) == []


def test_no_to_both_gives_eligibility_and_nothing_else(desk: Reception) -> None:
    """UC10: also where something was permitted before; a later yes takes the no back."""
    both = ["--language", "en", "--medication", "yes", "--checkup", "yes"]
    said = within(*desk.command("B-2", "--card", desk.card, *both))
    reference = reference_in(said.stdout)
    assert desk.read(reference, Category.CHECKUP) == [CONTENT[Category.CHECKUP]]
    said = within(
        *desk.command("B-2", "--card", desk.card, "--language", "en", "--medication", "no", "--checkup", "no")
    )
    assert reference_in(said.stdout) == reference
    assert "insurance: valid" in said.stdout
    for category in CONTENT:
        assert desk.refused(reference, category) == "denied_by_person"
    assert within(*desk.command("B-2", "--card", desk.card, *both)).returncode == 0
    assert desk.read(reference, Category.MEDICATION) == [CONTENT[Category.MEDICATION]]


def test_card_at_another_patients_number_is_refused(desk: Reception) -> None:
    """UC10: wrong-person linking is caught by name and birth date; the number of somebody is not given away."""
    answers = ["--medication", "yes", "--checkup", "yes"]
    wrong = desk.command("B-3", "--card", desk.card, *answers, name="浜辺 小夏")
    assert_one_line(within(*wrong), "identity_mismatch")
    right = desk.command("B-3", "--card", desk.card, *answers)
    assert within(*right).returncode == 0


def test_photo_and_document_give_eligibility_and_ask_nothing(desk: Reception) -> None:
    """UC10: without the PIN the card signs nothing, so nothing can be permitted."""
    photo: list[str | Path] = ["--card", desk.card, "--check", "photo", "--language", "en"]
    assert_one_line(within(*desk.command("B-4", *photo, "--photo-compared", "no")), "compare")
    said = within(*desk.command("B-4", *photo), typed="\nyes\n").stdout
    assert "insurance: valid" in said
    assert said.splitlines()[-1].startswith("without the card's PIN nothing was asked")
    document = ["--check", "document", "--document", "passport", "--photo-compared", "yes"]
    assert reference_in(within(*desk.command("B-4", *document)).stdout)
    history = within("history", "--card", desk.card).stdout
    assert "patient_linked" in history
    assert "eligibility_told" in history


def test_what_is_missing_is_said(desk: Reception) -> None:
    assert_one_line(within(*desk.command("B-5", "--check", "photo")), "--card", status=2)
    assert_one_line(within(*desk.command("B-5", "--check", "document")), "--document", status=2)
    assert_one_line(
        within(*desk.command("B-5", "--check", "pin", "--document", "passport", "--card", desk.card)),
        "no --document",
        status=2,
    )
