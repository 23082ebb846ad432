"""Residents, confirmations, presence."""

from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from consent.vocabulary import Body
from services.contracts.registry.messages import (
    AskPresence,
    Confirm,
    Confirmed,
    Depart,
    Presence,
    RegisteredResident,
    RegisterResident,
)
from services.kit.access import body, operator
from services.kit.credentials.callers import BodyCaller, OperatorCaller
from services.kit.held_response import HeldResponse
from services.registry import departing, workflows
from services.registry.api.problems import ConfirmationRefusedProblemError
from services.registry.centre import Registry
from services.registry.errors import ConfirmationRefusedError

Registrar = Annotated[OperatorCaller, Depends(operator("keep-residents"))]
AnyOperator = Annotated[OperatorCaller, Depends(operator())]
IdCentre = Annotated[BodyCaller, Depends(body(Body.IDENTITY))]


def registry_routes(registry: Registry) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/residents")
    def register(caller: Registrar, message: RegisterResident) -> RegisteredResident:
        """Enter a person."""
        return workflows.register(registry, caller, message)

    @router.put("/residents")
    def change(caller: Registrar, message: RegisterResident) -> RegisteredResident:
        """Enter new items of a person."""
        return workflows.change(registry, caller, message)

    @router.post("/residents/departures")
    def depart(caller: Registrar, message: Depart) -> RegisteredResident:
        """Take a person out of the register."""
        return departing.depart(registry, caller, message)

    @router.post("/confirmations", response_model=Confirmed)
    def confirm(caller: AnyOperator, message: Confirm) -> Response:
        """Tell whether items are still right; the role is judged inside, so that a refusal is in the history."""
        try:
            with ExitStack() as hold:
                told = workflows.confirm(registry, caller, message, hold=hold)
                return HeldResponse(told.model_dump_json().encode(), hold=hold.pop_all())
        except ConfirmationRefusedError as refusal:
            raise ConfirmationRefusedProblemError(refusal.code) from refusal

    @router.post("/presence")
    def presence(_caller: IdCentre, message: AskPresence) -> Presence:
        """Tell the ID centre whether a person is registered."""
        return workflows.presence(registry, message.token)

    return router
