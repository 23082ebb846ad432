"""Routes of compartment keys, deposits, reads and grants."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from services.contracts.medical.messages import (
    CompartmentKeys,
    CompartmentSearch,
    DepositAnswer,
    DepositRequest,
    Grants,
    Publication,
    Publications,
    ReadAnswer,
    ReadRequest,
)
from services.kit.access import operator, person_or_guardian
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.held_response import HeldResponse
from services.kit.put_off import effect_first
from services.medical.depositing import Depositing
from services.medical.granting import Granting
from services.medical.reading import Reading

Person = Annotated[PersonCaller, Depends(person_or_guardian())]
Writer = Annotated[OperatorCaller, Depends(operator("write-records"))]
AnyOperator = Annotated[OperatorCaller, Depends(operator())]
Lister = Annotated[OperatorCaller, Depends(operator("list-permissions"))]


def medical_routes(depositing: Depositing, reading: Reading, granting: Granting) -> APIRouter:
    """Return the medical centre's own routes."""
    routes = APIRouter()

    @routes.put("/compartments")
    def publish(caller: Person, message: Publication) -> Publications:
        """Add compartment keys that the wallet signed."""
        return Publications(publications=depositing.publish(caller, message.publication))

    @routes.get("/compartments")
    def published(caller: Person) -> Publications:
        """Return the person's publications."""
        return Publications(publications=depositing.published(caller))

    @routes.post("/compartments/search")
    def search(caller: Writer, message: CompartmentSearch) -> CompartmentKeys:
        """D2: return under which keys to seal."""
        return depositing.keys(caller, message)

    @routes.post("/deposits")
    @effect_first
    def deposit(caller: Writer, message: DepositRequest) -> DepositAnswer:
        """D4: take sealed bundles."""
        return depositing.deposit(caller, message)

    @routes.post("/reads", response_model=ReadAnswer)
    @effect_first
    def read(caller: AnyOperator, message: ReadRequest) -> Response:
        """R2: read what the person permitted; the role is judged and logged in the workflow."""
        answer = reading.read(caller, message)
        return HeldResponse(answer.content, hold=reading.final_check(answer))

    @routes.get("/grants")
    def grants(caller: Lister) -> Grants:
        """Return the permissions for the caller's organisation."""
        return granting.grants(caller)

    return routes
