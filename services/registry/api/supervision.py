"""Stops and reports for supervisors, and erasure that anybody who watches can prove."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.registry.analysis import AskReport, LookUpReport
from services.contracts.registry.supervision import Erased, EraseHistory, ErasureProof, Stops
from services.kit.access import operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.registry import erasing, supervising
from services.registry.centre import Registry

Supervisor = Annotated[OperatorCaller, Depends(operator("supervise-look-ups"))]
Person = Annotated[PersonCaller, Depends(person())]


def supervision_routes(registry: Registry) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.get("/look-up-stops")
    def stops(caller: Supervisor) -> Stops:
        """List the stopped cards (J3)."""
        return supervising.stops(registry, caller)

    @router.post("/look-up-reports")
    def report(caller: Supervisor, message: AskReport) -> LookUpReport:
        """Analyse who looked people up (J13)."""
        return supervising.report_to_supervisor(registry, caller, message)

    @router.post("/look-up-reports/own")
    def own_report(caller: Person, message: AskReport) -> LookUpReport:
        """Analyse who looked the caller up (J13)."""
        return supervising.report_to_person(registry, caller, message)

    @router.post("/history-erasures")
    def erase(caller: Supervisor, _message: EraseHistory) -> Erased:
        """Erase now what is due (J8)."""
        return erasing.erase_on_request(registry, caller)

    @router.get("/erasure-proof")
    def prove(caller: Supervisor) -> ErasureProof:
        """Search for what must be gone, and sign what was found (J8)."""
        return erasing.prove(registry, caller)

    return router
