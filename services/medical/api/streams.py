"""Routes of large documents: uploads by the writer, segments for the reader."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from services.contracts.medical.streams import (
    OCTETS,
    AskSegment,
    BeginUpload,
    CompleteUpload,
    SegmentKept,
    UploadComplete,
    UploadState,
)
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller
from services.kit.held_response import HeldResponse
from services.kit.problems import MediaTypeError
from services.medical.streaming import Streaming
from services.medical.uploading import Uploading

Writer = Annotated[OperatorCaller, Depends(operator("write-records"))]
AnyOperator = Annotated[OperatorCaller, Depends(operator())]
Number = Annotated[int, Path(ge=0, lt=2**31)]
BINARY: Final[dict[str, Any]] = {"content": {OCTETS: {"schema": {"type": "string", "format": "binary"}}}}


async def _octets(request: Request) -> bytes:
    if request.headers.get("content-type") != OCTETS:
        raise MediaTypeError(f"send the segment as {OCTETS}")
    return await request.body()


Octets = Annotated[bytes, Depends(_octets)]


def stream_routes(uploading: Uploading, streaming: Streaming) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.post("/uploads")
    def begin(caller: Writer, message: BeginUpload) -> UploadState:
        """Announce a large document."""
        return uploading.begin(caller, message)

    @routes.get("/uploads/{upload}")
    def state(caller: Writer, upload: str) -> UploadState:
        """Return which segments are missing."""
        return uploading.state(caller, upload)

    @routes.put("/uploads/{upload}/segments/{number}", openapi_extra={"requestBody": BINARY})
    def put(caller: Writer, upload: str, number: Number, content: Octets) -> SegmentKept:
        """Take one sealed segment."""
        return uploading.put(caller, upload, number, content=content)

    @routes.post("/uploads/{upload}/completion")
    def complete(caller: Writer, upload: str, message: CompleteUpload) -> UploadComplete:
        """Compare the whole with its digest."""
        return uploading.complete(caller, upload, message)

    @routes.post("/streams/segments", response_class=Response, responses={200: BINARY})
    def segment(caller: AnyOperator, message: AskSegment) -> Response:
        """R8s: send one segment of what a read permitted; the role is judged and logged in the workflow."""
        found = streaming.segment(caller, message)
        return HeldResponse(found.content, hold=streaming.in_force(found), media_type=OCTETS)

    return routes
