"""Enrolment and cards."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from services.contracts.identity.card_messages import (
    AskAttributeToken,
    AttributeToken,
    CardStanding,
    ChangePin,
    LookUpCard,
    MakeSuspensionCode,
    PinChange,
    RenewApplication,
    SuspendByCode,
    SuspensionCode,
    SuspensionReceived,
    UnlockApplication,
    UnlockedApplication,
)
from services.contracts.identity.messages import (
    ChangeCard,
    ChangedCard,
    EnrolledPerson,
    EnrolPerson,
    IssueCard,
    IssuedApplication,
    IssuedCard,
    UnlockCard,
    UnlockedCard,
)
from services.identity.api.problems import WrongPinProblemError
from services.identity.centre import IdentityCentre
from services.identity.errors import WrongPinError
from services.identity.workflows import card_pins, card_standing, cards, enrolment
from services.kit.access import operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.server import PEER_CERTIFICATE

UNLOCK_PATH = "/cards/unlock"
PIN_CHANGES_PATH = "/cards/pin-changes"
SUSPENSIONS_PATH = "/cards/suspensions"
OPEN_PATHS = frozenset({UNLOCK_PATH, PIN_CHANGES_PATH, SUSPENSIONS_PATH})
Holder = Annotated[PersonCaller, Depends(person())]
Registrar = Annotated[OperatorCaller, Depends(operator("manage-persons"))]


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
        return card_standing.change_card(centre, caller, message)

    @router.post(UNLOCK_PATH)
    def unlock(message: UnlockCard) -> UnlockedCard:
        """Try a PIN; open, because without the share nobody can sign in."""
        with telling_tries():
            return card_pins.unlock(centre, message)

    @router.post(PIN_CHANGES_PATH)
    def change_pin(message: ChangePin) -> PinChange:
        """Prepare another PIN; open, because whoever knows the present one may."""
        with telling_tries():
            return card_pins.change_pin(centre, message)

    @router.post(SUSPENSIONS_PATH)
    def suspend(request: Request, message: SuspendByCode) -> SuspensionReceived:
        """Suspend a card by its telephone code; open, because who lost the card cannot sign in."""
        return card_standing.suspend_by_code(centre, message, source=_source(request))

    return router


def card_care_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router of what holders do with their cards, alone and at the counter."""
    router = APIRouter()

    @router.post("/cards/unlockings")
    def unlock_at_counter(caller: Registrar, message: UnlockApplication) -> UnlockedApplication:
        """Give a locked application its tries back."""
        return card_pins.unlock_at_counter(centre, caller, message)

    @router.post("/cards/renewals")
    def renew(caller: Registrar, message: RenewApplication) -> IssuedApplication:
        """Give an application another key and PIN."""
        return card_pins.renew_application(centre, caller, message)

    @router.post("/cards/standings")
    def look_up(caller: Registrar, message: LookUpCard) -> CardStanding:
        """Tell which card somebody has whose card file is lost."""
        return card_standing.look_up_card(centre, caller, message)

    @router.get("/cards/own")
    def own(caller: Holder) -> CardStanding:
        """Return where the person's card stands."""
        return card_standing.own_card(centre, caller)

    @router.post("/cards/attribute-tokens")
    def attribute_token(caller: Holder, _message: AskAttributeToken) -> AttributeToken:
        """Give the person a word for the registry about their signature certificate."""
        return card_standing.attribute_token(centre, caller)

    @router.post("/cards/suspension-codes")
    def make_code(caller: Holder, _message: MakeSuspensionCode) -> SuspensionCode:
        """Give the person another telephone code."""
        return card_standing.make_code(centre, caller)

    return router


@contextmanager
def telling_tries() -> Iterator[None]:
    """Let a wrong PIN's answer tell how many tries are left."""
    try:
        yield
    except WrongPinError as error:
        raise WrongPinProblemError(extra={"tries_left": error.tries_left}) from error


def _source(request: Request) -> bytes:
    """Return whom tries are counted for: the certificate that the connection came with, else its address."""
    certificate: bytes | None = getattr(request.state, PEER_CERTIFICATE, None)
    return certificate or (request.client.host.encode() if request.client is not None else b"")
