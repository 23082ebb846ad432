"""Look-ups by officials."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.registry.look_ups import BatchLookedUp, LookedUp, LookUp, LookUpBatch
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller
from services.registry import looking_up
from services.registry.api.look_up_problems import refusals
from services.registry.centre import Registry

AnyOperator = Annotated[OperatorCaller, Depends(operator())]


def look_up_routes(registry: Registry) -> APIRouter:
    """Return the router; the role is judged inside, so that a refusal is in the log."""
    router = APIRouter()

    @router.post("/look-ups")
    def look_up(caller: AnyOperator, message: LookUp) -> LookedUp:
        """Look somebody up by number, by name and address, or by name and birth date (J1)."""
        with refusals():
            return looking_up.look_up(registry, caller, message)

    @router.post("/look-ups/batch")
    def look_up_batch(caller: AnyOperator, message: LookUpBatch) -> BatchLookedUp:
        """Look up the rows of a part of a file (J11)."""
        with refusals():
            return looking_up.look_up_batch(registry, caller, message)

    return router
