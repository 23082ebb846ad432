"""Sector keys, as supervisors see them."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.sectors import SectorKeys
from services.identity.centre import IdentityCentre
from services.identity.workflows import sectors
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller


def sector_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.get("/sector-keys")
    def sector_keys(_caller: Annotated[OperatorCaller, Depends(operator("decide-together"))]) -> SectorKeys:
        """Tell by which keys people are named, and how far a change is."""
        return sectors.show(centre)

    return router
