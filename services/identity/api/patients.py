"""Patient numbers of organisations."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.messages import LinkedPatient, LinkPatient
from services.identity.api.problems import IdentityMismatchProblemError
from services.identity.centre import IdentityCentre
from services.identity.errors import IdentityMismatchError
from services.identity.workflows import linking_patients
from services.kit.access import operator
from services.kit.credentials.callers import OperatorCaller

AnyOperator = Annotated[OperatorCaller, Depends(operator())]


def patient_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/patient-links")
    def link(caller: AnyOperator, message: LinkPatient) -> LinkedPatient:
        """Link a patient number; the role is judged inside, so that a refusal is in the log."""
        try:
            return linking_patients.link_patient(centre, caller, message)
        except IdentityMismatchError as mismatch:
            raise IdentityMismatchProblemError(
                str(mismatch), extra={"items": list(mismatch.items)}
            ) from mismatch

    return router
