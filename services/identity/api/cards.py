"""Enrolment and cards."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.messages import (
    ChangeCard,
    ChangedCard,
    EnrolledPerson,
    EnrolPerson,
    IssueCard,
    IssuedCard,
    UnlockCard,
    UnlockedCard,
)
from services.contracts.oversight.register import Role
from services.identity.api.problems import WrongPinProblemError
from services.identity.centre import IdentityCentre
from services.identity.errors import WrongPinError
from services.identity.workflows import cards, enrolment
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller

UNLOCK_PATH = "/cards/unlock"
OPEN_PATHS = frozenset({UNLOCK_PATH})
Registrar = Annotated[OperatorCaller, Depends(operator(Role.REGISTRAR))]


def card_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/persons")
    def enrol(caller: Registrar, _message: EnrolPerson) -> EnrolledPerson:
        """Enrol a person."""
        return enrolment.enrol(centre, caller)

    @router.post("/cards")
    def issue(caller: Registrar, message: IssueCard) -> IssuedCard:
        """Issue a card."""
        return cards.issue_card(centre, caller, message)

    @router.post("/cards/changes")
    def change(caller: Registrar, message: ChangeCard) -> ChangedCard:
        """Suspend, resume or revoke a card."""
        return cards.change_card(centre, caller, message)

    @router.post(UNLOCK_PATH)
    def unlock(message: UnlockCard) -> UnlockedCard:
        """Try a PIN; open, because without the share nobody can sign in."""
        try:
            return cards.unlock(centre, message)
        except WrongPinError as error:
            raise WrongPinProblemError(extra={"tries_left": error.tries_left}) from error

    return router
