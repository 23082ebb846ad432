"""The FHIR face beyond one document: pages, versions, Bundles, the Patient of a reference, proposed Consents."""

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from support.fhir_client import LETTER, document, of_person, prescription
from support.fhir_town import URL, Town, create, refusal
from support.gateway_world import ITEMS, NOW, YEAR, terms

from consent.vocabulary import Body, Category
from services.contracts.fake_credentials import problem
from services.gateway.fhir_consent import to_consent
from services.gateway.fhir_consent_reading import read_consent
from services.gateway.fhir_face.app import HOLD_SECONDS
from services.gateway.fhir_face.documents import REFERENCES, patient_id
from services.gateway.fhir_face.permitted import NOTHING_SHOWN
from services.kit.http import PeerUnavailableError

DAY = f"{YEAR}-03-04"


def followed(face: TestClient, bundle: Any) -> list[Any]:
    """Return the resources of all pages, by following the links."""
    found = [each["resource"] for each in bundle["entry"]]
    for link in bundle.get("link", []):
        if link["relation"] == "next":
            found += followed(face, face.get(link["url"]).json())
    return found


def whole(kind: str, *entries: Any) -> dict[str, Any]:
    """Return a Bundle that creates what is given."""
    told = [
        {"resource": each, "request": {"method": "POST", "url": each["resourceType"]}} for each in entries
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": told}


def test_pages_of_a_search_are_one_access(town: Town) -> None:
    hospital, clinic = town.face(town.hospital), town.face(town.clinic)
    for number in range(5):
        sent = document(town.at_hospital, year=YEAR, description=f"letter {number}")
        assert create(hospital, sent).status_code == 201
    person = of_person(town.at_clinic)
    every = {
        each["resource"]["id"] for each in clinic.get("/DocumentReference", params=person).json()["entry"]
    }
    first = clinic.get("/DocumentReference", params=person | {"_count": "2"}).json()
    assert (first["total"], len(first["entry"])) == (5, 2)
    before = town.book(town.clinic).read_text().count("\n")
    found = followed(clinic, first)
    assert [len(found), {each["id"] for each in found}] == [5, every]
    assert town.book(town.clinic).read_text().count("\n") == before
    (onward,) = [each["url"] for each in first["link"] if each["relation"] == "next"]
    second = clinic.get(onward).json()
    assert [each["relation"] for each in second["link"]] == ["self", "previous", "next"]
    for spoilt in (onward.replace("_offset=2", "_offset=9"), onward.replace("_search=", "_search=0")):
        assert refusal(clinic.get(spoilt), 404) == "not_found"
    assert refusal(clinic.get(f"{onward}&category=summary"), 400) == "malformed_request"
    town.world.watch.tick(int(HOLD_SECONDS))
    assert refusal(clinic.get(onward), 404) == "not_found"


def test_new_version_takes_the_place_of_the_one_it_names(town: Town) -> None:
    hospital, clinic = town.face(town.hospital), town.face(town.clinic)
    made = create(hospital, document(town.at_hospital, year=YEAR)).json()
    target = {"reference": f"DocumentReference/{made['id']}/_history/1"}
    replacing = [{"code": "replaces", "target": target}]
    sent = document(town.at_hospital, year=YEAR, says=b"corrected", relatesTo=replacing)
    again = create(hospital, sent)
    assert (again.status_code, again.json()["id"], again.json()["meta"]["versionId"]) == (
        201,
        made["id"],
        "2",
    )
    (entry,) = clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()["entry"]
    assert entry["resource"]["relatesTo"] == replacing
    raw = clinic.get(f"/Binary/{made['id']}", headers={"Accept": "text/plain"})
    assert (raw.content, LETTER in raw.content) == (b"corrected", False)
    assert refusal(create(hospital, sent), 409) == "document_version"


@pytest.mark.parametrize(
    "related",
    [
        "x",
        [],
        [{"code": "replaces"}],
        [{"code": "appends", "target": {"reference": "DocumentReference/a/_history/1"}}],
        [{"code": "replaces", "target": {"reference": "DocumentReference/a"}}],
        [{"code": "replaces", "target": {"reference": "DocumentReference/a/_history/0"}}],
        [{"code": "replaces", "target": {"reference": "DocumentReference/a/_history/1"}}] * 2,
    ],
)
def test_version_that_is_not_named_whole_is_refused(quiet: Town, related: Any) -> None:
    answer = create(quiet.face(quiet.hospital), document(quiet.at_hospital, year=YEAR, relatesTo=related))
    assert refusal(answer, 422) == "unsuitable_resource"


def test_transaction_is_one_deposit(town: Town) -> None:
    hospital, clinic = town.face(town.hospital), town.face(town.clinic)
    sent = [document(town.at_hospital, year=YEAR), prescription(town.at_hospital, day=DAY)]
    answer = hospital.post("", json=whole("transaction", *sent))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["type"] == "transaction-response"
    kinds = [each["response"]["location"].removeprefix(f"{URL}/").partition("/")[0] for each in told["entry"]]
    assert kinds == ["DocumentReference", "MedicationRequest"]
    assert clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()["total"] == 2
    noted = hospital.get("/AuditEvent", params=of_person(town.at_hospital)).json()["entry"]
    assert [each["resource"]["outcome"] for each in noted] == ["0", "0"]


def test_transaction_with_one_bad_entry_leaves_nothing(town: Town) -> None:
    hospital, clinic = town.face(town.hospital), town.face(town.clinic)
    twice = document(town.at_hospital, year=YEAR, identifier=[{"system": "urn:x", "value": "7"}])
    answer = hospital.post(
        "", json=whole("transaction", prescription(town.at_hospital, day=DAY), twice, twice)
    )
    assert refusal(answer, 409) == "document_version"
    assert clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()["total"] == 0
    noted = hospital.get("/AuditEvent", params=of_person(town.at_hospital)).json()["entry"]
    assert [each["resource"]["outcome"] for each in noted] == ["8"] * 3


def test_batch_tells_of_each_entry_by_itself(town: Town) -> None:
    hospital, clinic = town.face(town.hospital), town.face(town.clinic)
    bad = prescription(town.at_hospital, day="gestern")
    told = hospital.post("", json=whole("batch", document(town.at_hospital, year=YEAR), bad)).json()
    assert [each["response"]["status"] for each in told["entry"]] == ["201 Created", "422"]
    issue = told["entry"][1]["response"]["outcome"]["issue"][0]
    assert issue["details"]["coding"][0]["code"] == "unsuitable_resource"
    assert clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()["total"] == 1


def spoilt_bundles() -> list[Any]:
    good = {"resource": {"resourceType": "Observation"}, "request": {"method": "POST", "url": "Observation"}}
    return [
        {"resourceType": "Observation"},
        {"resourceType": "Bundle", "type": "collection", "entry": [good]},
        {"resourceType": "Bundle", "type": "transaction"},
        {"resourceType": "Bundle", "type": "transaction", "entry": [{}]},
        *(
            {"resourceType": "Bundle", "type": "transaction", "entry": [good | {"request": request}]}
            for request in (
                {"method": "PUT", "url": "Observation"},
                {"method": "POST", "url": "Patient"},
                {"method": "POST", "url": "Observation", "ifNoneExist": "identifier=x"},
            )
        ),
    ]


@pytest.mark.parametrize("bundle", spoilt_bundles())
def test_bundle_of_another_kind_is_refused(quiet: Town, bundle: Any) -> None:
    assert refusal(quiet.face(quiet.hospital).post("", json=bundle), 422) == "unsuitable_resource"


def test_transaction_is_about_one_person(town: Town) -> None:
    other = document("A" * 43, year=YEAR)
    sent = whole("transaction", document(town.at_hospital, year=YEAR), other)
    assert refusal(town.face(town.hospital).post("", json=sent), 422) == "unsuitable_resource"


def test_person_of_a_reference_is_found_and_named_by_it(town: Town) -> None:
    """No item of the person: those are the registry's. By its id everything else is found, too."""
    clinic, name = town.face(town.clinic), patient_id(town.at_clinic)
    assert create(town.face(town.hospital), document(town.at_hospital, year=YEAR)).status_code == 201
    shown = clinic.get(f"/Patient/{name}").json()
    assert shown["identifier"] == [{"system": REFERENCES, "value": town.at_clinic}]
    assert ITEMS.name not in json.dumps(shown, ensure_ascii=False)
    for query in ({"identifier": f"{REFERENCES}|{town.at_clinic}"}, {"_id": name}):
        (entry,) = clinic.get("/Patient", params=query).json()["entry"]
        assert entry["resource"] == shown
    for query in ({"patient": f"Patient/{name}"}, {"subject": name}):
        (entry,) = clinic.get("/DocumentReference", params=query).json()["entry"]
        assert entry["resource"]["subject"]["reference"] == f"Patient/{name}"


def test_patients_id_stays_with_the_organisation_that_uses_it(town: Town) -> None:
    """LN1: it is the reference in another spelling."""
    hospital, subject = town.face(town.hospital), {"reference": f"Patient/{patient_id(town.at_hospital)}"}
    assert create(hospital, document(town.at_hospital, year=YEAR, subject=subject)).status_code == 201
    leaking = document(town.at_hospital, year=YEAR, author=[subject])
    assert refusal(create(hospital, leaking), 422) == "unsuitable_resource"
    shown = town.face(town.clinic).get("/DocumentReference", params=of_person(town.at_clinic)).text
    assert patient_id(town.at_hospital) not in shown


def test_permission_that_was_found_is_read_by_its_id(town: Town) -> None:
    clinic = town.face(town.clinic)
    (entry,) = clinic.get("/Consent", params=of_person(town.at_clinic)).json()["entry"]
    name = entry["resource"]["id"]
    assert clinic.get(f"/Consent/{name}").json() == entry["resource"]
    for kind in ("DocumentReference", "Binary"):
        assert refusal(clinic.get(f"/{kind}/{name}"), 404) == "not_found"


def test_proposed_consent_permits_nothing_until_the_person_lays_it_down(town: Town, tmp_path: Path) -> None:
    clinic, wanted = town.face(town.clinic), terms("clinic-b", Category.LABORATORY)
    proposed = to_consent(wanted, issued_at=NOW, active=True) | {
        "status": "proposed",
        "patient": {"identifier": {"system": REFERENCES, "value": town.at_clinic}},
    }
    made = clinic.post("/Consent", json=proposed)
    assert made.status_code == 201, made.text
    shown = clinic.get(f"/Consent/{made.json()['id']}").json()
    assert shown["status"] == "proposed"
    assert clinic.get("/Consent", params=of_person(town.at_clinic)).json()["total"] == 1
    file = tmp_path / "proposed.json"
    file.write_text(json.dumps(shown))
    assert read_consent(file, notice=NOTHING_SHOWN) == wanted


@pytest.mark.parametrize(
    ("recipient", "changes", "code"),
    [
        ("clinic-b", {"status": "active"}, "unsuitable_resource"),
        ("hospital-a", {}, "unsuitable_resource"),
        ("clinic-b", {"policy": [{"uri": "urn:x"}]}, "consent_other_policy"),
        ("clinic-b", {"provision": {"type": "permit"}}, "consent_base_permits"),
    ],
)
def test_proposal_that_is_none_is_refused(
    quiet: Town, recipient: str, changes: dict[str, Any], code: str
) -> None:
    told = to_consent(terms(recipient, Category.LABORATORY), issued_at=NOW, active=True)
    patient = {"identifier": {"system": REFERENCES, "value": quiet.at_clinic}}
    sent = told | {"status": "proposed", "patient": patient} | changes
    assert refusal(quiet.face(quiet.clinic).post("/Consent", json=sent), 422) == code


def test_statement_lists_what_is_served(quiet: Town) -> None:
    (rest,) = quiet.face(quiet.clinic).get("/metadata").json()["rest"]
    served = {each["type"]: {one["code"] for one in each["interaction"]} for each in rest["resource"]}
    assert [each["code"] for each in rest["interaction"]] == ["transaction", "batch"]
    assert served["Patient"] == {"read", "search-type"}
    assert served["Consent"] == {"create", "read", "search-type"}


@pytest.mark.parametrize(("told", "status"), [((503, "unavailable"), 503), ((500, "internal_error"), 502)])
def test_body_that_cannot_just_now_is_not_shown_as_a_no(
    town: Town, told: tuple[int, str], status: int
) -> None:
    def fail(_answer: Any) -> Any:
        raise problem(*told)

    town.world(Body.MEDICAL).tamper["/deposits"] = fail
    answer = create(town.face(town.hospital), document(town.at_hospital, year=YEAR))
    assert refusal(answer, status) == told[1]


def test_lost_answer_is_not_told_as_if_nothing_had_been_done(town: Town) -> None:
    def lose(_answer: Any) -> Any:
        raise PeerUnavailableError("lost")

    town.world(Body.MEDICAL).tamper["/deposits"] = lose
    answer = create(town.face(town.hospital), document(town.at_hospital, year=YEAR))
    assert refusal(answer, 503) == "unavailable"
    assert "nothing was done" not in answer.text
    clinic = town.face(town.clinic)
    assert clinic.get("/DocumentReference", params=of_person(town.at_clinic)).json()["total"] == 1


def test_entry_that_was_cut_off_is_left_out_and_takes_no_other_with_it(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    face, book = town.face(town.hospital), town.book(town.hospital)
    for number in range(2):
        create(face, document(town.at_hospital, year=YEAR, description=f"letter {number}"))
    book.write_bytes(book.read_bytes()[:-40])
    create(face, document(town.at_hospital, year=YEAR, description="letter 2"))
    found = face.get("/AuditEvent", params=of_person(town.at_hospital)).json()
    assert found["total"] == 2
    assert f"{book}:2 is an entry that was cut off" in caplog.text
    book.write_bytes(book.read_bytes()[:-40])
    assert face.get("/AuditEvent", params=of_person(town.at_hospital)).json()["total"] == 1
