"""Numbers that officials look people up by."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.numbers import LookUpNumbers, NumberTokens
from services.identity.centre import IdentityCentre
from services.identity.workflows import number_look_up
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller

AnyOperator = Annotated[OperatorCaller, Depends(operator())]


def number_look_up_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router; the role is judged inside, so that a refusal is in the person's history."""
    router = APIRouter()

    @router.post("/number-look-ups")
    def look_up_numbers(caller: AnyOperator, message: LookUpNumbers) -> NumberTokens:
        """Have people named to the registry by their numbers (J1)."""
        return number_look_up.look_up_numbers(centre, caller, message)

    return router
