"""A hospital and a clinic, each with a FHIR face over honest bodies in memory, for tests of the faces."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient
from support.gateway_world import World, terms

from consent.vocabulary import Category
from services.contracts.oversight.register import Kind, Role
from services.gateway.fhir_face.errors import FHIR_JSON
from services.gateway.fhir_face.serving import face_of
from services.gateway.hospital import link
from services.gateway.organisation import Organisation
from services.gateway.people import Enrolled
from services.gateway.wallet_actions import lay_down

SECRET = "a secret of more than thirty-two signs"
URL = "http://127.0.0.1:1/fhir"
PLANTED = "geheim-7061-7469"


@dataclass
class Town:
    """A hospital and a clinic with a face each, and a person who permits the clinic her medication."""

    world: World
    hospital: Organisation
    clinic: Organisation
    at_hospital: str
    at_clinic: str
    enrolled: Enrolled

    def book(self, organisation: Organisation) -> Path:
        """Return the file in which an organisation's face notes what it does."""
        return self.world.folder / f"{organisation.id}-audit.ndjson"

    def face(self, organisation: Organisation) -> TestClient:
        """Return a client of an organisation's face that knows the secret."""
        app = face_of(organisation, self.book(organisation), secret=SECRET, url=URL)
        headers = {"Authorization": f"Bearer {SECRET}", "Accept": FHIR_JSON}
        return TestClient(app, base_url=URL, headers=headers, raise_server_exceptions=False)


def new_town(folder: Path) -> Town:
    """Return a town."""
    world = World(folder)
    counter = world.organisation("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    hospital = world.organisation("hospital-a", Kind.HOSPITAL, Role.WRITER)
    clinic = world.organisation("clinic-b", Kind.CLINIC, Role.READER)
    enrolled = world.person(counter)
    lay_down(enrolled.person, terms("clinic-b", Category.MEDICATION))
    return Town(
        world, hospital, clinic, link(hospital, enrolled.person), link(clinic, enrolled.person), enrolled
    )


def create(face: TestClient, resource: Any) -> Any:
    """Send a resource to be created."""
    return face.post("/DocumentReference", content=json.dumps(resource), headers={"Content-Type": FHIR_JSON})


def refusal(answer: Any, status: int) -> str:
    """Check that an answer is an OperationOutcome; return its code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == FHIR_JSON
    assert PLANTED not in answer.text
    told = answer.json()
    assert told["resourceType"] == "OperationOutcome"
    (issue,) = told["issue"]
    assert issue["severity"] == "error"
    assert issue["details"]["text"]
    code: str = issue["details"]["coding"][0]["code"]
    return code
