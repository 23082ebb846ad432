"""The FHIR face over honest bodies in memory: what it takes, shows, and refuses."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from support.fhir_client import LETTER, document, of_person, prescription
from support.fhir_town import PLANTED, SECRET, URL, Town, create, refusal
from support.gateway_world import YEAR, Watch

from consent.compartments import YearSpan
from consent.vocabulary import Category, Purpose
from services.gateway.clinic import open_records
from services.gateway.clinical import ClinicalRecord
from services.gateway.errors import CredentialFolderError
from services.gateway.fhir_face.answering import MOST_BYTES
from services.gateway.fhir_face.app import HOLD_SECONDS
from services.gateway.fhir_face.asking import asked_documents
from services.gateway.fhir_face.documents import REFERENCES, ShownDocument, resource_id
from services.gateway.fhir_face.errors import FHIR_JSON
from services.gateway.fhir_face.held import Held
from services.gateway.fhir_face.serving import secret_in
from services.gateway.hospital import deposit


def test_document_goes_through_sealed_and_arrives_as_it_was(town: Town) -> None:
    made = create(town.face(town.hospital), document(town.at_hospital, year=YEAR))
    assert made.status_code == 201
    assert made.headers["location"] == f"{URL}/DocumentReference/{made.json()['id']}"
    clinic = town.face(town.clinic)
    found = clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()
    (entry,) = found["entry"]
    shown = entry["resource"]
    assert (found["total"], shown["type"]["text"], shown["description"]) == (
        1,
        "Discharge summary",
        "A letter",
    )
    assert shown["subject"]["identifier"] == {"system": REFERENCES, "value": town.at_clinic}
    assert shown["custodian"]["identifier"]["value"] == "hospital-a"
    (content,) = shown["content"]
    assert content["attachment"] == {
        "contentType": "text/plain",
        "language": "ja",
        "size": len(LETTER),
        "url": f"Binary/{shown['id']}",
    }
    raw = clinic.get(f"/{content['attachment']['url']}", headers={"Accept": "text/plain"})
    assert (raw.content, raw.headers["content-type"].partition(";")[0]) == (LETTER, "text/plain")
    assert (raw.headers["cache-control"], raw.headers["x-content-type-options"]) == ("no-store", "nosniff")
    wrapped = clinic.get(f"/{content['attachment']['url']}").json()
    assert base64.b64decode(wrapped["data"]) == LETTER
    assert clinic.get(f"/DocumentReference/{shown['id']}").json() == shown


def test_one_organisations_name_of_the_person_is_not_in_what_another_one_opens(town: Town) -> None:
    """LN1: a reference that a sender puts into several elements would join its files with another's."""
    resource = document(town.at_hospital, year=YEAR, masterIdentifier={"value": PLANTED}, id=PLANTED)
    assert create(town.face(town.hospital), resource).status_code == 201
    shown = town.face(town.clinic).get("/DocumentReference", params=of_person(town.at_clinic)).text
    (opened,) = open_records(
        town.clinic,
        town.at_clinic,
        categories=frozenset({Category.MEDICATION}),
        years=YearSpan(YEAR, YEAR),
        purpose=Purpose.TREAT,
    )
    for told in (shown, opened.content.decode()):
        assert "A letter" in told
        assert town.at_hospital not in told
        assert PLANTED not in told


def test_single_resource_is_shown_as_a_document_around_it(town: Town) -> None:
    content = b'{"resourceType":"MedicationRequest","id":"1"}'
    deposit(
        town.hospital,
        town.at_hospital,
        [ClinicalRecord("p", Category.MEDICATION, YEAR - 1, "MedicationRequest/1", content)],
    )
    clinic = town.face(town.clinic)
    (entry,) = clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()["entry"]
    shown = entry["resource"]
    assert shown["description"] == "MedicationRequest"
    assert shown["context"] == {"period": {"start": str(YEAR - 1)}}
    assert shown["category"][0]["coding"][0]["code"] == "medication"
    wrapped = clinic.get(f"/Binary/{shown['id']}").json()
    assert (wrapped["contentType"], base64.b64decode(wrapped["data"])) == (FHIR_JSON, content)


def test_single_resource_is_created_and_found_by_its_own_type(town: Town) -> None:
    hospital, clinic = town.face(town.hospital), town.face(town.clinic)
    sent = prescription(town.at_hospital, day=f"{YEAR}-03-04", id=PLANTED)
    made = hospital.post("/MedicationRequest", json=sent)
    assert made.status_code == 201
    assert made.headers["location"] == f"{URL}/MedicationRequest/{made.json()['id']}"
    assert create(hospital, document(town.at_hospital, year=YEAR)).status_code == 201
    (entry,) = clinic.get("/MedicationRequest", params=of_person(town.at_clinic)).json()["entry"]
    shown = entry["resource"]
    assert shown["subject"]["identifier"]["value"] == town.at_clinic
    assert {name: shown[name] for name in sent if name not in ("id", "subject")} == {
        name: sent[name] for name in sent if name not in ("id", "subject")
    }
    assert PLANTED not in json.dumps(shown)
    assert clinic.get(f"/MedicationRequest/{shown['id']}").json() == shown
    assert refusal(clinic.get(f"/Observation/{shown['id']}"), 404) == "not_found"
    assert clinic.get("/MedicationStatement", params=of_person(town.at_clinic)).json()["total"] == 0
    assert clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()["total"] == 2
    events = clinic.get("/AuditEvent", params=of_person(town.at_clinic)).json()["entry"]
    assert events[0]["resource"]["entity"][1]["what"] == {"reference": f"MedicationRequest/{shown['id']}"}


def test_document_that_no_face_made_is_shown_and_does_no_harm(town: Town) -> None:
    """Another writer's DocumentReference with a header in its media type, and one that is none."""
    bad = document(town.at_hospital, year=YEAR)
    bad["content"] = [{"attachment": {"contentType": "a/b\r\nx: y", "data": "AAAA"}}]
    contents = [json.dumps(bad).encode(), b'{"resourceType":"DocumentReference"}', b"[]", b"\xff"]
    records = [
        ClinicalRecord("p", Category.MEDICATION, YEAR, f"DocumentReference/{number}", content)
        for number, content in enumerate(contents)
    ]
    deposit(town.hospital, town.at_hospital, records)
    clinic = town.face(town.clinic)
    found = clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()
    assert found["total"] == len(contents)
    for entry in found["entry"]:
        told = clinic.get(f"/Binary/{entry['resource']['id']}", headers={"Accept": "text/plain"})
        assert told.headers["content-type"] == FHIR_JSON
        assert "x" not in told.headers


@pytest.mark.parametrize(
    "replaced",
    [
        {"resourceType": "Observation"},
        {"subject": {"reference": "Patient/1"}},
        {"authoredOn": None},
        {"authoredOn": "gestern"},
        {"note": [{"text": "{reference}"}]},
    ],
)
def test_unsuitable_single_resource_is_refused(quiet: Town, replaced: dict[str, Any]) -> None:
    reference = quiet.at_hospital
    sent = json.dumps(prescription(reference, **({"day": f"{YEAR}-03-04"} | replaced))).replace(
        "{reference}", reference
    )
    headers = {"Content-Type": FHIR_JSON}
    answer = quiet.face(quiet.hospital).post("/MedicationRequest", content=sent, headers=headers)
    assert refusal(answer, 422) == "unsuitable_resource"
    assert reference not in answer.text


def test_search_without_category_reads_what_is_permitted_and_consent_says_what_that_is(town: Town) -> None:
    hospital, clinic = town.face(town.hospital), town.face(town.clinic)
    other = [{"coding": [{"system": "urn:sekisho:category", "code": "laboratory"}]}]
    assert create(hospital, document(town.at_hospital, year=YEAR)).status_code == 201
    assert create(hospital, document(town.at_hospital, year=YEAR, category=other)).status_code == 201
    assert clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()["total"] == 1
    named = of_person(town.at_clinic) | {"category": "medication,laboratory"}
    assert refusal(clinic.get("/DocumentReference", params=named), 403) == "other_category"
    (entry,) = clinic.get("/Consent", params=of_person(town.at_clinic)).json()["entry"]
    (provision,) = entry["resource"]["provision"]["provision"]
    assert [each["coding"][0]["code"] for each in provision["code"]] == ["medication"]
    assert provision["actor"][0]["reference"]["identifier"]["value"] == "clinic-b"
    assert entry["resource"]["patient"]["identifier"]["value"] == town.at_clinic


def test_same_identifier_is_one_document_and_none_is_a_new_one(town: Town) -> None:
    hospital = town.face(town.hospital)
    named = document(town.at_hospital, year=YEAR, identifier=[{"system": "urn:x", "value": "7"}])
    assert create(hospital, named).status_code == 201
    assert refusal(create(hospital, named), 409) == "document_version"
    unnamed = document(town.at_hospital, year=YEAR)
    ids = {create(hospital, unnamed).json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_everything_done_about_a_person_is_noted_also_what_was_refused(town: Town) -> None:
    hospital, clinic = town.face(town.hospital), town.face(town.clinic)
    made = create(hospital, document(town.at_hospital, year=YEAR)).json()["id"]
    person = of_person(town.at_clinic)
    clinic.get("/DocumentReference", params=person)
    clinic.get(f"/Binary/{made}")
    town.world.watch.tick(60)
    start = f"ge{town.world.watch.now:%Y-%m-%dT%H:%M:%SZ}"
    refusal(clinic.get("/DocumentReference", params=person | {"category": "imaging"}), 403)
    clinic.get("/Consent", params=person)
    told = [each["resource"] for each in clinic.get("/AuditEvent", params=person).json()["entry"]]
    assert [(each["subtype"][0]["code"], each["outcome"], each.get("outcomeDesc")) for each in told] == [
        ("search-type", "0", None),
        ("read", "0", None),
        ("search-type", "8", "urn:sekisho:code|other_category"),
        ("search-type", "0", None),
    ]
    assert told[0]["entity"][1]["what"] == {"reference": f"DocumentReference/{made}"}
    assert told[1]["entity"][1]["what"] == {"reference": f"Binary/{made}"}
    assert told[0]["agent"][0]["who"]["identifier"]["value"] == town.clinic.credentials.operator
    later = clinic.get("/AuditEvent", params=person | {"date": start}).json()
    assert later["total"] == 2
    of_hospital = hospital.get("/AuditEvent", params=of_person(town.at_hospital)).json()
    assert [each["resource"]["action"] for each in of_hospital["entry"]] == ["C"]
    assert clinic.get("/AuditEvent", params=of_person("A" * 43)).json()["total"] == 0
    assert LETTER.decode() not in town.book(town.clinic).read_text()


def test_nothing_is_shown_when_it_cannot_be_noted(town: Town) -> None:
    create(town.face(town.hospital), document(town.at_hospital, year=YEAR))
    clinic, book = town.face(town.clinic), town.book(town.clinic)
    book.unlink()
    book.mkdir()
    assert refusal(clinic.get("/DocumentReference", params=of_person(town.at_clinic)), 500) == "audit_file"
    book.rmdir()
    book.write_text("{}}")
    assert refusal(clinic.get("/AuditEvent", params=of_person(town.at_clinic)), 500) == "audit_file"


def shown(reference: str, content: bytes, name: str = "d") -> ShownDocument:
    return ShownDocument(name, reference, {"resourceType": "DocumentReference"}, "text/plain", content)


def test_id_that_documents_of_two_people_have_brings_neither_to_the_others_chart() -> None:
    """T2-2: an author chooses a document's id, and a Binary does not say whose it is."""
    watch = Watch()
    held = Held(clock=watch, seconds=10, most_bytes=100)
    held.hold(shown("one", b"hers"))
    watch.tick(5)
    held.hold(shown("other", b"his"))
    held.hold(shown("other", b"his", "e"))
    assert held.find("d") is None
    assert held.find("e") == shown("other", b"his", "e")
    watch.tick(5)
    assert held.find("d") == shown("other", b"his")
    held.hold(shown("one", b"x" * 99, "f"))
    assert [held.find(each) for each in "de"] == [None, None]
    held.hold(shown("one", b"hers"))
    assert held.find("d") == shown("one", b"hers")


def test_opened_documents_are_forgotten_after_some_minutes(town: Town) -> None:
    hospital = town.face(town.hospital)
    made = create(hospital, document(town.at_hospital, year=YEAR)).json()["id"]
    town.world.watch.tick(int(HOLD_SECONDS) - 1)
    assert hospital.get(f"/Binary/{made}").status_code == 200
    town.world.watch.tick(1)
    assert refusal(hospital.get(f"/Binary/{made}"), 404) == "not_found"


def test_who_does_not_know_the_secret_gets_the_capability_statement_and_nothing_else(town: Town) -> None:
    face = town.face(town.clinic)
    for told in ("", "Bearer", "Bearer ", f"Bearer {SECRET}x", f"Basic {SECRET}", "Bearer 関所"):
        headers = {"Authorization": told.encode()}
        for path in ("/DocumentReference", "/Binary/x", "/Consent", "/Patient", "", "/"):
            assert refusal(face.get(path, headers=headers), 401) == "unauthenticated"
        assert face.get("/metadata", headers=headers).json()["fhirVersion"] == "4.0.1"


SPOILED: list[tuple[str, dict[str, Any]]] = [
    ("another resource", {"resourceType": "Observation"}),
    ("no subject", {"subject": None}),
    ("a subject by reference", {"subject": {"reference": f"Patient/{PLANTED}"}}),
    ("a subject of another system", {"subject": {"identifier": {"system": "urn:x", "value": PLANTED}}}),
    ("a subject without value", {"subject": {"identifier": {"system": REFERENCES}}}),
    ("a subject as list", {"subject": [PLANTED]}),
    ("no category", {"category": None}),
    (
        "an unknown category",
        {"category": [{"coding": [{"system": "urn:sekisho:category", "code": PLANTED}]}]},
    ),
    ("no period", {"context": None}),
    ("a period that is no date", {"context": {"period": {"start": PLANTED}}}),
    ("a year before all records", {"context": {"period": {"start": "0999"}}}),
    ("no content", {"content": []}),
    ("two contents", {"content": [{"attachment": {"data": "AAAA"}}] * 2}),
    ("an address", {"content": [{"attachment": {"contentType": "a/b", "url": PLANTED}}]}),
    ("no base64", {"content": [{"attachment": {"contentType": "a/b", "data": f"{PLANTED}!"}}]}),
    ("nothing", {"content": [{"attachment": {"contentType": "a/b", "data": ""}}]}),
    ("no media type", {"content": [{"attachment": {"data": "AAAA"}}]}),
    ("a header in it", {"content": [{"attachment": {"contentType": "a/b\r\nx: y", "data": "AAAA"}}]}),
    ("a replacement", {"relatesTo": [{"code": "replaces"}]}),
    ("another state", {"status": "superseded"}),
    ("two identifiers", {"identifier": [{"system": "a", "value": "b"}] * 2}),
]


@pytest.mark.parametrize(("what", "replaced"), SPOILED, ids=[what for what, _ in SPOILED])
def test_unsuitable_resource_is_refused_and_nothing_is_deposited(
    quiet: Town, what: str, replaced: dict[str, Any]
) -> None:
    """Bad input: an element is named and no value of it."""
    answer = create(quiet.face(quiet.hospital), document(quiet.at_hospital, year=YEAR, **replaced))
    assert refusal(answer, 422) == "unsuitable_resource"
    found = quiet.face(quiet.clinic).get("/DocumentReference", params=of_person(quiet.at_clinic)).json()
    assert found["total"] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"a":1,"a":2}',
        b'{"a":"\xc0\xaf"}',
        b'{"a":"\\u0000"}',
        b'{"a":NaN}',
        b"[" * 99,
    ],
)
def test_what_is_not_one_json_object_is_malformed(quiet: Town, content: bytes) -> None:
    face = quiet.face(quiet.hospital)
    answer = face.post("/DocumentReference", content=content, headers={"Content-Type": FHIR_JSON})
    assert refusal(answer, 400) == "malformed_request"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "malformed_request"),
        ("patient.identifier=x", "malformed_request"),
        ("{person}&{person}", "malformed_request"),
        ("{person}&subject:identifier=urn:sekisho:reference|x", "malformed_request"),
        ("{person}&category=geheim", "malformed_request"),
        ("{person}&category=medication&category=summary", "malformed_request"),
        ("{person}&period=2024-01-01", "malformed_request"),
        ("{person}&period=ge2025&period=le2024", "malformed_request"),
        ("{person}&period=ge2025&period=ge2025&period=ge2025", "malformed_request"),
        ("{person}&_count=0", "malformed_request"),
        ("{person}&_count=1&_count=1", "malformed_request"),
        ("{person}&patient=Patient/1", "malformed_request"),
        ("{person}&_include=*", "not_supported"),
    ],
)
def test_search_that_is_not_understood_opens_nothing(quiet: Town, query: str, code: str) -> None:
    person = f"patient.identifier={REFERENCES}|{quiet.at_clinic}"
    answer = quiet.face(quiet.clinic).get(f"/DocumentReference?{query.format(person=person)}")
    assert refusal(answer, 400) == code


def test_unknown_person_other_media_types_methods_and_sizes_are_refused(quiet: Town) -> None:
    face = quiet.face(quiet.clinic)
    unknown = "A" * 43
    assert refusal(face.get("/DocumentReference", params=of_person(unknown)), 404) == "not_found"
    assert refusal(face.get("/Consent", params=of_person(unknown)), 404) == "not_found"
    assert refusal(face.get("/metadata", headers={"Accept": "application/fhir+xml"}), 406) == "not_acceptable"
    assert refusal(face.get("/metadata?_format=xml"), 406) == "not_acceptable"
    assert refusal(face.delete("/DocumentReference"), 405) == "method_not_allowed"
    assert refusal(face.get("/Practitioner"), 404) == "not_found"
    assert refusal(face.get("/Patient"), 400) == "malformed_request"
    assert refusal(face.get(f"/Patient/{unknown}"), 404) == "not_found"
    plain = face.post("/DocumentReference", content=b"{}", headers={"Content-Type": "text/plain"})
    assert refusal(plain, 415) == "media_type"
    large = face.post(
        "/DocumentReference", content=b" " * (MOST_BYTES + 1), headers={"Content-Type": FHIR_JSON}
    )
    assert refusal(large, 413) == "body_too_large"
    # the clinic has no author key: it reads only
    assert refusal(create(face, document(quiet.at_clinic, year=YEAR)), 403)


def test_years_and_categories_are_read_as_they_are_written() -> None:
    person = ("patient.identifier", f"{REFERENCES}|{'A' * 43}")
    asked = asked_documents(
        [person, ("period", "ge2020"), ("period", "le2022"), ("category", "summary,imaging")]
    )
    assert asked.years is not None
    assert (asked.years.first, asked.years.last) == (2020, 2022)
    assert asked.categories == frozenset({Category.SUMMARY, Category.IMAGING})
    whole = asked_documents([person, ("period", "2021")])
    assert whole.years is not None
    assert (whole.years.first, whole.years.last) == (2021, 2021)
    assert whole.categories is None


def test_ids_are_spelled_as_fhir_spells_ids_and_stay_different() -> None:
    names = ["a_b", "a-b", "a.b", "A_b", "x" * 65, "x" * 66, "a b", "a/b"]
    ids = {resource_id(name) for name in names}
    assert len(ids) == len(names)
    assert all(len(each) <= 64 and each.replace(".", "").replace("-", "").isalnum() for each in ids)


def test_secret_is_made_once_and_refused_when_others_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    made = secret_in(file)
    assert len(made) == 43
    assert secret_in(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o640)
    with pytest.raises(CredentialFolderError, match="chmod 600"):
        secret_in(file)
    file.chmod(0o600)
    file.write_text("short")
    with pytest.raises(CredentialFolderError, match="no secret"):
        secret_in(file)
