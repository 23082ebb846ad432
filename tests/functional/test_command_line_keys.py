"""A hospital gets another signing key by command: what it wrote before stays genuine, or not, as was said."""

import time
from pathlib import Path

import pytest
from support.command_line import assert_one_line, lines_of, within
from support.fhir_folder import patient, prescription, write_lines

from services.contracts.oversight.register import Kind, Role
from services.demo.scene import Scene
from services.deployment.bootstrap import OFFICIALS, SECOND_OFFICIAL
from services.deployment.organisations import KNOWN_EVERYWHERE_SECONDS
from services.gateway.accreditor import Applicant, accredit
from services.gateway.credentials import NEXT_AUTHOR_KEY, next_author_key
from services.kit.clock import system_clock

pytestmark = pytest.mark.processes
PINS = {"SEKISHO_PIN_AUTHENTICATION": "1357", "SEKISHO_PIN_SIGNATURE": "sakura8642"}
YEAR = system_clock().year - 1


def gives(*words: str | Path) -> list[str]:
    """Give a command that succeeds; return the lines it prints."""
    return lines_of(within(*words, environment=PINS))


def test_hospital_gets_another_signing_key(deployment: Scene, tmp_path: Path) -> None:
    credentials = deployment.layout.credentials
    hospital, clinic, card = tmp_path / "hospital", credentials / "clinic-b", tmp_path / "card.json"
    accredit(deployment.both_officials, Applicant("hospital-k", "K", Kind.HOSPITAL, [Role.WRITER]), hospital)
    person = [
        "--name",
        "夏野 太郎",
        "--address",
        "みなと市 4-5-6",
        "--sex",
        "male",
        "--birth-date",
        "1970-01-02",
    ]
    gives("enrol", "--as", credentials / "municipality", *person, "--card", card)
    time.sleep(KNOWN_EVERYWHERE_SECONDS)
    references = [gives("link", "--as", folder, "--card", card)[0] for folder in (hospital, clinic)]
    years = ["--years", str(YEAR), str(YEAR)]

    def deposit(name: str) -> None:
        folder = tmp_path / name
        write_lines(folder / "Patient.ndjson", [patient(f"in-{name}")])
        one = prescription(name, f"{YEAR}-03-04", of=f"in-{name}")
        write_lines(folder / "MedicationRequest.ndjson", [one])
        export: list[str | Path] = ["--fhir", folder, "--patient", f"in-{name}"]
        gives("deposit", "--as", hospital, "--reference", references[0], *export)

    def read(out: str) -> list[str | Path]:
        wanted: list[str | Path] = ["--category", "medication", *years, "--out", tmp_path / out]
        return ["open", "--as", clinic, "--reference", references[1], *wanted]

    renew: list[str | Path] = ["renew-key", "--as", credentials / OFFICIALS, "--of"]
    deposit("first")
    permission = ["--to", "clinic-b", "--category", "medication", *years, "--purpose", "TREAT"]
    gives("grant", "--card", card, *permission)
    before = (hospital / "author-key.pem").read_bytes()

    next_author_key(hospital)  # the command was given before, and interrupted
    begun = (hospital / NEXT_AUTHOR_KEY).read_bytes()

    def renewed(*options: str) -> None:
        name = gives(*renew, hospital, *options)[0].split()[0]
        assert gives(*renew, hospital, *options)[0].split()[0] == name, "it is proposed once"
        gives("approve", "--as", credentials / SECOND_OFFICIAL, "--at", "oversight", "--yes", name)
        time.sleep(KNOWN_EVERYWHERE_SECONDS)
        assert "in place" in gives(*renew, hospital, *options)[0]

    renewed()
    assert (hospital / "author-key.pem").read_bytes() == begun != before
    deposit("second")
    assert gives(*read("both.ndjson")) == [f"2 records written to {tmp_path / 'both.ndjson'}"]

    renewed("--former", "distrusted")
    told = assert_one_line(within(*read("none.ndjson"), environment=PINS), "does not verify")
    assert not (tmp_path / "none.ndjson").exists()
    assert "PRIVATE" not in told

    told = assert_one_line(within(*renew, credentials / "bank"), "accredited to write")
    assert not (credentials / "bank" / NEXT_AUTHOR_KEY).exists()
    told = assert_one_line(within("renew-key", "--as", clinic, "--of", hospital), "role")
