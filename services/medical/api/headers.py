"""Headers on their way from one wallet's keys to the next one's (Y4)."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.medical.headers import Headers, StageHeaders
from services.kit.access import person
from services.kit.credentials.callers import PersonCaller
from services.medical.handing_over import HandingOver

Person = Annotated[PersonCaller, Depends(person())]


def header_routes(handing_over: HandingOver) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.get("/headers")
    def left(caller: Person) -> Headers:
        """Return headers that are still to be handed over."""
        return handing_over.left(caller)

    @routes.put("/headers")
    def stage(caller: Person, message: StageHeaders) -> Headers:
        """Lay down headers for the wallet to come."""
        return handing_over.stage(caller, message)

    return routes
