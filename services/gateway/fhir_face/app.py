"""The FHIR face as a web application: the secret, media types, one route for each thing of the CapabilityStatement."""

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from services.gateway.clinical import KINDS
from services.gateway.fhir_face.asking import (
    FORMAT,
    asked_consents,
    asked_documents,
    asked_events,
    asked_resources,
)
from services.gateway.fhir_face.capability import capability_statement
from services.gateway.fhir_face.documents import ShownDocument
from services.gateway.fhir_face.errors import (
    EXPECTED,
    FHIR_JSON,
    MALFORMED,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    OTHER_MEDIA_TYPE,
    OTHER_METHOD,
    TOO_LARGE,
    UNEXPECTED,
    UNKNOWN_SECRET,
    FaceError,
    Resource,
    outcome,
    refused,
)
from services.gateway.fhir_face.records import Records
from services.kit.clock import Clock
from services.kit.strict_json import StrictJsonError, loads

BASE: Final = "/fhir"
MOST_BYTES: Final = 6_000_000
"""Sealed and encoded, it has to fit into a body's limit of 10 MB."""
_JSON: Final = frozenset({FHIR_JSON, "application/json", "json"})
_ANY: Final = frozenset({"*/*", "application/*"})
Found = TypeVar("Found")
logger = logging.getLogger(__name__)


def create_face(records: Records, *, secret: str, url: str, clock: Clock) -> FastAPI:
    """Return the application at `url` (which ends in `BASE`), for whoever knows the secret."""
    app = FastAPI(title="Sekisho FHIR face", docs_url=None, redoc_url=None, openapi_url=None)
    statement = capability_statement(url=url, started=clock())
    _serve_documents(app, records, url)
    _install_errors(app)

    @app.get(f"{BASE}/metadata")
    def metadata(request: Request) -> Response:
        """Return the CapabilityStatement."""
        _require_json(request)
        return fhir(statement)

    @app.get(f"{BASE}/Consent")
    def consents(request: Request) -> Response:
        """Return what a person permits this organisation."""
        _require_json(request)
        found = records.consents(asked_consents(request.query_params.multi_items()))
        return fhir(_bundle(found, url))

    @app.get(f"{BASE}/AuditEvent")
    def events(request: Request) -> Response:
        """Return what was done here about a person."""
        _require_json(request)
        found = records.events(*asked_events(request.query_params.multi_items()))
        return fhir(_bundle(found, url))

    _serve_resources(app, records, url)

    @app.middleware("http")
    async def admit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Let in whoever knows the secret; anybody on this machine may ask what is served here."""
        if request.url.path != f"{BASE}/metadata" and not _knows(request, secret):
            return _refusal(
                FaceError(
                    UNKNOWN_SECRET, "send Authorization: Bearer with the text of the gateway's secret file"
                )
            )
        return await call_next(request)

    return app


def _serve_documents(app: FastAPI, records: Records, url: str) -> None:
    @app.post(f"{BASE}/DocumentReference")
    def create(request: Request, resource: Annotated[Resource, Depends(_resource)]) -> Response:
        """Seal and deposit a document."""
        _require_json(request)
        made = records.create(resource)
        return fhir(made.resource, status=201, headers={"Location": f"{url}/DocumentReference/{made.id}"})

    @app.get(f"{BASE}/DocumentReference")
    def search(request: Request) -> Response:
        """Read and open what is asked for and permitted."""
        _require_json(request)
        found = records.search(asked_documents(request.query_params.multi_items()))
        return fhir(_bundle([each.resource for each in found], url))

    @app.get(f"{BASE}/DocumentReference/{{identifier}}")
    def read(request: Request, identifier: str) -> Response:
        """Return a document's reference."""
        _require_json(request)
        return fhir(_found(records, "DocumentReference", identifier).resource)

    @app.get(f"{BASE}/Binary/{{identifier}}")
    def binary(request: Request, identifier: str) -> Response:
        """Return what a document says: as it is, or as a Binary where FHIR is asked for (R4, 3.1.0.1.8)."""
        held = _found(records, "Binary", identifier)
        if request.query_params.get(FORMAT, _accepted(request)) in _JSON:
            return fhir(held.binary())
        return Response(held.content, media_type=held.media_type)


def _serve_resources(app: FastAPI, records: Records, url: str) -> None:
    @app.post(f"{BASE}/{{kind}}")
    def create(request: Request, kind: str, resource: Annotated[Resource, Depends(_resource)]) -> Response:
        """Seal and deposit a resource."""
        _require_json(request)
        made = records.create_resource(_known(kind), resource)
        return fhir(made, status=201, headers={"Location": f"{url}/{kind}/{made['id']}"})

    @app.get(f"{BASE}/{{kind}}")
    def search(request: Request, kind: str) -> Response:
        """Read and open what there is of a type."""
        _require_json(request)
        known, asked = _known(kind), asked_resources(request.query_params.multi_items())
        return fhir(_bundle(records.search_resources(known, asked), url))

    @app.get(f"{BASE}/{{kind}}/{{identifier}}")
    def read(request: Request, kind: str, identifier: str) -> Response:
        """Return a resource."""
        _require_json(request)
        return fhir(_there(records.find_resource(_known(kind), identifier)))


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise FaceError(NOT_FOUND, f"what is served here stands in {BASE}/metadata")
    return kind


def fhir(resource: Resource, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a resource as an answer that nobody keeps."""
    fields = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} | (headers or {})
    return JSONResponse(resource, status, headers=fields, media_type=FHIR_JSON)


async def _resource(request: Request) -> Resource:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _JSON:
        raise FaceError(OTHER_MEDIA_TYPE, f"send {FHIR_JSON}")
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise FaceError(TOO_LARGE, f"at most {MOST_BYTES} bytes in one resource")
    try:
        found = loads(bytes(content))
    except StrictJsonError as error:
        raise FaceError(MALFORMED, str(error)) from error
    if not isinstance(found, dict):
        raise FaceError(MALFORMED, "a resource is one JSON object")
    return found


def _found(records: Records, kind: str, identifier: str) -> ShownDocument:
    return _there(records.find(kind, identifier))


def _there(found: Found | None) -> Found:
    if found is None:
        raise FaceError(
            NOT_FOUND, "it was not found here in the last minutes; search for the person's documents"
        )
    return found


def _accepted(request: Request) -> str:
    first = request.headers.get("accept", "*/*").partition(",")[0]
    return first.partition(";")[0].strip().lower()


def _require_json(request: Request) -> None:
    listed = request.headers.get("accept", "*/*").split(",")
    accepted = {each.partition(";")[0].strip().lower() for each in listed}
    if request.query_params.get(FORMAT, "json") not in _JSON or not accepted & (_JSON | _ANY):
        raise FaceError(NOT_ACCEPTABLE, f"this is answered as {FHIR_JSON}")


def _knows(request: Request, secret: str) -> bool:
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(told.encode(), secret.encode())


def _bundle(found: list[Resource], url: str) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "entry": [
            {
                "fullUrl": f"{url}/{each['resourceType']}/{each['id']}",
                "resource": each,
                "search": {"mode": "match"},
            }
            for each in found
        ],
    }


def _refusal(error: FaceError) -> Response:
    headers = {"WWW-Authenticate": "Bearer"} if error.wrong is UNKNOWN_SECRET else None
    return fhir(outcome(error), status=error.wrong.status, headers=headers)


def _install_errors(app: FastAPI) -> None:
    async def told(_request: Request, error: Exception) -> Response:
        return _refusal(error if isinstance(error, FaceError) else refused(error))

    async def elsewhere(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        wrong = OTHER_METHOD if status == OTHER_METHOD.status else NOT_FOUND
        return _refusal(FaceError(wrong, f"what is served here stands in {BASE}/metadata"))

    async def unexpected(_request: Request, error: Exception) -> Response:
        logger.error("a request failed: %s", type(error).__name__)  # its text could hold what was sent
        return _refusal(FaceError(UNEXPECTED, "nothing more is known here; look at the gateway's own output"))

    for kind in (FaceError, *EXPECTED):
        app.add_exception_handler(kind, told)
    app.add_exception_handler(HTTPException, elsewhere)
    app.add_exception_handler(Exception, unexpected)
