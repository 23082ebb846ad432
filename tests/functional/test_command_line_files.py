"""What the commands say to unsuitable words, folders and files: one line, an exit status, nothing half done."""

import sqlite3
from contextlib import closing
from pathlib import Path
from shutil import copytree

import pytest
from support.command_line import assert_one_line, within
from support.desk import Desk
from support.fhir_folder import PATIENT, condition, patient, prescription, write_export, write_lines

from consent.vocabulary import Body
from services.kit.clock import system_clock

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]

YEAR = system_clock().year - 1
Words = list[str | Path]


def test_credential_folders_that_cannot_be_used_are_named(desk: Desk, tmp_path: Path) -> None:
    """Missing, empty, damaged, of an organisation that has no such key or no such role."""
    rest: Words = [
        "--reference",
        desk.reference,
        "--fhir",
        write_and_return(tmp_path / "fhir"),
        "--patient",
        PATIENT,
    ]
    assert_one_line(within("deposit", "--as", tmp_path / "none", *rest), "does not exist", status=2)
    assert_one_line(within("deposit", "--as", tmp_path, *rest), "organisation.json is missing")
    assert_one_line(within("deposit", "--as", desk.credentials("bank"), *rest), "bank has no author key")
    assert_one_line(within("audit", "--as", tmp_path), "organisation.json is missing")
    for name in (
        "organisation.json",
        "terminal.pem",
        "terminal-key.pem",
        "operator-card.pem",
        "author-key.pem",
    ):
        copy = tmp_path / name.partition(".")[0]
        copytree(desk.credentials("hospital-a"), copy)
        (copy / name).write_bytes(b"damaged")
        assert_one_line(within("deposit", "--as", copy, *rest), name)


def write_and_return(folder: Path) -> Path:
    write_export(folder, YEAR)
    return folder


PERIODIC = ["--reason", "periodic_check"]
UNSUITABLE: dict[str, tuple[list[str], Words, int, str]] = {
    "a reference that is none": (
        ["open", "hospital-a"],
        ["--reference", "short", "--category", "medication", "--years", "2024", "2025", "--out", "out"],
        1,
        "reference",
    ),
    "somebody else's reference": (
        ["open", "hospital-a"],
        ["--reference", "A" * 43, "--category", "medication", "--years", "2024", "2025", "--out", "out"],
        1,
        "not_found",
    ),
    "years the wrong way round": (
        ["open", "hospital-a"],
        ["--reference", "A" * 43, "--category", "medication", "--years", "2025", "2024", "--out", "out"],
        1,
        "first not after the last",
    ),
    "a category that is none": (
        ["open", "hospital-a"],
        ["--reference", "A" * 43, "--category", "secrets", "--years", "2024", "2025", "--out", "out"],
        2,
        "secrets",
    ),
    "a GTIN with a wrong check digit": (
        ["purchase", "retailer"],
        ["--reference", "A" * 43, "--gtin", "4006381333930", "--serial", "1"],
        1,
        "not_found",
    ),
    "a trade item with a wrong check digit": (
        ["trade-item", "maker"],
        ["--gtin", "4006381333930", "--name", "n"],
        1,
        "check digit",
    ),
    "a recall that nobody started": (["progress", "maker"], ["unknown"], 1, "not_found"),
    "nothing to confirm": (
        ["confirm", "bank"],
        ["--reference", "A" * 43, "--contract", "c", *PERIODIC],
        2,
        "--name",
    ),
}


@pytest.mark.parametrize("kind", UNSUITABLE)
def test_unsuitable_words_are_told(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Names that nobody has, numbers that cannot be, words that are missing."""
    monkeypatch.chdir(tmp_path)
    (command, organisation), rest, status, expected = UNSUITABLE[kind]
    done = within(command, "--as", desk.credentials(organisation), *rest)
    assert_one_line(done, expected, status=status)
    assert list(tmp_path.iterdir()) == []


def test_who_is_no_auditor_gets_no_report(desk: Desk) -> None:
    """Every body says so, and the exit status is 1."""
    done = within("audit", "--as", desk.credentials("bank"))
    assert done.returncode == 1
    assert done.stdout.count("could not be audited: Refused (forbidden)") == 6


def test_audit_is_signed_logged_and_verified_offline(desk: Desk, tmp_path: Path) -> None:
    """IT7: by hand, with the trust file alone; who edits the file is told where."""
    file, trust = tmp_path / "report.json", desk.scene.layout.folder / "trust.json"
    done = within("audit", "--as", desk.credentials("oversight-office"), "--save", file)
    assert "signed, and entry " in done.stdout, done.stderr
    shown = within("verify", file, "--trust", trust)
    assert (shown.returncode, shown.stdout.count(" findings")) == (0, 6)
    assert "of the oversight body's log" in shown.stdout
    listed = within("audit-reports", "--as", desk.credentials("oversight-office"))
    assert listed.stdout.endswith("1 reports\n")
    file.write_text(file.read_text().replace('"rows": ', '"rows": 1', 1))
    assert_one_line(within("verify", file, "--trust", trust), "not what was signed, at: bodies[0].rows")


def test_permissions_that_cannot_be_given_or_taken_back_are_told(desk: Desk) -> None:
    """An unknown recipient, terms that are half said, a number that is not in the list."""
    grant: Words = ["grant", "--card", desk.card]
    medication: Words = ["--category", "medication", "--years", "2024", "2025"]
    for words, expected, status in (
        (["--to", "nobody", *medication, "--purpose", "TREAT"], "not accredited", 1),
        (["--to", "bank", *medication, "--purpose", "TREAT"], "not accredited to read", 1),
        (["--to", "clinic-b", "--category", "medication", "--purpose", "TREAT"], "--years", 2),
        (["--to", "clinic-b", "--purpose", "TREAT"], "--category", 2),
        (["--to", "clinic-b", *medication, "--item", "name", "--purpose", "TREAT"], "either", 2),
        (["--to", "clinic-b", *medication, "--purpose", "FUN"], "FUN", 2),
    ):
        assert_one_line(within(*grant, *words), expected, status=status)
    assert_one_line(within("withdraw", "--card", desk.card, "7"), "there are 0 permissions", status=2)
    assert within("permissions", "--card", desk.card).stdout == ""


def test_nobody_is_enrolled_when_the_card_cannot_be_made(desk: Desk, tmp_path: Path) -> None:
    """A card file that is there already, a PIN too short, a folder that is none, a name that is empty."""
    person: Words = ["--name", "n", "--address", "a", "--sex", "other", "--birth-date", "1980-04-01"]
    command: Words = ["enrol", "--as", desk.credentials("municipality"), *person]
    before = desk.scene.layout.body(Body.IDENTITY)
    taken = tmp_path / "taken.json"
    taken.write_text("mine")
    count = people(before)
    assert_one_line(within(*command, "--card", taken), "exists already")
    short = {"SEKISHO_PIN_SIGNATURE": "123"}
    assert_one_line(within(*command, "--card", tmp_path / "new.json", environment=short), "6 to 16 letters")
    assert_one_line(within(*command, "--card", taken / "below" / "card.json"), "taken.json")
    nameless: Words = ["enrol", "--as", desk.credentials("municipality"), "--name", "", *person[2:]]
    assert_one_line(within(*nameless, "--card", tmp_path / "new.json"), "name")
    assert people(before) == count
    assert [file.name for file in tmp_path.iterdir()] == ["taken.json"]
    assert taken.read_text() == "mine"


def people(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "database.sqlite", timeout=30)) as connection:
        return int(connection.execute("SELECT count(*) FROM person").fetchone()[0])


FHIR: dict[str, tuple[str, list[object], str]] = {
    "not JSON": ("Condition.ndjson", [condition("c", f"{YEAR}-01-01"), "not json"], "Condition.ndjson:2"),
    "not an object": ("Condition.ndjson", ["[]"], "Condition.ndjson:1"),
    "a key twice": (
        "Condition.ndjson",
        ['{"resourceType": "Condition", "id": "a", "id": "b"}'],
        "Condition.ndjson:1",
    ),
    "no FHIR resource": ("Other.ndjson", [{"resourceType": "Recipe", "id": "r"}], "Other.ndjson:1"),
    "without an id": ("Condition.ndjson", [{"resourceType": "Condition"}], "Condition.ndjson:1"),
    "without a date": (
        "MedicationRequest.ndjson",
        [prescription("ok", f"{YEAR}-01-01"), prescription("rx", "")],
        "MedicationRequest.ndjson:2",
    ),
    "of nobody": (
        "MedicationRequest.ndjson",
        [prescription("rx", str(YEAR), of="x")],
        "MedicationRequest.ndjson:1",
    ),
    "in the wrong file": ("Condition.ndjson", [patient("p")], "Condition.ndjson:1"),
    "twice": ("Patient.2.ndjson", [patient(PATIENT)], "Patient.ndjson:1"),
}


@pytest.mark.parametrize("kind", FHIR)
def test_a_file_that_is_not_fhir_is_named_by_file_and_line(desk: Desk, tmp_path: Path, kind: str) -> None:
    """Nothing of the export is deposited, and no value is repeated."""
    name, resources, expected = FHIR[kind]
    write_lines(tmp_path / "Patient.ndjson", [patient(PATIENT)])
    write_lines(tmp_path / name, resources)
    words: Words = ["--reference", desk.reference, "--fhir", tmp_path, "--patient", PATIENT]
    said = assert_one_line(within("deposit", "--as", desk.credentials("hospital-a"), *words), f"{expected}: ")
    assert "錠剤" not in said


def test_an_export_without_the_patient_or_without_files_is_told(desk: Desk, tmp_path: Path) -> None:
    """Unknown patient, empty folder, no folder."""
    deposit: Words = ["deposit", "--as", desk.credentials("hospital-a"), "--reference", desk.reference]
    assert_one_line(within(*deposit, "--fhir", tmp_path, "--patient", PATIENT), "no *.ndjson file")
    write_export(tmp_path, YEAR)
    unknown = within(*deposit, "--fhir", tmp_path, "--patient", "nobody")
    assert_one_line(unknown, "no Patient with the id nobody", status=2)
    missing = within(*deposit, "--fhir", tmp_path / "none", "--patient", PATIENT)
    assert_one_line(missing, "does not exist", status=2)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"{}", b'{"RecallNumber": "1"}', b'[{"RecallNumber": 7}]']
)
def test_a_file_that_is_no_recall_is_told(desk: Desk, tmp_path: Path, content: bytes) -> None:
    """With what is missing in it."""
    file = tmp_path / "recall.json"
    file.write_bytes(content)
    words: Words = ["--gtin", "4006381333931", "--record", file]
    assert_one_line(within("recall", "--as", desk.credentials("maker"), *words), "recall.json")
