"""Disclosures of basic items that a person agreed to, once."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.registry.disclosures import Disclose, Disclosed
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller
from services.registry import disclosing
from services.registry.api.problems import ConfirmationRefusedProblemError
from services.registry.centre import Registry
from services.registry.errors import ConfirmationRefusedError


def disclosure_routes(registry: Registry) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/disclosures")
    def disclose(caller: Annotated[OperatorCaller, Depends(operator())], message: Disclose) -> Disclosed:
        """Tell what the person agreed to; the role is judged inside, so that a refusal is in the history."""
        try:
            return disclosing.disclose(registry, caller, message)
        except ConfirmationRefusedError as refusal:
            raise ConfirmationRefusedProblemError(refusal.code) from refusal

    return router
