"""The whole story over real processes, from the command line as a newcomer would give it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import within
from support.shared_data import SHARED, needs

EXPORT = SHARED / "data" / "fhir-synthea-10"
CHECKS = 12

pytestmark = pytest.mark.processes


def _demo(*options: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "services.cli", "demo", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_every_check_of_the_story_holds_for_few_people(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = _demo("--people", "13", "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    findings = json.loads(report.read_text())
    assert [each["id"] for each in findings] == list(range(1, CHECKS + 1))
    assert all(each["ok"] and each["seen"] and each["title"] for each in findings)


@pytest.mark.long
@needs(EXPORT)
def test_every_check_of_the_story_holds_for_a_fhir_export(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = _demo("--fhir", str(EXPORT), "--json", str(report))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "13 people" in json.loads(report.read_text())[2]["seen"]


def test_demo_of_a_folder_that_is_no_export_says_so(tmp_path: Path) -> None:
    (tmp_path / "Patient.000.ndjson").write_text('{"resourceType": "Patient", "id": "p1"}\nnot json\n')
    done = within("demo", "--fhir", tmp_path)
    assert done.returncode == 1
    assert "Patient.000.ndjson:" in done.stderr
    assert "Traceback" not in done.stderr


def test_demo_does_not_write_into_a_folder_that_is_not_empty(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = within("demo", "--people", "13", "--keep", tmp_path)
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["mine.txt"]
