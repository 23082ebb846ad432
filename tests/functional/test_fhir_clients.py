"""FHIR clients of others against the gateways of a hospital and a clinic, with all bodies behind them over TLS."""

import base64
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fhirclient.client import FHIRClient  # type: ignore[import-untyped]  # has no stubs
from fhirclient.models.auditevent import AuditEvent  # type: ignore[import-untyped]  # has no stubs
from fhirclient.models.binary import Binary  # type: ignore[import-untyped]  # has no stubs
from fhirclient.models.consent import Consent  # type: ignore[import-untyped]  # has no stubs
from fhirclient.models.documentreference import (  # type: ignore[import-untyped]  # has no stubs
    DocumentReference,
)
from fhirclient.models.medicationrequest import (  # type: ignore[import-untyped]  # has no stubs
    MedicationRequest,
)
from fhirclient.models.patient import Patient  # type: ignore[import-untyped]  # has no stubs
from fhirclient.server import FHIRPermissionDeniedException  # type: ignore[import-untyped]  # has no stubs
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, OperationOutcome
from support.command_line import COMMAND
from support.desk import PINS
from support.fhir_client import LETTER, MEDICINE, document, of_person, prescription
from support.waiting import PATIENCE_SECONDS

from consent.compartments import YearSpan
from consent.directives import Effect, Notice, RecordScope, Terms
from consent.identifiers import OrganisationId
from consent.recipients import Recipient
from consent.vocabulary import Category, Purpose
from services.demo.scene import Scene
from services.demo.search import find_texts
from services.gateway.clinical import BasicItems
from services.gateway.fhir_face.documents import patient_id
from services.gateway.fhir_face.serving import address, face_of, listen, server_of
from services.gateway.history import history
from services.gateway.hospital import link
from services.gateway.people import Enrolled, enrol
from services.gateway.reception import TIME_BOX
from services.gateway.wallet_actions import Permission, lay_down, withdraw
from services.kit.clock import system_clock

pytestmark = pytest.mark.processes
ITEMS = BasicItems("森 一郎", "みなと市 8-8-8", "male", "1949-09-09")
YEAR = system_clock().year
SECRET = "the clinic's secret, long enough to be one"


@contextmanager
def clinics_face(scene: Scene, folder: Path) -> Iterator[str]:
    """Serve the clinic's face in this process; return its address."""
    with listen(0) as listener:
        url = address(listener)
        server = server_of(
            face_of(scene.organisation("clinic-b"), folder / "audit.ndjson", secret=SECRET, url=url)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield url
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


@contextmanager
def hospitals_face(scene: Scene, secret: Path) -> Iterator[str]:
    """Start `sekisho fhir-gateway` for the hospital; return its address."""
    folder = scene.layout.credentials / "hospital-a"
    words = [*COMMAND, "fhir-gateway", "--as", str(folder), "--secret", str(secret)]
    words += ["--audit", str(secret.parent / "hospital.ndjson")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    guard = threading.Timer(PATIENCE_SECONDS, process.kill)
    guard.start()
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/fhir", process.stdout.readline())
        assert found is not None
        yield found[0]
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_SECONDS) == 0
    finally:
        guard.cancel()
        process.kill()
        process.wait()


def permit(enrolled: Enrolled) -> Permission:
    """Have the person permit the clinic this year's medication."""
    now = enrolled.person.clock()
    notice = Notice.of_text("x", text_id="t", version="1", language="en", refusal_meaning="y")
    terms = Terms(
        recipient=Recipient(OrganisationId("clinic-b")),
        effect=Effect.PERMIT,
        purposes=frozenset({Purpose.TREAT}),
        scope=RecordScope(frozenset({Category.MEDICATION}), YearSpan(YEAR, YEAR)),
        valid_from=now,
        valid_until=now + TIME_BOX,
        notice=notice,
    )
    return lay_down(enrolled.person, terms)


def assert_whole_patient(reader: FHIRClient, pythonic: SyncFHIRClient, reference: str) -> None:
    """The person by id, and their documents page by page, in one access."""
    patient = Patient.read(patient_id(reference), reader.server)
    assert patient.identifier[0].value == reference
    before = history_of(pythonic, reference)
    paged = (
        pythonic.resources("DocumentReference").search(patient=f"Patient/{patient.id}").limit(1).fetch_all()
    )
    assert len({each.id for each in paged}) == 2
    assert history_of(pythonic, reference) == before + 1


def history_of(pythonic: SyncFHIRClient, reference: str) -> int:
    """Count what the face noted about a person."""
    return len(pythonic.resources("AuditEvent").search(**of_person(reference)).fetch())


def test_clients_of_others_share_a_letter_and_only_sealed_data_leave(
    deployment: Scene, tmp_path: Path
) -> None:
    """UC1 in plain FHIR: fhirpy creates at the hospital, fhirclient finds and opens at the clinic."""
    enrolled = enrol(deployment.organisation("municipality"), ITEMS, pins=PINS)
    references = [link(deployment.organisation(name), enrolled.person) for name in ("hospital-a", "clinic-b")]
    secret = tmp_path / "fhir.secret"
    with hospitals_face(deployment, secret) as hospital, clinics_face(deployment, tmp_path) as clinic:
        writer = SyncFHIRClient(hospital, authorization=f"Bearer {secret.read_text().strip()}")
        made = writer.resource(**document(references[0], year=YEAR), resource_type="DocumentReference")
        made.create()  # type: ignore[no-untyped-call]  # the library does not say
        order = writer.resource("MedicationRequest", **prescription(references[0], day=f"{YEAR}-01-02"))
        order.create()  # type: ignore[no-untyped-call]  # the library does not say
        reader = FHIRClient(settings={"app_id": "clinic", "api_base": clinic})
        reader.server.session.headers["Authorization"] = f"Bearer {SECRET}"
        assert reader.server.capabilityStatement.fhirVersion == "4.0.1"
        search = DocumentReference.where(struct=of_person(references[1]))
        with pytest.raises(FHIRPermissionDeniedException):
            search.perform_resources(reader.server)
        permission = permit(enrolled)
        (found,) = [each for each in search.perform_resources(reader.server) if each.type is not None]
        assert found.type.text == "Discharge summary"
        opened = Binary.read(found.content[0].attachment.url.rpartition("/")[2], reader.server)
        assert base64.b64decode(opened.data) == LETTER
        (taken,) = MedicationRequest.where(struct=of_person(references[1])).perform_resources(reader.server)
        assert taken.medicationCodeableConcept.text == MEDICINE
        pythonic = SyncFHIRClient(clinic, authorization=f"Bearer {SECRET}")
        (same,) = pythonic.resources("MedicationRequest").search(**of_person(references[1])).fetch()
        assert same.id == taken.id
        (consent,) = Consent.where(struct=of_person(references[1])).perform_resources(reader.server)
        assert [each.coding[0].code for each in consent.provision.provision[0].code] == ["medication"]
        events = AuditEvent.where(struct=of_person(references[1])).perform_resources(reader.server)
        assert [each.outcome for each in events] == ["8"] + ["0"] * 5
        assert_whole_patient(reader, pythonic, references[1])
        sent = document(references[0], year=YEAR, description="by transaction")
        entry = {"resource": sent, "request": {"method": "POST", "url": "DocumentReference"}}
        whole = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        told = writer.execute("", method="post", data=whole)
        assert told["entry"][0]["response"]["status"] == "201 Created"
        withdraw(enrolled.person, permission)
        with pytest.raises(FHIRPermissionDeniedException):
            search.perform_resources(reader.server)
    kinds = [(each.organisation, each.kind, each.outcome) for each in history(enrolled.person).entries]
    assert ("clinic-b", "records_read", "permitted") in kinds
    assert ("clinic-b", "records_read", "refused") in kinds
    hits = find_texts(deployment.layout.folder, [LETTER.decode(), MEDICINE])
    assert hits == []


def test_fhirpy_names_our_refusals(deployment: Scene, tmp_path: Path) -> None:
    """They are OperationOutcomes, with our codes."""
    with clinics_face(deployment, tmp_path) as clinic:
        reader = SyncFHIRClient(clinic, authorization=f"Bearer {SECRET}")
        with pytest.raises(OperationOutcome) as refused:
            reader.resources("DocumentReference").search(**{"patient.identifier": "x"}).fetch()
        assert refused.value.resource["issue"][0]["details"]["coding"][0]["code"] == "malformed_request"
        stranger = SyncFHIRClient(clinic, authorization="Bearer no")
        with pytest.raises(AuthorizationError, match="unauthenticated"):
            stranger.resources("DocumentReference").fetch()
