"""The routes by which people fetch their own records, sealed, and add to them."""

from typing import Annotated

from fastapi import APIRouter, Depends

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
from services.medical.depositing import Depositing
from services.medical.own_records import OwnRecordsOffice

Person = Annotated[PersonCaller, Depends(person())]
OrGuardian = Annotated[PersonCaller, Depends(person_or_guardian())]


def own_record_routes(office: OwnRecordsOffice, depositing: Depositing) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.post("/own-records")
    def own_records(caller: OrGuardian, message: OwnRecordsRequest) -> OwnRecords:
        """Hand the person a part of their own records; only their wallet opens them."""
        return office.fetch(caller, message)

    @routes.post("/own-records/segments")
    def own_segment(caller: OrGuardian, message: AskOwnSegment) -> OwnSegment:
        """Hand the person one sealed segment of an own large document."""
        return office.segment(caller, message)

    @routes.post("/own-deposits")
    def deposit_own(caller: Person, message: OwnDeposit) -> DepositAnswer:
        """D4: take what the person's own wallet sealed and signed."""
        return depositing.deposit_own(caller, message)

    return routes
