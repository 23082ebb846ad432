"""The OCSP responder and the card authority's certificate; open to everybody who was shown a card."""

import binascii
from base64 import b64decode
from typing import Annotated

from fastapi import APIRouter, Body, Response

from services.identity.centre import OCSP_PATH, IdentityCentre
from services.identity.workflows.card_validity import answer
from services.kit.certificates import to_pem

GET_PATH = OCSP_PATH + "/{request:path}"
AUTHORITY_PATH = "/.well-known/card-authority.pem"
OPEN_PATHS = frozenset({OCSP_PATH, GET_PATH, AUTHORITY_PATH})
REQUEST_TYPE, RESPONSE_TYPE = "application/ocsp-request", "application/ocsp-response"


def ocsp_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router. Source: RFC 6960, appendix A."""
    router = APIRouter()

    @router.post(OCSP_PATH)
    def post(request: Annotated[bytes, Body(media_type=REQUEST_TYPE)]) -> Response:
        """Tell whether a card certificate counts now."""
        return Response(answer(centre, request), media_type=RESPONSE_TYPE)

    @router.get(GET_PATH)
    def get(request: str) -> Response:
        """Tell the same, asked in the address."""
        try:
            content = b64decode(request, validate=True)
        except (binascii.Error, ValueError):
            content = b""
        return Response(answer(centre, content), media_type=RESPONSE_TYPE)

    @router.get(AUTHORITY_PATH)
    def authority() -> Response:
        """Return the certificate of the authority that issues card certificates."""
        return Response(to_pem(centre.authority.certificate), media_type="application/x-pem-file")

    return router
