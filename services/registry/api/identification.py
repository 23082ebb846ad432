"""Comparisons for the ID centre, insurance, eligibility."""

from typing import Annotated

from fastapi import APIRouter, Depends

from consent.vocabulary import Body
from services.contracts.registry.messages import (
    AskEligibility,
    ComparedIdentity,
    CompareIdentity,
    Eligibility,
    MatchedIdentity,
    MatchIdentity,
    RegisteredMembership,
    RegisterMembership,
)
from services.kit.access import body, operator
from services.kit.credentials.callers import BodyCaller, OperatorCaller
from services.registry import identification, insurance
from services.registry.centre import Registry

Registrar = Annotated[OperatorCaller, Depends(operator("keep-residents"))]
Care = Annotated[OperatorCaller, Depends(operator("receive-patients"))]
IdCentre = Annotated[BodyCaller, Depends(body(Body.IDENTITY))]


def identification_routes(registry: Registry) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/comparisons")
    def compare(_caller: IdCentre, message: CompareIdentity) -> ComparedIdentity:
        """Tell the ID centre which items of an organisation's patient fit."""
        return identification.compare(registry, message)

    @router.post("/matches")
    def match(_caller: IdCentre, message: MatchIdentity) -> MatchedIdentity:
        """Tell the ID centre which one resident a name and a birth date mean."""
        return identification.match(registry, message)

    @router.put("/insurances")
    def insure(caller: Registrar, message: RegisterMembership) -> RegisteredMembership:
        """Enter a person's insurance."""
        return insurance.register_membership(registry, caller, message)

    @router.post("/eligibilities")
    def eligible(caller: Care, message: AskEligibility) -> Eligibility:
        """Tell whether the person identified just now is insured."""
        return insurance.eligibility(registry, caller, message)

    return router
