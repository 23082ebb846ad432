"""Routes of the component; each parses, calls one workflow and answers."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.succession import AnnounceSuccessor, RenewWallet, WalletStanding
from services.kit.access import person
from services.kit.credentials.callers import PersonCaller
from services.succession import workflows
from services.succession.workflows import Succession

Person = Annotated[PersonCaller, Depends(person())]


def succession_routes(succession: Succession) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.get("/wallet/successor")
    def standing(caller: Person) -> WalletStanding:
        """Return where the person's wallet stands."""
        return workflows.standing(succession, caller.pseudonym)

    @routes.put("/wallet/successor")
    def announce(caller: Person, message: AnnounceSuccessor) -> WalletStanding:
        """Y3: name the wallet to come."""
        return workflows.announce(succession, caller.pseudonym, message)

    @routes.post("/wallet/renewals")
    def renew(caller: Person, message: RenewWallet) -> WalletStanding:
        """Y5, Y6: have the announced wallet take over."""
        return workflows.renew(succession, caller.pseudonym, message)

    return routes
