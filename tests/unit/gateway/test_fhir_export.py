"""Reading FHIR bulk exports: what is taken, what is skipped, and how mistakes are named."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shared_data import SHARED, needs

from consent.vocabulary import Category
from services.gateway.clinical import KINDS, ClinicalError, year_of
from services.gateway.errors import FhirError
from services.gateway.fhir import read_export

EXPORT = SHARED / "data" / "fhir-synthea-10"
YEAR = 2026

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [{"value": "999-00-1234"}],
    "name": [{"use": "old", "family": "旧姓"}, {"use": "official", "family": "佐藤", "given": ["花子"]}],
    "gender": "female",
    "birthDate": "1980-02-29",
    "address": [{"line": ["1-2-3"], "city": "架空市", "state": "東京都", "postalCode": "100-0000"}],
}
CONDITION: dict[str, Any] = {
    "resourceType": "Condition",
    "id": "c1",
    "subject": {"reference": "Patient/p1"},
    "recordedDate": "2024-05-06T07:08:09+09:00",
}


def write(folder: Path, name: str, *lines: dict[str, Any] | str) -> None:
    texts = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    (folder / name).write_text("\n".join(texts) + "\n")


def without(resource: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name not in names}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "Patient.000.ndjson", PATIENT)
    return tmp_path


@needs(EXPORT)
def test_synthea_export_gives_every_person_and_record() -> None:
    found = read_export(EXPORT, this_year=YEAR)
    assert len(found.patients) == 13
    assert found.skipped == {"Location": 44, "Organization": 43, "Practitioner": 43, "PractitionerRole": 43}
    assert Counter(record.name.partition("/")[0] for record in found.records) == {
        "MedicationRequest": 1745,
        "Condition": 555,
        "Immunization": 161,
        "Device": 16,
        "Patient": 13,
        "AllergyIntolerance": 11,
    }
    lines = {line for file in EXPORT.glob("*.ndjson") for line in file.read_bytes().split(b"\n")}
    assert all(record.content in lines for record in found.records if not record.name.startswith("Patient/"))
    assert all(found.canaries[person.id] for person in found.patients)


def test_content_is_the_line_byte_for_byte(folder: Path) -> None:
    line = '{"resourceType":"Condition",  "id":"c1","subject":{"reference":"Patient/p1"},"recordedDate":"2024","x":1.0}'
    write(folder, "Condition.ndjson", line)
    record = next(each for each in read_export(folder, this_year=YEAR).records if each.name == "Condition/c1")
    assert (record.category, record.year, record.content) == (Category.SUMMARY, 2024, line.encode())


def test_patient_record_names_nobody(folder: Path) -> None:
    found = read_export(folder, this_year=YEAR)
    (record,) = found.records
    assert (record.category, record.year) == (Category.SUMMARY, YEAR)
    assert json.loads(record.content) == {
        "resourceType": "Patient",
        "gender": "female",
        "birthDate": "1980-02-29",
        "address": [{"state": "東京都"}],
    }
    items = found.patients[0].items
    assert (items.name, items.address) == ("佐藤 花子", "1-2-3 架空市 東京都 100-0000")


def test_things_that_are_nobodys_are_skipped_and_counted(folder: Path) -> None:
    write(folder, "Organization.ndjson", {"resourceType": "Organization", "id": "o1"})
    write(folder, "Device.ndjson", {"resourceType": "Device", "id": "d1"})
    write(
        folder, "Claim.ndjson", {"resourceType": "Claim", "id": "k1", "patient": {"reference": "Patient/p1"}}
    )
    assert read_export(folder, this_year=YEAR).skipped == {"Organization": 1, "Device": 1, "Claim": 1}


def test_device_in_use_without_a_date_is_of_this_year(folder: Path) -> None:
    device = {"resourceType": "Device", "id": "d1", "patient": {"reference": "Patient/p1"}}
    write(folder, "Device.ndjson", device)
    assert {record.year for record in read_export(folder, this_year=YEAR).records} == {YEAR}


@pytest.mark.parametrize(
    "reference", ["Patient/p1", "https://ehr.example/fhir/Patient/p1", "Patient/p1/_history/2"]
)
def test_reference_forms_that_name_a_patient(folder: Path, reference: str) -> None:
    write(folder, "Condition.ndjson", CONDITION | {"subject": {"reference": reference}})
    assert [each.patient for each in read_export(folder, this_year=YEAR).records] == ["p1", "p1"]


BAD_LINES: list[tuple[dict[str, Any] | str, str]] = [
    ("{", "not a JSON object"),
    ('{"resourceType":"Condition","resourceType":"Condition"}', "twice"),
    ("[1]", "one JSON object"),
    (without(CONDITION, "resourceType"), "resourceType"),
    (CONDITION | {"resourceType": "Diagnosis"}, "resourceType"),
    (CONDITION | {"resourceType": "Observation"}, "the file is for Condition"),
    (without(CONDITION, "id"), "id is missing"),
    (CONDITION | {"id": "with space"}, "no FHIR id"),
    (without(CONDITION, "subject"), "subject.reference is missing"),
    (CONDITION | {"subject": "Patient/p1"}, "subject.reference is missing"),
    (CONDITION | {"subject": {"reference": "Group/g1"}}, "does not name a Patient"),
    (CONDITION | {"subject": {"reference": "Patient/p2"}}, "not in this export"),
    (without(CONDITION, "recordedDate"), "needs a date"),
    (CONDITION | {"recordedDate": "06.05.2024"}, "not a FHIR date"),
    (CONDITION | {"recordedDate": "2024-02-30"}, "not a FHIR date"),
    (CONDITION | {"recordedDate": "0024-02-03"}, "not a FHIR date"),
    (CONDITION | {"recordedDate": 2024}, "not a FHIR date"),
]


@pytest.mark.parametrize(("bad", "problem"), BAD_LINES)
def test_bad_line_is_named_by_file_and_line(folder: Path, bad: dict[str, Any] | str, problem: str) -> None:
    write(folder, "Condition.000.ndjson", CONDITION | {"id": "good"}, "", bad)
    with pytest.raises(FhirError, match=problem) as caught:
        read_export(folder, this_year=YEAR)
    assert (caught.value.file, caught.value.line) == ("Condition.000.ndjson", 3)
    assert str(caught.value).startswith("Condition.000.ndjson:3: ")


@pytest.mark.parametrize("missing", ["name", "gender", "birthDate", "address"])
def test_patient_without_a_basic_item_is_named(folder: Path, missing: str) -> None:
    write(folder, "Patient.001.ndjson", without(PATIENT, missing) | {"id": "p2"})
    with pytest.raises(FhirError, match=missing) as caught:
        read_export(folder, this_year=YEAR)
    assert (caught.value.file, caught.value.line) == ("Patient.001.ndjson", 1)


def test_the_same_resource_twice_is_named(folder: Path) -> None:
    write(folder, "Condition.000.ndjson", CONDITION)
    write(folder, "Condition.001.ndjson", CONDITION)
    with pytest.raises(FhirError, match=r"already at Condition\.000\.ndjson:1") as caught:
        read_export(folder, this_year=YEAR)
    assert (caught.value.file, caught.value.line) == ("Condition.001.ndjson", 1)


def test_no_message_repeats_what_a_record_says(folder: Path) -> None:
    write(folder, "Condition.ndjson", CONDITION | {"recordedDate": "秘密"})
    with pytest.raises(FhirError) as caught:
        read_export(folder, this_year=YEAR)
    assert "秘密" not in str(caught.value)


@pytest.mark.parametrize("reference", ["Patient/p1", "urn:uuid:p1"])
def test_bundle_in_a_file_is_an_export_too(tmp_path: Path, reference: str) -> None:
    told = [PATIENT, CONDITION | {"subject": {"reference": reference}}]
    file = tmp_path / "bundle.json"
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in told]
    file.write_text(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}))
    found = read_export(file, this_year=YEAR)
    assert [each.patient for each in found.records] == ["p1", "p1"]
    assert json.loads(found.records[1].content) == told[1]


def test_folders_without_an_export_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FhirError, match="no such folder"):
        read_export(tmp_path / "nowhere", this_year=YEAR)
    with pytest.raises(FhirError, match=r"no \*\.ndjson"):
        read_export(tmp_path, this_year=YEAR)
    write(tmp_path, "Organization.ndjson", {"resourceType": "Organization", "id": "o1"})
    with pytest.raises(FhirError, match="no Patient"):
        read_export(tmp_path, this_year=YEAR)


@given(st.text(max_size=25))
def test_a_date_gives_its_own_first_four_digits_or_an_error(text: str) -> None:
    resource = {"resourceType": "MedicationRequest", "authoredOn": text}
    try:
        year = year_of(resource, this_year=YEAR)
    except ClinicalError:
        return
    assert text.startswith(str(year))


def test_every_kind_has_a_year_for_each_of_its_dates() -> None:
    for name, kind in KINDS.items():
        for path in kind.dates:
            value: Any = "2021-03-04"
            for part in reversed(path.split(".")):
                value = {part: value}
            assert year_of({"resourceType": name, **value}, this_year=YEAR) == 2021
