"""Personal numbers: told to their holder, changed whenever the holder wishes."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.messages import ChangeNumber, ChangeOwnNumber, OwnNumber
from services.identity.centre import IdentityCentre
from services.identity.workflows import numbers
from services.kit.access import card_holder, operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller

Holder = Annotated[PersonCaller, Depends(person())]


def number_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.get("/number")
    def own(caller: Holder) -> OwnNumber:
        """Tell a person their number."""
        return numbers.own_number(centre, caller)

    @router.post("/number")
    def change(
        caller: Annotated[PersonCaller, Depends(card_holder())], _message: ChangeOwnNumber
    ) -> OwnNumber:
        """Give a person another number (J5)."""
        return numbers.change_own(centre, caller)

    @router.post("/numbers/changes")
    def change_at_counter(
        caller: Annotated[OperatorCaller, Depends(operator("manage-persons"))], message: ChangeNumber
    ) -> OwnNumber:
        """Give another number to a person at the counter (J5)."""
        return numbers.change_at_counter(centre, caller, message.reference)

    return router
