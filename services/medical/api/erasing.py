"""The route by which people have records of theirs erased."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.medical.erasing import EraseRecords, ErasureAnswer
from services.kit.access import person
from services.kit.credentials.callers import PersonCaller
from services.medical.erasing import Erasing

Person = Annotated[PersonCaller, Depends(person())]


def erasure_routes(erasing: Erasing) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.post("/erasures")
    def erase(caller: Person, message: EraseRecords) -> ErasureAnswer:
        """Destroy the content keys of the person's own bundles, and their ciphertext."""
        return erasing.erase(caller, message)

    return routes
