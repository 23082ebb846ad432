"""Opening an account at a bank."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.accounts import OpenAccount, OpenedAccount
from services.identity.centre import IdentityCentre
from services.identity.workflows import accounts
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller


def account_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/accounts")
    def open_account(
        caller: Annotated[OperatorCaller, Depends(operator())], message: OpenAccount
    ) -> OpenedAccount:
        """Check a card's consent; the role is judged inside, so that a refusal is in the history."""
        return accounts.open_account(centre, caller, message)

    return router
