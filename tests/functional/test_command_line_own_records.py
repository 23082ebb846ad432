"""People fetch and open their own records by hand."""

from pathlib import Path

import pytest
from support.command_line import within
from support.desk import Desk

from consent.vocabulary import Category
from services.gateway.clinical import ClinicalRecord
from services.gateway.hospital import deposit

pytestmark = [pytest.mark.processes, pytest.mark.usefixtures("pins")]
OLD = ClinicalRecord("his", Category.LABORATORY, 2025, "l1", b'{"resourceType": "Observation"}')
NEW = ClinicalRecord("his", Category.MEDICATION, 2026, "m1", b'{"resourceType": "MedicationRequest"}')


def test_person_fetches_opens_and_saves_their_own_records(desk: Desk, tmp_path: Path) -> None:
    """UC2: nothing is permitted to anybody; what was fetched is in the person's history."""
    deposit(desk.scene.organisation("hospital-a"), desk.reference, [OLD, NEW])
    told = within("own-records", "--card", desk.card, "--to", tmp_path / "mine")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[:3] == [
        f"laboratory 2025 by hospital-a: {len(OLD.content)} bytes, application/fhir+json",
        f"medication 2026 by hospital-a: {len(NEW.content)} bytes, application/fhir+json",
        "2 documents, each verified and opened here",
    ]
    files = sorted((tmp_path / "mine").iterdir())
    assert [each.name for each in files] == ["1-laboratory-2025.json", "2-medication-2026.json"]
    assert [each.read_bytes() for each in files] == [OLD.content, NEW.content]
    assert all(each.stat().st_mode & 0o077 == 0 for each in files)
    some = within("own-records", "--card", desk.card, "--category", "medication", "--years", "2026", "2026")
    assert some.stdout.splitlines()[-1] == "1 documents, each verified and opened here"
    again = within("own-records", "--card", desk.card, "--to", tmp_path / "mine")
    assert again.returncode == 1
    assert "name an empty folder" in again.stderr
