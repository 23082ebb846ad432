"""Routes of the component; each parses, calls one workflow and answers."""

import logging
from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Body, Depends
from starlette.responses import PlainTextResponse, Response

from consent.vocabulary import Body as SekishoBody
from services.contracts.directives import (
    WITNESS_SIZE_MEDIA_TYPE,
    DirectiveAccepted,
    DirectiveList,
    DirectiveSubmission,
    ReleaseAnswer,
    ReleaseRequest,
    WalletRegistered,
    WalletRegistration,
    WithdrawalOrder,
    WithdrawalReceipt,
)
from services.contracts.guardianship import StatesTold, TellStates
from services.directives import guarding, workflows
from services.directives.errors import StoredDirectiveChangedError
from services.directives.listing import own_directives
from services.directives.release import Releases
from services.directives.service import Directives
from services.directives.witness import cosign
from services.kit.access import body, person_or_guardian
from services.kit.context import BodyContext
from services.kit.credentials.callers import BodyCaller, PersonCaller
from services.kit.held_response import HeldResponse
from services.kit.log.errors import CheckpointConflictError
from services.kit.log.witness import Witness

logger = logging.getLogger("sekisho")
Person = Annotated[PersonCaller, Depends(person_or_guardian())]
IdCentre = Annotated[BodyCaller, Depends(body(SekishoBody.IDENTITY))]
Medical = Annotated[BodyCaller, Depends(body(SekishoBody.MEDICAL))]
AnyBody = Annotated[BodyCaller, Depends(body(*SekishoBody))]


def directive_routes(directives: Directives) -> APIRouter:
    """Return what a person does with their wallet and directives at this body."""
    routes = APIRouter()

    @routes.put("/wallet")
    def register_wallet(caller: Person, registration: WalletRegistration) -> WalletRegistered:
        """Register the wallet's key for this body; the first one stays."""
        return workflows.register_wallet(directives, caller.pseudonym, registration, guardian=caller.guardian)

    @routes.get("/wallet")
    def wallet(caller: Person) -> WalletRegistered:
        """Return which wallet is registered."""
        return workflows.wallet(directives, caller.pseudonym)

    @routes.post("/directives")
    def submit(caller: Person, copy: DirectiveSubmission) -> DirectiveAccepted:
        """P3: hand over this body's copy of a directive."""
        return workflows.submit(directives, caller.pseudonym, copy, guardian=caller.guardian)

    @routes.get("/directives")
    def own(caller: Person) -> DirectiveList:
        """Return the person's own directives."""
        return own_directives(directives, caller)

    @routes.post("/withdrawals")
    def withdraw(caller: Person, order: WithdrawalOrder) -> WithdrawalReceipt:
        """W1: withdraw a directive; in force when this answers."""
        return workflows.withdraw(directives, caller.pseudonym, order, guardian=caller.guardian)

    @routes.post("/legal-states")
    def tell(_caller: IdCentre, message: TellStates) -> StatesTold:
        """G1: take how far people act alone, and who signs for them."""
        return guarding.tell(directives, message)

    return routes


def release_routes(releases: Releases) -> APIRouter:
    """Return the second proxy's route."""
    routes = APIRouter()

    @routes.post("/releases", response_model=ReleaseAnswer)
    def release(_caller: Medical, request: ReleaseRequest) -> Response:
        """R7: release capsule fragments against proof that the access is logged."""
        try:
            with ExitStack() as hold:
                answer = releases.release(request, hold=hold)
                return HeldResponse(answer.model_dump_json().encode(), hold=hold.pop_all())
        except StoredDirectiveChangedError as damaged:
            # the row's name is for this body alone: the asking body knows the copy by a sealed handle (LN1)
            logger.error("asked for a release, found changed: %s", damaged.detail)
            raise StoredDirectiveChangedError from None

    return routes


def witness_routes(context: BodyContext, witness: Witness) -> APIRouter:
    """Return the witness's route. Source: C2SP tlog-witness."""
    routes = APIRouter()

    @routes.post("/witness/add-checkpoint", response_class=PlainTextResponse)
    def add_checkpoint(
        _caller: AnyBody, request: Annotated[bytes, Body(media_type="text/plain")]
    ) -> Response:
        """Co-sign a checkpoint that extends what was co-signed before."""
        try:
            return PlainTextResponse(cosign(context, witness, request))
        except CheckpointConflictError as conflict:
            # as a header, or a character set is added that the protocol does not have
            return Response(f"{conflict.known_size}\n", 409, {"content-type": WITNESS_SIZE_MEDIA_TYPE})

    return routes
