"""A person's passkeys."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.passkey_messages import (
    AddPasskey,
    AskPasskeyOptions,
    PasskeyOptions,
    Passkeys,
    RemovePasskey,
)
from services.identity.centre import IdentityCentre
from services.identity.workflows import passkeys
from services.kit.access import card_holder, person
from services.kit.credentials.callers import PersonCaller

ByCard = Annotated[PersonCaller, Depends(card_holder())]
Holder = Annotated[PersonCaller, Depends(person())]


def passkey_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/passkeys/options")
    def options(caller: ByCard, message: AskPasskeyOptions) -> PasskeyOptions:
        """Return what a device is to be told to make a passkey (K1)."""
        return passkeys.options(centre, caller, message)

    @router.post("/passkeys")
    def add(caller: ByCard, message: AddPasskey) -> Passkeys:
        """Add a passkey (K1, K2)."""
        return passkeys.add(centre, caller, message)

    @router.get("/passkeys")
    def listed(caller: Holder) -> Passkeys:
        """Return the person's passkeys."""
        return passkeys.listed(centre, caller)

    @router.post("/passkeys/removals")
    def remove(caller: Holder, message: RemovePasskey) -> Passkeys:
        """Remove a passkey (K4)."""
        return passkeys.remove(centre, caller, message)

    return router
