"""A lifelong record by hand: measured, brought along, taken home as one Bundle."""

import json
import re
from pathlib import Path

import pytest
from support.command_line import assert_one_line, lines_of, within
from support.fhir_folder import PATIENT, condition, patient, prescription, write_lines

from services.demo.scene import Scene
from services.kit.clock import system_clock

pytestmark = pytest.mark.processes

PINS = {"SEKISHO_PIN_AUTHENTICATION": "1357", "SEKISHO_PIN_SIGNATURE": "sakura8642"}
YEAR = system_clock().year
Words = list[str | Path]


def test_person_measures_brings_records_along_and_takes_everything_home(
    deployment: Scene, tmp_path: Path
) -> None:
    def gives(*words: str | Path) -> list[str]:
        return lines_of(within(*words, environment=PINS))

    kinds = gives("record-kinds")
    assert (kinds[0].split()[0], kinds[-1].split()[0]) == ("maternal_handbook", "death_certificate")
    card = tmp_path / "card.json"
    who: Words = [
        "--name",
        "記録 太郎",
        "--address",
        "みなと市 3",
        "--sex",
        "male",
        "--birth-date",
        "1970-01-01",
    ]
    gives("enrol", "--as", deployment.layout.credentials / "municipality", *who, "--card", card)
    weighed = gives("add-measurement", "--card", card, "--of", "body_weight", "--value", "61.5")
    assert weighed == ["体重 / body weight: 61.5 kg, deposited, receipt checked"]
    wrong: Words = ["add-measurement", "--card", card, "--of", "body_weight", "--value", "heavy"]
    assert_one_line(within(*wrong, environment=PINS), "not a number", "kg")

    mine = tmp_path / "mine.ndjson"
    write_lines(
        mine, [patient(PATIENT), prescription("rx-1", f"{YEAR}-01-15"), condition("c-1", f"{YEAR}-02-03")]
    )
    bringing: Words = ["deposit-own", "--card", card, "--fhir", mine]
    assert gives(*bringing) == ["2 records deposited, 1 receipts checked"]
    write_lines(mine, [condition("c-2", f"{YEAR}-02-03"), "{"])
    assert_one_line(within(*bringing, environment=PINS), "mine.ndjson:2")

    home = tmp_path / "home"
    assert gives("own-bundle", "--card", card, "--to", home) == [
        f"{home / 'records.json'}: 3 records, each verified and opened here"
    ]
    told = json.loads((home / "records.json").read_text())
    kinds = sorted({each["resource"]["resourceType"] for each in told["entry"]})
    assert kinds == ["Condition", "MedicationRequest", "Observation", "Provenance"]
    erasing: Words = ["erase-records", "--card", card, "--category", "summary"]
    assert gives(*erasing)[-1] == "1 documents would be erased; give --yes to erase them for good"
    receipt = tmp_path / "receipt.jws"
    assert gives(*erasing, "--yes", "--receipt", receipt)[-1] == (
        "1 documents erased, 1 keys destroyed, receipt checked"
    )
    assert receipt.read_text().count(".") == 2
    assert gives("own-bundle", "--card", card, "--to", tmp_path / "again")[-1].startswith(
        f"{tmp_path / 'again' / 'records.json'}: 2 records"
    )
    history = "\n".join(gives("history", "--card", card))
    assert re.search(r"medical +records_deposited  done", history)
    assert re.search(r"medical +own_records_fetched  done", history)
    assert re.search(r"medical +records_erased  done", history)
