"""The FHIR face as a web application: the secret, and one route for each thing of the CapabilityStatement."""

import hmac
import logging
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar

from fastapi import Depends, FastAPI, Request, Response
from starlette.exceptions import HTTPException

from services.gateway.clinical import KINDS
from services.gateway.fhir_face.answering import (
    BASE,
    JSON,
    UNKEPT,
    accepted,
    fhir,
    received,
    refusal,
    require_json,
)
from services.gateway.fhir_face.asking import FORMAT, asked_count, asked_documents, asked_resources
from services.gateway.fhir_face.capability import capability_statement
from services.gateway.fhir_face.documents import ShownDocument
from services.gateway.fhir_face.errors import (
    EXPECTED,
    NOT_FOUND,
    OTHER_METHOD,
    UNEXPECTED,
    UNKNOWN_SECRET,
    FaceError,
    Resource,
    refused,
)
from services.gateway.fhir_face.importing import import_bundle
from services.gateway.fhir_face.paging import Pages
from services.gateway.fhir_face.person_routes import person_routes
from services.gateway.fhir_face.records import Records
from services.kit.clock import Clock

HOLD_SECONDS: Final = 300.0
Found = TypeVar("Found")
Received = Annotated[Resource, Depends(received)]
logger = logging.getLogger(__name__)


def create_face(records: Records, *, secret: str, url: str, clock: Clock) -> FastAPI:
    """Return the application at `url` (which ends in `BASE`), for whoever knows the secret."""
    app = FastAPI(title="Sekisho FHIR face", docs_url=None, redoc_url=None, openapi_url=None)
    statement = capability_statement(url=url, started=clock())
    pages = Pages(url, clock=clock, seconds=HOLD_SECONDS)
    _serve_whole(app, records, pages)
    _serve_documents(app, records, pages)
    _install_errors(app)

    @app.get(f"{BASE}/metadata")
    def metadata(request: Request) -> Response:
        """Return the CapabilityStatement."""
        require_json(request)
        return fhir(statement)

    app.include_router(person_routes(records, pages))
    _serve_resources(app, records, pages)

    @app.middleware("http")
    async def admit(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Let in whoever knows the secret; anybody on this machine may ask what is served here."""
        if request.url.path != f"{BASE}/metadata" and not _knows(request, secret):
            return refusal(
                FaceError(
                    UNKNOWN_SECRET, "send Authorization: Bearer with the text of the gateway's secret file"
                )
            )
        return await call_next(request)

    return app


def _serve_whole(app: FastAPI, records: Records, pages: Pages) -> None:
    @app.get(BASE)
    def page(request: Request) -> Response:
        """Return a further page of a search."""
        require_json(request)
        return fhir(pages.page(request.query_params.multi_items()))

    @app.post(BASE)
    def take(request: Request, resource: Received) -> Response:
        """Seal and deposit what a transaction or batch brings."""
        require_json(request)
        return fhir(import_bundle(records, resource, url=pages.url))


def _serve_documents(app: FastAPI, records: Records, pages: Pages) -> None:
    url = pages.url

    @app.post(f"{BASE}/DocumentReference")
    def create(request: Request, resource: Received) -> Response:
        """Seal and deposit a document."""
        require_json(request)
        made = records.create(resource)
        return fhir(made.resource, status=201, headers={"Location": f"{url}/DocumentReference/{made.id}"})

    @app.get(f"{BASE}/DocumentReference")
    def search(request: Request) -> Response:
        """Read and open what is asked for and permitted."""
        require_json(request)
        parameters = request.query_params.multi_items()
        count = asked_count(parameters)
        found = records.search(asked_documents(parameters))
        return fhir(pages.first([each.resource for each in found], count=count))

    @app.get(f"{BASE}/DocumentReference/{{identifier}}")
    def read(request: Request, identifier: str) -> Response:
        """Return a document's reference."""
        require_json(request)
        return fhir(_found(records, "DocumentReference", identifier).resource)

    @app.get(f"{BASE}/Binary/{{identifier}}")
    def binary(request: Request, identifier: str) -> Response:
        """Return what a document says: as it is, or as a Binary where FHIR is asked for (R4, 3.1.0.1.8)."""
        held = _found(records, "Binary", identifier)
        if request.query_params.get(FORMAT, accepted(request)) in JSON:
            return fhir(held.binary())
        return Response(held.content, headers=UNKEPT, media_type=held.media_type)


def _serve_resources(app: FastAPI, records: Records, pages: Pages) -> None:
    @app.post(f"{BASE}/{{kind}}")
    def create(request: Request, kind: str, resource: Received) -> Response:
        """Seal and deposit a resource."""
        require_json(request)
        made = records.create_resource(_known(kind), resource)
        return fhir(made, status=201, headers={"Location": f"{pages.url}/{kind}/{made['id']}"})

    @app.get(f"{BASE}/{{kind}}")
    def search(request: Request, kind: str) -> Response:
        """Read and open what there is of a type."""
        require_json(request)
        parameters = request.query_params.multi_items()
        known, count, asked = _known(kind), asked_count(parameters), asked_resources(parameters)
        return fhir(pages.first(records.search_resources(known, asked), count=count))

    @app.get(f"{BASE}/{{kind}}/{{identifier}}")
    def read(request: Request, kind: str, identifier: str) -> Response:
        """Return a resource."""
        require_json(request)
        return fhir(_there(records.find_resource(_known(kind), identifier)))


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise FaceError(NOT_FOUND, f"what is served here stands in {BASE}/metadata")
    return kind


def _found(records: Records, kind: str, identifier: str) -> ShownDocument:
    return _there(records.find(kind, identifier))


def _there(found: Found | None) -> Found:
    if found is None:
        raise FaceError(
            NOT_FOUND, "it was not found here in the last minutes; search for the person's documents"
        )
    return found


def _knows(request: Request, secret: str) -> bool:
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(told.encode(), secret.encode())


def _install_errors(app: FastAPI) -> None:
    async def told(_request: Request, error: Exception) -> Response:
        return refusal(error if isinstance(error, FaceError) else refused(error))

    async def elsewhere(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        wrong = OTHER_METHOD if status == OTHER_METHOD.status else NOT_FOUND
        return refusal(FaceError(wrong, f"what is served here stands in {BASE}/metadata"))

    async def unexpected(_request: Request, error: Exception) -> Response:
        logger.error("a request failed: %s", type(error).__name__)  # its text could hold what was sent
        return refusal(FaceError(UNEXPECTED, "nothing more is known here; look at the gateway's own output"))

    for kind in (FaceError, *EXPECTED):
        app.add_exception_handler(kind, told)
    app.add_exception_handler(HTTPException, elsewhere)
    app.add_exception_handler(Exception, unexpected)
