"""Statements about certificates."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.registry.attributes import StateAttributes, StatedAttributes
from services.kit.access import person
from services.kit.credentials.callers import PersonCaller
from services.registry.attributes import state_attributes
from services.registry.centre import Registry


def attribute_routes(registry: Registry) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/attribute-statements")
    def state(
        caller: Annotated[PersonCaller, Depends(person())], message: StateAttributes
    ) -> StatedAttributes:
        """State the person's items about their signature certificate (K2)."""
        return state_attributes(registry, caller, message)

    return router
