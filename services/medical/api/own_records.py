"""The routes by which people fetch their own records, sealed, and add to them."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.contracts.medical.messages import (
    AskOwnSegment,
    DepositAnswer,
    OwnDeposit,
    OwnRecords,
    OwnRecordsRequest,
    OwnSegment,
)
from services.kit.access import person, person_or_guardian
from services.kit.credentials.callers import PersonCaller
from services.kit.held_response import HeldResponse
from services.medical.depositing import Depositing
from services.medical.own_records import OwnRecordsOffice

Person = Annotated[PersonCaller, Depends(person())]
OrGuardian = Annotated[PersonCaller, Depends(person_or_guardian())]


def own_record_routes(office: OwnRecordsOffice, depositing: Depositing) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.post("/own-records", response_model=OwnRecords)
    def own_records(caller: OrGuardian, message: OwnRecordsRequest) -> Response:
        """Hand the person a part of their own records; only their wallet opens them."""
        found = office.fetch(caller, message)
        return HeldResponse(found.content, hold=office.in_force(found))

    @routes.post("/own-records/segments", response_model=OwnSegment)
    def own_segment(caller: OrGuardian, message: AskOwnSegment) -> Response:
        """Hand the person one sealed segment of an own large document."""
        found = office.segment(caller, message)
        return HeldResponse(found.content, hold=office.in_force(found))

    @routes.post("/own-deposits")
    def deposit_own(caller: Person, message: OwnDeposit) -> DepositAnswer:
        """D4: take what the person's own wallet sealed and signed."""
        return depositing.deposit_own(caller, message)

    return routes
