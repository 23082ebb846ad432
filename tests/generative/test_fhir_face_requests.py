"""schemathesis over the FHIR face: whatever is sent, it does not fail, and every refusal is an OperationOutcome."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.generation import GenerationMode
from starlette.testclient import TestClient
from support.fhir_client import document, of_person, prescription
from support.fhir_town import SECRET, URL, new_town, refusal
from support.gateway_world import YEAR, terms

from consent.vocabulary import Category
from services.contracts.oversight.register import Kind, Role
from services.gateway.clinical import KINDS
from services.gateway.fhir_face.answering import BASE
from services.gateway.fhir_face.documents import CATEGORIES, patient_id
from services.gateway.fhir_face.errors import FHIR_JSON
from services.gateway.fhir_face.serving import face_of
from services.gateway.hospital import link
from services.gateway.wallet_actions import lay_down

Schema = dict[str, Any]
SERVED: Final = (*KINDS, "Patient", "Consent", "AuditEvent", "Binary", "metadata")
FEW: Final = 2
ANYTHING: Final[Schema] = {}
DIGITS: Final = "0" * 4 + "1" + "0" * 5000
"""A number with more digits than Python turns into one, and with few of them at its beginning."""
PARAMETERS: Final[dict[str, list[str]]] = {
    "category": ["medication", f"{CATEGORIES}|summary", "summary,medication"],
    "period": ["2026", "ge2026", "le1900"],
    "date": ["2026", "ge2026-01-01"],
    "_count": ["1", "1000", "0", "٣", DIGITS],
    "_offset": ["0", "1", "٣", DIGITS],
    "_search": [""],
    "_format": ["json", "xml"],
    "_id": ["x"],
    "identifier": ["x|y"],
}


@dataclass(frozen=True)
class Served:
    """A hospital that writes and reads, with its face, and how it names somebody who permits it."""

    reference: str
    openapi: list[Schema]
    face: TestClient


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Served:
    town = new_town(tmp_path_factory.mktemp("fhir-requests"))
    hospital = town.world.organisation("both", Kind.HOSPITAL, Role.WRITER, Role.READER)
    town.world.watch.tick()
    lay_down(town.enrolled.person, terms("both", Category.MEDICATION))
    reference = link(hospital, town.enrolled.person)
    app = face_of(hospital, town.book(hospital), secret=SECRET, url=URL)
    openapi = [_described(deepcopy(app.openapi()), reference, bodies) for bodies in (_whole, _spoilt_once)]
    return Served(reference, openapi, town.face(hospital))


@pytest.mark.parametrize("examples", [FEW, pytest.param(25, marks=pytest.mark.long)])
def test_nothing_that_is_sent_makes_the_face_fail_or_refuse_without_an_outcome(
    served: Served, examples: int
) -> None:
    """Each route: as it should be, and against its schema; of many examples with one place of what is sent spoilt."""
    told = Counter[tuple[str, int]]()
    for openapi in served.openapi[: 2 if examples > FEW else 1]:
        schema: Any = schemathesis.openapi.from_dict(openapi)
        found = [each.ok() for each in schema.get_all_operations()]
        assert len(found) > 15
        for operation in found:
            _sending(operation, GenerationMode.POSITIVE, served, told, examples=examples)()
    for operation in found:
        _sending(operation, GenerationMode.NEGATIVE, served, told, examples=examples)()
    assert told["post", 201] > 0
    assert {method for method, status in told if status >= 400} == {"get", "post"}


@pytest.mark.parametrize("parameter", ["_count", "_offset"])
@pytest.mark.parametrize("number", ["٣", DIGITS, "-1", "1e3"])
def test_what_is_no_number_of_a_page_is_refused(served: Served, parameter: str, number: str) -> None:
    asked = {"_search": "x", "_offset": "0", "_count": "1"} | {parameter: number}
    assert refusal(served.face.get("", params=asked), 400) == "malformed_request"


def _sending(
    operation: Any, mode: GenerationMode, served: Served, told: Counter[tuple[str, int]], *, examples: int
) -> Callable[[], None]:
    method = str(operation.method)

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        query = urlencode(case.query or {}, doseq=True, errors="surrogatepass")
        path = case.formatted_path.removeprefix(BASE) + (f"?{query}" if query else "")
        content = json.dumps(case.body).encode() if isinstance(case.body, dict | list | str) else None
        answer = served.face.request(
            method.upper(), path, content=content, headers={"Content-Type": FHIR_JSON}
        )
        told[method, answer.status_code] += 1
        assert answer.status_code < 500, f"{method} {path} {content!r}: {answer.text[:300]}"
        if answer.status_code >= 400:
            refusal(answer, answer.status_code)

    sending: Callable[[], None] = send
    return sending


def _described(openapi: Schema, reference: str, bodies: Callable[[list[Any]], Schema]) -> Schema:
    """Return the application's own description, with what its routes read out of a request by hand."""
    for path, operations in openapi["paths"].items():
        for method, operation in operations.items():
            parameters = operation.setdefault("parameters", [])
            for each in parameters:
                known = SERVED if each["name"] == "kind" else (patient_id(reference), "x" * 70)
                each["schema"] = {"enum": [*known]}
            if method == "get":
                parameters += _searched(reference)
            else:
                content = {FHIR_JSON: {"schema": bodies(_received(path, reference))}}
                operation["requestBody"] = {"required": True, "content": content}
    return openapi


def _searched(reference: str) -> list[Schema]:
    person = [
        {"name": name, "in": "query", "required": True, "schema": {"enum": [value]}}
        for name, value in of_person(reference).items()
    ]
    return person + [
        {"name": name, "in": "query", "schema": {"enum": known}} for name, known in PARAMETERS.items()
    ]


def _received(path: str, reference: str) -> list[Any]:
    letter = document(reference, year=YEAR)
    said = prescription(reference, day=f"{YEAR}-03-04")
    request = {"method": "POST", "url": "DocumentReference"}
    entry = {"resource": letter, "request": request}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    if path == BASE:
        return [bundle, bundle | {"type": "batch"}]
    return [said] if path.endswith("}") else [letter]


def _whole(resources: list[Any]) -> Schema:
    return {"enum": resources}


def _spoilt_once(resources: list[Any]) -> Schema:
    places = [spoilt for each in resources for spoilt in _spoilt(each)]
    return {"anyOf": [each for each in places if each != ANYTHING]}


def _spoilt(value: Any) -> Iterator[Schema]:
    """Yield schemas by which one place of a value may be anything, and all others are as they are."""
    yield ANYTHING
    if isinstance(value, dict):
        for name, inner in value.items():
            members = {other: {"const": each} for other, each in value.items() if other != name}
            for place in _spoilt(inner):
                properties = members | {name: place}
                yield {"type": "object", "properties": properties, "required": [*members]}
    if isinstance(value, list):
        for place in _spoilt(value[0]):
            yield {"type": "array", "items": place, "maxItems": 2}
