"""Large documents by hand: a study sealed at the hospital, opened at the clinic that the person permitted."""

import re
from pathlib import Path

import pytest
from support.command_line import assert_one_line, lines_of, within

from consent.vocabulary import Body
from services.demo.scene import Scene
from services.kit.clock import system_clock

pytestmark = pytest.mark.processes

PINS = {"SEKISHO_PIN_AUTHENTICATION": "1357", "SEKISHO_PIN_SIGNATURE": "sakura8642"}
YEAR = str(system_clock().year)
STUDY = bytes(range(251)) * 12_000


def test_study_goes_from_hospital_to_clinic_and_no_further_than_permitted(
    deployment: Scene, tmp_path: Path
) -> None:
    """The study is in nobody's storage, and after the withdrawal it opens no more."""

    def gives(*words: str | Path) -> list[str]:
        return lines_of(within(*words, environment=PINS))

    def credentials(name: str) -> Path:
        return deployment.layout.credentials / name

    card, study = tmp_path / "card.json", tmp_path / "chest.dcm"
    study.write_bytes(STUDY)
    who: list[str | Path] = ["--name", "画像 一郎", "--address", "みなと市 2", "--sex", "male"]
    gives("enrol", "--as", credentials("municipality"), *who, "--birth-date", "1970-01-01", "--card", card)
    at_hospital, at_clinic = (
        gives("link", "--as", credentials(name), "--card", card)[0] for name in ("hospital-a", "clinic-b")
    )
    sealing: list[str | Path] = [
        "deposit-file",
        "--as",
        credentials("hospital-a"),
        "--reference",
        at_hospital,
    ]
    (said,) = gives(*sealing, "--file", study, "--year", YEAR)
    assert re.fullmatch(r"deposited in 3 segments, receipt checked: document [\w-]{22}", said)
    assert_one_line(within(*sealing, "--file", study, "--year", YEAR, environment=PINS), "document_version")

    out = tmp_path / "out"
    reading: list[str | Path] = ["open-file", "--as", credentials("clinic-b"), "--reference", at_clinic]
    reading += ["--years", YEAR, YEAR, "--out", out]
    assert_one_line(within(*reading, environment=PINS), "no_permission")
    permission: list[str | Path] = ["--category", "imaging", "--years", YEAR, YEAR, "--purpose", "TREAT"]
    gives("grant", "--card", card, "--to", "clinic-b", *permission)
    said = gives(*reading)[0]
    assert said.startswith(f"{out / 'chest.dcm'}: application/")
    assert (out / "chest.dcm").read_bytes() == STUDY
    lines = tmp_path / "lines.ndjson"
    words: list[str | Path] = ["open", "--as", credentials("clinic-b"), "--reference", at_clinic]
    opened = gives(*words, "--category", "imaging", "--years", YEAR, YEAR, "--out", lines)
    assert opened == [
        f"0 records written to {lines}",
        "1 large documents: fetch them with open-file",
    ]

    mine = tmp_path / "mine"
    assert gives("own-records", "--card", card, "--to", mine)[0].endswith(
        f"by hospital-a: {len(STUDY)} bytes, application/dicom"
    )
    assert (mine / "chest.dcm").read_bytes() == STUDY

    stored = [each.read_bytes() for each in deployment.layout.body(Body.MEDICAL).rglob("*") if each.is_file()]
    assert not any(STUDY[:64] in each for each in stored)
    history = "\n".join(gives("history", "--card", card))
    assert re.search(r"medical +large_document_sent  permitted  clinic-b", history)
    gives("withdraw", "--card", card, "1")
    assert_one_line(within(*reading, environment=PINS), "withdrawn")
    assert sorted(each.name for each in out.iterdir()) == ["chest.dcm"]
