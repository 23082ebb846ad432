"""The lifelong record through the gateway: own measurements, records brought along, everything taken home."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fhirclient.models.bundle import Bundle  # type: ignore[import-untyped]  # has no stubs
from support.fhir_folder import OTHER, PATIENT, condition, patient, prescription, write_lines
from support.gateway_scene import GatewayScene as Scene
from support.gateway_world import NOW, YEAR, terms

from consent.compartments import YearSpan
from consent.identifiers import OrganisationId
from consent.life_records import MEANINGS, LifeRecord
from consent.vocabulary import Body, Category, Purpose
from services.contracts.medical.erasing import ErasureAnswer
from services.gateway.clinic import open_records
from services.gateway.clinical import ClinicalRecord
from services.gateway.erasing import erase, with_all_under_one_key
from services.gateway.errors import FhirError, LargeFileError, NotVerifiedError, RefusedError
from services.gateway.hospital import link
from services.gateway.large_documents import LargeFile, deposit_file
from services.gateway.measurements import MEASURES, Measured, observation
from services.gateway.own_bundle import BUNDLE_FILE, save_bundle
from services.gateway.own_deposit import MEASUREMENTS, deposit_own, read_own
from services.gateway.own_records import own_records, save_records
from services.gateway.wallet_actions import lay_down
from services.kit.clock import system_randomness
from services.kit.http import PeerUnavailableError


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene.at(tmp_path)


def measured(name: str = "o-1", *, year: int = YEAR) -> ClinicalRecord:
    """Return an own measurement as a record."""
    resource = observation(Measured.BODY_WEIGHT, "61.5", at=NOW, randomness=system_randomness)
    return ClinicalRecord("me", MEASUREMENTS, year, f"Observation/{name}", json.dumps(resource).encode())


def test_own_measurement_is_read_by_whom_the_person_permits_as_the_persons_own(scene: Scene) -> None:
    done = deposit_own(scene.person.person, [measured()])
    assert len(done.receipts) == 1
    lay_down(scene.person.person, terms("clinic", MEASUREMENTS))
    reference = link(scene.clinic, scene.person.person)
    opened = open_records(
        scene.clinic,
        reference,
        categories=frozenset({MEASUREMENTS}),
        years=YearSpan(YEAR, YEAR),
        purpose=Purpose.TREAT,
    )
    assert [json.loads(each.content)["valueQuantity"]["value"] for each in opened] == [61.5]
    (own,) = own_records(scene.person.person)
    assert own.author == OrganisationId(scene.person.person.wallet.subject)


def test_record_of_a_year_without_a_key_gets_one(scene: Scene) -> None:
    deposit_own(scene.person.person, [measured(year=1985), measured("o-2")])
    assert sorted(each.year for each in own_records(scene.person.person)) == [1985, YEAR]


def test_the_same_record_again_is_refused_and_nothing_of_the_rest_is_stored(scene: Scene) -> None:
    deposit_own(scene.person.person, [measured()])
    with pytest.raises(RefusedError, match="document_version"):
        deposit_own(scene.person.person, [measured("o-2"), measured()])
    assert len(own_records(scene.person.person)) == 1


def test_own_deposit_whose_answer_was_lost_is_stored_once(scene: Scene, tmp_path: Path) -> None:
    person, mine, book = scene.person.person, measured(), tmp_path / "book.json"
    tamper = scene.world(Body.MEDICAL).tamper

    def lose(_answer: Any) -> Any:
        raise PeerUnavailableError("lost on its way")

    tamper["/own-deposits"] = lose
    with pytest.raises(PeerUnavailableError):
        deposit_own(person, [mine], book=book)
    del tamper["/own-deposits"]
    assert len(deposit_own(person, [mine, measured("o-2")], book=book).receipts) == 1
    assert len(own_records(person)) == 2


def weight(**changes: Any) -> dict[str, Any]:
    """Return an Observation of the patient."""
    told = observation(Measured.BODY_WEIGHT, "61.5", at=NOW, randomness=system_randomness)
    return told | {"id": "w-1", "subject": {"reference": f"Patient/{PATIENT}"}} | changes


def as_bundle(folder: Path, resources: list[Any]) -> Path:
    """Write a Bundle."""
    file = folder / "mine.json"
    entries = [each if each is None else {"resource": each} for each in resources]
    file.write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    return file


def as_lines(folder: Path, resources: list[Any]) -> Path:
    """Write an ndjson file."""
    write_lines(folder / "mine.ndjson", resources)
    return folder / "mine.ndjson"


WRITERS: list[Callable[[Path, list[Any]], Path]] = [as_bundle, as_lines]


@pytest.mark.parametrize("write", WRITERS)
def test_bundle_and_ndjson_are_taken_in_alike(scene: Scene, write: Callable[[Path, list[Any]], Path]) -> None:
    everything = [
        patient(PATIENT),
        weight(),
        prescription("rx-1", f"{YEAR}-01-15"),
        condition("c-1", f"{YEAR - 1}-02-03"),
        {"resourceType": "Organization", "id": "org"},
    ]
    deposit_own(scene.person.person, read_own(write(scene.folder, everything), this_year=YEAR))
    found = own_records(scene.person.person)
    assert sorted(
        (json.loads(each.document.content)["resourceType"], each.category.value, each.year) for each in found
    ) == [
        ("Condition", "summary", YEAR - 1),
        ("MedicationRequest", "medication", YEAR),
        ("Observation", "laboratory", YEAR),
    ]


BAD: list[tuple[Any, str]] = [
    (weight(id="x", subject=None), "subject.reference is missing"),
    ({k: v for k, v in weight(id="x").items() if k != "subject"}, "subject.reference is missing"),
    (weight(id="x", subject={"reference": "Device/1"}), "does not name a Patient"),
    (weight(id="x", subject={"reference": f"Patient/{OTHER}"}), "another Patient than mine"),
    (weight(id="x", effectiveDateTime="yesterday"), "not a FHIR date"),
    (weight(id="x", effectiveDateTime=None), "needs a date"),
    (weight(), "already at"),
    (weight(id=""), "id is missing"),
    (weight(resourceType="Weight"), "resourceType"),
    (None, "JSON object"),
]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize(("bad", "problem"), BAD)
def test_one_bad_resource_is_named_by_its_place_and_nothing_is_deposited(
    scene: Scene, write: Callable[[Path, list[Any]], Path], bad: Any, problem: str
) -> None:
    file = write(scene.folder, [weight(), prescription("rx-1", f"{YEAR}-01-15"), bad])
    with pytest.raises(FhirError, match=problem) as refused:
        read_own(file, this_year=YEAR)
    assert refused.value.line == 3
    assert str(refused.value).startswith(f"{file.name}:3: ")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("mine.json", b"{", "not JSON"),
        ("mine.json", b"[]", "no FHIR Bundle"),
        ("mine.json", b'{"resourceType": "Patient"}', "no FHIR Bundle"),
        ("mine.json", b'{"resourceType": "Bundle", "entry": {}}', "list"),
        ("mine.json", b'{"resourceType": "Bundle"}', "no personal record"),
        ("mine.ndjson", b"", "no personal record"),
        ("mine.ndjson", b'{"resourceType": "Organization", "id": "o"}\n', "no personal record"),
    ],
)
def test_file_that_holds_no_records_is_refused(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FhirError, match=problem):
        read_own(tmp_path / name, this_year=YEAR)


def test_everything_comes_home_as_a_bundle_that_others_read(scene: Scene) -> None:
    """Small and large, of a hospital and one's own; read by a FHIR client of others."""
    person, reference = scene.person.person, link(scene.hospital, scene.person.person)
    study = scene.folder / "chest.dcm"
    study.write_bytes(bytes(range(256)) * 5000)
    deposit_file(
        scene.hospital,
        reference,
        LargeFile(study, "application/dicom"),
        place=(Category.IMAGING, YEAR),
    )
    deposit_own(person, [measured()])
    saved = save_bundle(person, scene.folder / "home")
    assert saved.records == 2
    assert [each.read_bytes() for each in saved.large] == [study.read_bytes()]
    told = json.loads(saved.file.read_text())
    assert Bundle(told).as_json()["type"] == "collection"
    kinds = sorted(each["resource"]["resourceType"] for each in told["entry"])
    assert kinds == ["DocumentReference", "Observation", "Provenance", "Provenance"]
    (attachment,) = [
        each["resource"]["content"][0]["attachment"]
        for each in told["entry"]
        if each["resource"]["resourceType"] == "DocumentReference"
    ]
    assert attachment == {
        "contentType": "application/dicom",
        "url": saved.large[0].name,
        "size": 1280000,
        "title": "chest.dcm",
    }
    assert {file.stat().st_mode & 0o777 for file in (saved.file, *saved.large)} == {0o600}
    with pytest.raises(LargeFileError):
        save_bundle(person, scene.folder / "home")


def test_resource_in_the_bundle_is_to_the_last_sign_what_its_author_sealed(scene: Scene) -> None:
    """FHIR R4, 2.24.0.1: 7.40 is not 7.4, and no digit of a decimal is lost."""
    sealed = b'{ "resourceType":"Observation","valueQuantity":{"value":7.40,"other":0.12345678901234567890} }'
    deposit_own(scene.person.person, [ClinicalRecord("me", MEASUREMENTS, YEAR, "Observation/o-1", sealed)])
    saved = save_bundle(scene.person.person, scene.folder / "home")
    assert sealed in saved.file.read_bytes()
    assert json.loads(saved.file.read_text())["entry"][0]["resource"] == json.loads(sealed)


def deposit_named(scene: Scene, name: str) -> None:
    """Have the hospital deposit a large document under a name of its choice."""
    study = scene.folder / "chest.dcm"
    study.write_bytes(b"{}")
    reference = link(scene.hospital, scene.person.person)
    file = LargeFile(study, "application/dicom", name)
    deposit_file(scene.hospital, reference, file, place=(Category.IMAGING, YEAR))


@pytest.mark.parametrize("name", [BUNDLE_FILE, BUNDLE_FILE.upper()])
def test_no_author_names_a_document_so_that_it_lies_in_the_bundles_place(scene: Scene, name: str) -> None:
    person = scene.person.person
    deposit_named(scene, name)
    deposit_own(person, [measured()])
    saved = save_bundle(person, scene.folder / "home")
    assert len(json.loads(saved.file.read_text())["entry"]) == 4
    assert [(each.name.lower(), each.read_bytes()) for each in saved.large] == [("records-2.json", b"{}")]


def test_no_author_names_a_document_so_that_it_lies_in_anothers_place(scene: Scene) -> None:
    person = scene.person.person
    deposit_named(scene, f"2-{MEASUREMENTS.value}-{YEAR}.json")
    deposit_own(person, [measured()])
    found = own_records(person)
    files = save_records(person, found, scene.folder / "home")
    assert [each.read_bytes() for each in files] == [b"{}", found[1].document.content]


@pytest.mark.parametrize(
    ("name", "saved"),
    [
        ("胸部CT" * 40 + ".dcm", ("胸部CT" * 40)[:125] + ".dcm"),
        ("a." + "胸" * 253, "a." + "胸" * 84),
        ("a" * 251 + ".dcm", "a" * 251 + ".dcm"),
    ],
)
def test_document_of_a_long_name_is_saved_too(scene: Scene, name: str, saved: str) -> None:
    """255 signs of Japanese are more bytes than a file's name may have."""
    person = scene.person.person
    deposit_named(scene, name)
    (first,) = save_bundle(person, scene.folder / "home").large
    (second,) = save_records(person, own_records(person), scene.folder / "home")
    assert (first.name, first.read_bytes()) == (saved, b"{}")
    assert second.name != saved
    assert second.read_bytes() == b"{}"


def test_own_large_document_that_was_changed_leaves_no_bundle(scene: Scene) -> None:
    study = scene.folder / "chest.dcm"
    study.write_bytes(b"x" * 100)
    reference = link(scene.hospital, scene.person.person)
    file = LargeFile(study, "application/dicom")
    deposit_file(scene.hospital, reference, file, place=(Category.IMAGING, YEAR))
    (upload,) = scene.world.medical.streams._uploads.values()
    upload.segments[0] = upload.segments[0][::-1]
    with pytest.raises(NotVerifiedError):
        save_bundle(scene.person.person, scene.folder / "home")
    assert [each for each in (scene.folder / "home").iterdir() if each.is_file()] == []


def test_erased_records_are_away_with_what_was_sealed_beside_them_and_the_receipt_says_so(
    scene: Scene,
) -> None:
    person = scene.person.person
    deposit_own(person, [measured(), measured("o-2")])
    deposit_own(person, [measured("o-3", year=YEAR - 1)])
    everything = own_records(person)
    chosen = [each for each in everything if each.year == YEAR][:1]
    going = with_all_under_one_key(chosen, everything)
    assert len(going) == 2
    erased = erase(person, going)
    (told,) = erased.receipt.bundles
    assert sorted(told.documents) == sorted(each.document.id for each in going)
    assert [each.year for each in own_records(person)] == [YEAR - 1]


def test_receipt_for_another_erasure_is_not_taken(scene: Scene) -> None:
    person = scene.person.person
    deposit_own(person, [measured()])
    deposit_own(person, [measured("o-2", year=YEAR - 1)])
    first, second = own_records(person)
    kept: list[ErasureAnswer] = []

    def again(answer: ErasureAnswer) -> ErasureAnswer:
        kept.append(answer)
        return kept[0]

    scene.world.lines[Body.MEDICAL].tamper["/erasures"] = again
    erase(person, [first])
    with pytest.raises(NotVerifiedError):
        erase(person, [second])


@pytest.mark.parametrize("measured", Measured)
def test_every_measure_makes_an_observation_of_its_code_and_unit(measured: Measured) -> None:
    measure = MEASURES[measured]
    told = observation(measured, str(measure.most), at=NOW, randomness=system_randomness)
    assert told["code"]["coding"][0]["code"] == measure.loinc
    assert (told["valueQuantity"]["value"], told["valueQuantity"]["code"]) == (measure.most, measure.unit)
    assert (measure.ja.isascii(), measure.en.isascii()) == (False, True)
    for value in (str(measure.least - 1), str(measure.most + 1), "", "x", "NaN", "Infinity", "1e400"):
        with pytest.raises(FhirError):
            observation(measured, value, at=NOW, randomness=system_randomness)


def test_list_of_a_life_is_closed_has_both_languages_and_begins_and_ends_where_a_life_does() -> None:
    assert list(MEANINGS) == list(LifeRecord)
    assert (next(iter(MEANINGS)), list(MEANINGS)[-1]) == (
        LifeRecord.MATERNAL_HANDBOOK,
        LifeRecord.DEATH_CERTIFICATE,
    )
    assert {each.category for each in MEANINGS.values()} == set(Category)
    assert all(each.en.isascii() and not each.ja.isascii() for each in MEANINGS.values())
    assert len({each.ja for each in MEANINGS.values()}) == len({each.en for each in MEANINGS.values()}) == 27
    assert io.StringIO("".join(LifeRecord)).read().isascii()
