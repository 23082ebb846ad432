"""What requests and answers of the FHIR face have in common: media types, one resource in, one resource out."""

from typing import Final

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from services.gateway.fhir_face.asking import FORMAT
from services.gateway.fhir_face.errors import (
    FHIR_JSON,
    MALFORMED,
    NOT_ACCEPTABLE,
    OTHER_MEDIA_TYPE,
    TOO_LARGE,
    UNKNOWN_SECRET,
    FaceError,
    Resource,
    outcome,
)
from services.kit.strict_json import StrictJsonError, loads

BASE: Final = "/fhir"
UNKEPT: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""With every answer: what was opened is kept by nobody on its way, nor taken for something that runs (K7)."""
MOST_BYTES: Final = 6_000_000
"""Sealed and encoded, it has to fit into a body's limit of 10 MB."""
JSON: Final = frozenset({FHIR_JSON, "application/json", "json"})
_ANY: Final = frozenset({"*/*", "application/*"})


def fhir(resource: Resource, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a resource as an answer that nobody keeps."""
    return JSONResponse(resource, status, headers=UNKEPT | (headers or {}), media_type=FHIR_JSON)


async def received(request: Request) -> Resource:
    """Return the one resource that a request brings. Raises: FaceError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in JSON:
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


def accepted(request: Request) -> str:
    """Return the media type that is asked for first."""
    first = request.headers.get("accept", "*/*").partition(",")[0]
    return first.partition(";")[0].strip().lower()


def require_json(request: Request) -> None:
    """Refuse a request whose answer could not be JSON. Raises: FaceError."""
    listed = request.headers.get("accept", "*/*").split(",")
    told = {each.partition(";")[0].strip().lower() for each in listed}
    if request.query_params.get(FORMAT, "json") not in JSON or not told & (JSON | _ANY):
        raise FaceError(NOT_ACCEPTABLE, f"this is answered as {FHIR_JSON}")


def refusal(error: FaceError) -> Response:
    """Return a refusal as an answer."""
    headers = {"WWW-Authenticate": "Bearer"} if error.wrong is UNKNOWN_SECRET else None
    return fhir(outcome(error), status=error.wrong.status, headers=headers)
