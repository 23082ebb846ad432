"""Routes of unmasking staff; each parses, calls one workflow and answers."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.oversight.unmasking import AskUnmasking, Unmasking, Unmaskings
from services.kit.access import operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.dual_control.workflows import DECIDE
from services.oversight import unmasking as workflows
from services.oversight.unmasking import Unmasker


def unmasking_routes(unmasker: Unmasker) -> APIRouter:
    """Return the routes for people and officials."""
    routes = APIRouter()

    @routes.post("/unmaskings")
    def ask(caller: Annotated[PersonCaller, Depends(person())], asked: AskUnmasking) -> Unmasking:
        """Ask who acted in an entry of one's history."""
        return workflows.ask(unmasker, caller, asked)

    @routes.get("/unmaskings")
    def own(caller: Annotated[PersonCaller, Depends(person())]) -> Unmaskings:
        """Return what became of what one asked."""
        return workflows.own(unmasker, caller)

    @routes.get("/unmaskings/waiting")
    def waiting(caller: Annotated[OperatorCaller, Depends(operator(DECIDE))]) -> Unmaskings:
        """Return what two officials may decide."""
        return workflows.waiting(unmasker, caller)

    return routes
