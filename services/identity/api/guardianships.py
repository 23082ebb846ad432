"""Guardians and wards: at the counter, and as people see their own."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.guardianships import (
    AskWard,
    EndGuardianship,
    OwnGuardianships,
    WardShown,
)
from services.identity.centre import IdentityCentre
from services.identity.workflows import guarding
from services.kit.access import operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller

Registrar = Annotated[OperatorCaller, Depends(operator("manage-persons"))]
Holder = Annotated[PersonCaller, Depends(person())]


def guardianship_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/wards")
    def ward(caller: Registrar, message: AskWard) -> WardShown:
        """Tell how far the person of a reference acts alone; the registry is asked for the age."""
        return guarding.ward(centre, caller, message)

    @router.post("/guardianships/ends")
    def end(caller: Registrar, message: EndGuardianship) -> WardShown:
        """H3: end a guardianship at once."""
        return guarding.end(centre, caller, message)

    @router.get("/guardianships")
    def own(caller: Holder) -> OwnGuardianships:
        """Return the person's own guardianships."""
        return guarding.own(centre, caller)

    return router
