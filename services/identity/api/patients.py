"""Patient numbers of organisations."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.messages import (
    DisownLink,
    LinkedPatient,
    LinkPatient,
    OwnLinks,
    UndoLink,
    UndoneLink,
)
from services.identity.api.problems import IdentityMismatchProblemError
from services.identity.centre import IdentityCentre
from services.identity.errors import IdentityMismatchError
from services.identity.workflows import linking_patients, linking_undo
from services.kit.access import operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller

AnyOperator = Annotated[OperatorCaller, Depends(operator())]
Holder = Annotated[PersonCaller, Depends(person())]


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

    @router.post("/patient-links/undo")
    def undo(caller: AnyOperator, message: UndoLink) -> UndoneLink:
        """Cut a wrong link of the organisation; the role is judged inside, so that a refusal is in the log."""
        return linking_undo.undo_link(centre, caller, message)

    @router.post("/patient-links/disown")
    def disown(caller: Holder, message: DisownLink) -> UndoneLink:
        """Cut a wrong link of the person."""
        return linking_undo.disown_link(centre, caller, message)

    @router.get("/patient-links")
    def links(caller: Holder) -> OwnLinks:
        """Return the person's links."""
        return linking_undo.own_links(centre, caller)

    return router
